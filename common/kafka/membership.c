/* A place in a consumer group: what was assigned, what the caller is told of it, and the client
 * that is replaced when it dies. */
#include "common/kafka/membership.h"

#include <poll.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/kafka/client.h"
#include "common/kafka/lookup.h"

enum {
    RETRY_MS = 500,          /* between two attempts to read the group's positions */
    REOPEN_MS = 1000,        /* between two attempts to make a client */
    COMMITTED_MS = 1000,     /* how long one such attempt may take */
    REVOKE_COMMIT_MS = 3000, /* for the last commit before partitions are given back */
    REWIND_MS = 4000,        /* for setting the group back */
    CLOSE_COMMIT_MS = 2000,  /* for the last commit of all, and ... */
    CLOSE_MS = 5000,         /* ... for closing altogether */
};

static uint64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock_monotonic_ms(&clock);
}

/* --- telling the caller ---------------------------------------------------------------------- */

static void clear_notice(struct membership *m)
{
    if (m->notice.list) {
        rd_kafka_topic_partition_list_destroy(m->notice.list);
    }
    m->notice = (struct notice){0};
}

static void set_notice(struct membership *m, enum stream_event event,
                       const rd_kafka_topic_partition_list_t *list)
{
    clear_notice(m);
    m->notice.event = event;
    m->notice.list = rd_kafka_topic_partition_list_copy(list);
}

/* A revocation is answered chunk by chunk too. */
static bool tell_notice(struct membership *m, struct stream_poll *out)
{
    struct notice *n = &m->notice;
    if (!n->list || (m->revoking && n->event == STREAM_REVOKED)) {
        return false;
    }
    if (n->at == n->list->cnt) {
        clear_notice(m);
        return false;
    }
    out->event = n->event;
    while (n->at < n->list->cnt && out->count < STREAM_PARTITIONS_MAX) {
        out->partitions[out->count++] = n->list->elems[n->at++].partition;
    }
    m->revoking = n->event == STREAM_REVOKED;
    return true;
}

static bool tell_error(struct membership *m, struct stream_poll *out)
{
    if (m->error.code == ERR_OK) {
        return false;
    }
    out->event = STREAM_ERROR;
    out->err = m->error;
    err_clear(&m->error);
    return true;
}

/* --- the group ------------------------------------------------------------------------------- */

static void drop_pending(struct membership *m)
{
    if (m->pending) {
        rd_kafka_topic_partition_list_destroy(m->pending);
    }
    m->pending = NULL;
}

static void unassign(struct membership *m)
{
    if (m->client.rk) {
        rd_kafka_assign(m->client.rk, NULL);
    }
    positions_drop_all(&m->positions);
    drop_pending(m);
    m->revoking = false;
    atomic_store(&m->joined, false);
}

/* Asked before fetching starts, when the connection is free, for the caller will want to know. */
static void learn_borders(struct membership *m)
{
    struct err ignored = {0}; /* asked again when somebody does want to know */
    m->positions.borders_at = 0;
    if (lookup_borders(&m->client, &m->positions, m->pending, COMMITTED_MS, &ignored) == 0) {
        m->positions.borders_at = now_ms();
    }
}

/* Reads where the group stands and starts there. Until that works the caller is told nothing. */
static void try_assign(struct membership *m)
{
    if (group_client_committed(&m->client, m->pending, COMMITTED_MS, &m->error) < 0) {
        m->pending_at = now_ms() + RETRY_MS;
        return;
    }
    learn_borders(m);
    rd_kafka_resp_err_t code = group_client_assign(&m->client, m->pending);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        err_set(&m->error, ERR_UNAVAILABLE, "assign: %s", rd_kafka_err2str(code));
        m->fatal = true;
        return;
    }
    for (int i = 0; i < m->pending->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &m->pending->elems[i];
        positions_take(&m->positions, p->partition, p->offset >= 0 ? p->offset : -1);
    }
    set_notice(m, STREAM_ASSIGNED, m->pending);
    drop_pending(m);
    atomic_store(&m->joined, true);
}

static void on_revoke(struct membership *m, const rd_kafka_topic_partition_list_t *list)
{
    if (m->positions.count == 0) { /* the caller never heard of them */
        unassign(m);
        return;
    }
    bool lost = rd_kafka_assignment_lost(m->client.rk);
    set_notice(m, lost ? STREAM_LOST : STREAM_REVOKED, list);
    if (lost) {
        unassign(m);
    }
}

static void on_rebalance(struct membership *m, rd_kafka_event_t *event)
{
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    switch (rd_kafka_event_error(event)) {
    case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
        drop_pending(m);
        m->pending = rd_kafka_topic_partition_list_copy(list);
        m->pending_at = 0;
        break;
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
        on_revoke(m, list);
        break;
    default:
        unassign(m);
    }
}

/* Trouble with one connection is the library's to mend, and it logs it: the caller hears when no
 * broker is left. */
void membership_error(struct membership *m, rd_kafka_resp_err_t code, const char *why)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__FATAL:
        m->fatal = true;
        break;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
        break;
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        if (kafka_link_failed(m->client.link, now_ms(), why)) {
            kafka_companion_nudge(m->client.companion);
        }
        err_set(&m->error, ERR_UNAVAILABLE, "%s", why);
        break;
    default:
        err_set(&m->error, ERR_UNAVAILABLE, "%s", why ? why : rd_kafka_err2str(code));
    }
}

static void on_event(struct membership *m, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE:
        on_rebalance(m, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        if (rd_kafka_event_error_is_fatal(event)) { /* its code is that of the cause */
            m->fatal = true;
        } else {
            membership_error(m, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
        }
        break;
    case RD_KAFKA_EVENT_FETCH:
        /* Cannot be, see group_client_assign; dropping it silently would lose a reading. */
        err_set(&m->error, ERR_UNAVAILABLE, "a record came through the queue of group events");
        m->fatal = true;
        break;
    default:
        break;
    }
}

/* --- the life of the client ------------------------------------------------------------------ */

static void open_client(struct membership *m, uint64_t now)
{
    if (group_client_open(&m->client, now, &m->error) == 0) {
        commits_open(&m->commits, m->client.rk, m->client.events_fd);
        m->fatal = false;
    }
}

/* A dead client is out of the group already, so it is not asked to leave: that has crashed. */
static void close_client(struct membership *m)
{
    commits_close(&m->commits);
    struct kafka_companion *companion = group_client_detach(&m->client);
    if (companion && m->holding && !m->retired) {
        m->retired = companion;
    } else if (companion) {
        kafka_companion_stop(companion, false, 0);
    }
}

static void tell_lost(struct membership *m)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    int32_t p = -1;
    while ((p = positions_next(&m->positions, p + 1)) >= 0) {
        rd_kafka_topic_partition_list_add(list, m->client.topic, p);
    }
    set_notice(m, STREAM_LOST, list);
    rd_kafka_topic_partition_list_destroy(list);
}

static void bury(struct membership *m)
{
    char why[200];
    kafka_client_fatal(m->client.rk, why, sizeof why);
    err_set(&m->error, ERR_UNAVAILABLE, "the consumer has to be replaced: %s", why);
    tell_lost(m);
    close_client(m);
    unassign(m);
    m->fatal = false;
}

int membership_rewind(struct membership *m, const struct stream_place *items, size_t count,
                      struct err *e)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, m->client.topic, items[i].partition)->offset =
            items[i].next_offset;
    int rc = commits_rewind(&m->commits, list, REWIND_MS, e);
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}

void membership_rejoin(struct membership *m)
{
    commits_close(&m->commits);
    struct kafka_companion *companion = group_client_detach(&m->client);
    if (companion)
        kafka_companion_stop(companion, true, 0);
    clear_notice(m);
    unassign(m);
    m->fatal = false;
}

/* One step that does not block for long. Returns false when there is nothing to do now. */
static bool serve_client(struct membership *m)
{
    uint64_t now = now_ms();
    if (!m->client.companion) {
        if (now - m->client.opened_at >= REOPEN_MS) {
            open_client(m, now);
        }
        return m->client.companion != NULL || m->error.code != ERR_OK;
    }
    if (m->fatal) {
        bury(m);
        return true;
    }
    if (m->pending && now >= m->pending_at) {
        try_assign(m);
        return true;
    }
    rd_kafka_event_t *event = rd_kafka_queue_poll(m->client.events, 0);
    if (event) {
        on_event(m, event);
        rd_kafka_event_destroy(event);
    }
    return event != NULL;
}

bool membership_serve(struct membership *m, struct stream_poll *out)
{
    do {
        if (tell_notice(m, out) || tell_error(m, out)) {
            return true;
        }
    } while (serve_client(m));
    return false;
}

void membership_revoke_done(struct membership *m)
{
    if (!m->revoking) {
        return;
    }
    m->revoking = false;
    if (m->notice.list && m->notice.at < m->notice.list->cnt) {
        return; /* the rest of them is told first */
    }
    commits_flush(&m->commits, REVOKE_COMMIT_MS);
    clear_notice(m);
    unassign(m);
}

/* Sleeps until a queue has something or a timer of ours is due. */
void membership_rest(struct membership *m, bool want_records, uint64_t now, uint64_t until)
{
    if (m->error.code != ERR_OK || m->fatal) {
        return; /* came among the records: to be served at once */
    }
    uint64_t due = commits_due_at(&m->commits);
    until = due < until ? due : until;
    if (m->pending && m->pending_at < until) {
        until = m->pending_at;
    }
    if (!m->client.companion && m->client.opened_at + REOPEN_MS < until) {
        until = m->client.opened_at + REOPEN_MS;
    }
    struct pollfd fds[] = {
        {.fd = m->client.events_fd, .events = POLLIN},
        {.fd = want_records && !m->revoking ? m->client.records_fd : -1, .events = POLLIN},
    };
    poll(fds, 2, until > now ? (int)(until - now) : 0);
    if (fds[0].revents) {
        kafka_client_eventfd_drain(m->client.events_fd);
    }
    if (fds[1].revents) {
        kafka_client_eventfd_drain(m->client.records_fd);
    }
}

/* --- making and freeing ---------------------------------------------------------------------- */

int membership_init(struct membership *m, const struct kafka_consumer_options *options,
                    struct err *e)
{
    *m = (struct membership){0};
    int rc = group_client_init(&m->client, options, e);
    m->commits.topic = m->client.topic;
    m->commits.positions = &m->positions;
    if (rc == 0) {
        rc = group_client_open(&m->client, now_ms(), e);
    }
    if (rc == 0) {
        commits_open(&m->commits, m->client.rk, m->client.events_fd);
    }
    return rc;
}

bool membership_ready(struct membership *m, char *why, size_t why_size)
{
    if (!kafka_link_ready(m->client.link, why, why_size)) {
        return false;
    }
    bool joined = atomic_load(&m->joined);
    if (!joined && why && why_size > 0) {
        snprintf(why, why_size, "has not joined the consumer group");
    }
    return joined;
}

void membership_released(struct membership *m)
{
    m->holding = false;
    if (m->retired) {
        kafka_companion_stop(m->retired, false, 0);
        m->retired = NULL;
    }
}

bool membership_deinit(struct membership *m)
{
    uint64_t end = now_ms() + CLOSE_MS;
    kafka_link_mute(m->client.link);
    bool reachable = !m->fatal && kafka_link_down_ms(m->client.link, 0) == 0;
    if (reachable) {
        commits_flush(&m->commits, CLOSE_COMMIT_MS);
    }
    commits_close(&m->commits);
    struct kafka_companion *companion = group_client_detach(&m->client);
    uint64_t now = now_ms();
    bool closed =
        !companion || kafka_companion_stop(companion, reachable, now < end ? (int)(end - now) : 0);
    clear_notice(m);
    drop_pending(m);
    positions_deinit(&m->positions);
    group_client_deinit(&m->client);
    return closed;
}
