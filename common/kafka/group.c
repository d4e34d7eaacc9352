/* The librdkafka client inside a consumer, with its two queues. */
#include "common/kafka/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/sabotage.h"
#include "common/base/xmalloc.h"
#include "common/kafka/client.h"

static rd_kafka_conf_t *make_conf(const struct kafka_consumer_options *o, struct err *e)
{
    char session[16], heartbeat[16], poll_interval[16];
    snprintf(session, sizeof session, "%d", o->session_timeout_ms);
    snprintf(heartbeat, sizeof heartbeat, "%d", o->session_timeout_ms / 3 + 1);
    snprintf(poll_interval, sizeof poll_interval, "%d", o->max_poll_interval_ms);
    const struct kafka_property ours[] = {
        {"group.id", o->group},
        {"session.timeout.ms", session},
        {"heartbeat.interval.ms", heartbeat},
        {"max.poll.interval.ms", poll_interval},
        {"partition.assignment.strategy", "range"},
        {"enable.auto.commit", SABOTAGED(BREAK_AUTO_COMMIT) ? "true" : "false"},
        {"enable.auto.offset.store", SABOTAGED(BREAK_AUTO_COMMIT) ? "true" : "false"},
        {"auto.offset.reset", SABOTAGED(BREAK_RESET_TO_LATEST) ? "latest" : "earliest"},
        {"enable.partition.eof", "false"},
        /* Below these the library stops fetching and looks again only a second later. */
        {"queued.min.messages", "1000000"},
        {"queued.max.messages.kbytes", "32768"},
        {"fetch.wait.max.ms", "100"},
        {"fetch.min.bytes", "1"},
        {"fetch.error.backoff.ms", "100"},
    };
    rd_kafka_conf_t *conf = kafka_client_conf(&o->kafka, ours, sizeof ours / sizeof ours[0], e);
    if (conf) {
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR |
                                           RD_KAFKA_EVENT_OFFSET_COMMIT);
    }
    return conf;
}

int group_client_init(struct group_client *g, const struct kafka_consumer_options *options,
                      struct err *e)
{
    *g = (struct group_client){
        .topic = xstrdup(options->topic),
        .link = kafka_link_new(options->kafka.log, options->kafka.log_arg),
        .events_fd = kafka_client_eventfd(e),
        .records_fd = kafka_client_eventfd(e),
    };
    if (g->events_fd < 0 || g->records_fd < 0) {
        return ERR_IO;
    }
    g->conf = make_conf(options, e);
    return g->conf ? 0 : ERR_INVALID;
}

void group_client_deinit(struct group_client *g)
{
    if (g->conf) {
        rd_kafka_conf_destroy(g->conf);
    }
    if (g->events_fd >= 0) {
        close(g->events_fd);
    }
    if (g->records_fd >= 0) {
        close(g->records_fd);
    }
    free(g->topic);
    kafka_link_unref(g->link);
}

static int subscribe(struct group_client *g, struct err *e)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, g->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(g->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(e, ERR_INVALID, "subscribe to %s: %s", g->topic, rd_kafka_err2str(code));
    }
    return 0;
}

static void open_queues(struct group_client *g)
{
    rd_kafka_poll_set_consumer(g->rk);
    g->events = rd_kafka_queue_get_consumer(g->rk);
    g->records = rd_kafka_queue_new(g->rk);
    kafka_client_wake_on(g->events, g->events_fd);
    kafka_client_wake_on(g->records, g->records_fd);
}

int group_client_open(struct group_client *g, uint64_t now_ms, struct err *e)
{
    g->opened_at = now_ms;
    int rc = kafka_client_new(&g->rk, RD_KAFKA_CONSUMER, g->conf, g->link, e);
    if (rc < 0) {
        return rc;
    }
    const char *const topics[] = {g->topic, NULL};
    rc = kafka_companion_start(&g->companion, g->rk, topics, g->link, e);
    if (rc < 0) {
        g->rk = NULL;
        return rc;
    }
    open_queues(g);
    rc = subscribe(g, e);
    if (rc < 0) {
        kafka_companion_stop(group_client_detach(g), false, 0);
    }
    return rc;
}

static void close_queue(rd_kafka_queue_t *queue)
{
    rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
    rd_kafka_queue_destroy(queue);
}

struct kafka_companion *group_client_detach(struct group_client *g)
{
    struct kafka_companion *companion = g->companion;
    if (companion) {
        close_queue(g->events);
        close_queue(g->records);
    }
    g->companion = NULL;
    g->rk = NULL;
    g->events = g->records = NULL;
    return companion;
}

/* The forward must stand before the fetching starts: it sticks, so that no record ever takes the
 * way through the queue of the group's events. */
rd_kafka_resp_err_t group_client_assign(struct group_client *g,
                                        const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        rd_kafka_queue_t *queue =
            rd_kafka_queue_get_partition(g->rk, list->elems[i].topic, list->elems[i].partition);
        rd_kafka_queue_forward(queue, g->records);
        rd_kafka_queue_destroy(queue);
    }
    return rd_kafka_assign(g->rk, list);
}

/* Asked here and not left to the library, which forgets a partition for ever when its own question
 * is answered by an error. */
int group_client_committed(struct group_client *g, rd_kafka_topic_partition_list_t *list,
                           int timeout_ms, struct err *e)
{
    rd_kafka_resp_err_t code = rd_kafka_committed(g->rk, list, timeout_ms);
    for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        rd_kafka_topic_partition_t *p = &list->elems[i];
        code = p->err;
        if (p->offset < 0) {
            p->offset = RD_KAFKA_OFFSET_BEGINNING;
        }
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(e, ERR_UNAVAILABLE, "the group's position in %s: %s", g->topic,
                       rd_kafka_err2str(code));
    }
    return 0;
}

/* `which` is RD_KAFKA_OFFSET_BEGINNING or _END: ListOffsets takes them in place of a time, and this
 * call keeps its timeout, which rd_kafka_query_watermark_offsets of 2.0.2 does not. All partitions
 * are asked at once, because each question waits behind a fetch on its connection. */
static int borders(struct group_client *g, rd_kafka_topic_partition_list_t *list, int64_t which,
                   int timeout_ms, struct err *e)
{
    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].offset = which;
    }
    rd_kafka_resp_err_t code =
        list->cnt > 0 ? rd_kafka_offsets_for_times(g->rk, list, timeout_ms) : 0;
    for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        code = list->elems[i].err;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR && list->elems[i].offset < 0) {
            code = RD_KAFKA_RESP_ERR__NO_OFFSET;
        }
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(e, ERR_UNAVAILABLE, "the borders of %s: %s", g->topic,
                       rd_kafka_err2str(code));
    }
    return 0;
}

int group_client_starts(struct group_client *g, rd_kafka_topic_partition_list_t *list,
                        int timeout_ms, struct err *e)
{
    return borders(g, list, RD_KAFKA_OFFSET_BEGINNING, timeout_ms, e);
}

int group_client_ends(struct group_client *g, rd_kafka_topic_partition_list_t *list, int timeout_ms,
                      struct err *e)
{
    return borders(g, list, RD_KAFKA_OFFSET_END, timeout_ms, e);
}
