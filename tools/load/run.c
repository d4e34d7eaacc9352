/* A run: one event loop that releases requests when they are due and hands them to connections. */
#include "tools/load/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/xmalloc.h"
#include "tools/load/bodies.h"
#include "tools/load/connection.h"
#include "tools/load/live.h"
#include "tools/load/schedule.h"

enum { TICK_MS = 50, FDS_BESIDE_CONNECTIONS = 32 };

TAILQ_HEAD(connection_list, connection);

enum phase {
    PHASE_RUNNING,  /* requests become due */
    PHASE_DRAINING, /* the plan is over; requests that wait or are out may still end */
    PHASE_STOPPED,  /* a signal: what waits is given up, what is out may still end */
};

struct run {
    const struct load_options *options; /* borrowed */
    struct stats *stats;                /* borrowed */
    struct clock clock;
    struct event_base *base;
    struct event *due, *tick, *on_int, *on_term;
    struct target target;
    struct schedule schedule;
    struct bodies *bodies;
    struct buf head, body; /* head: the request up to "Content-Length: " */
    struct connection *connection;
    struct connection_list idle, busy; /* busy in the order of sending, so of deadlines */
    enum phase phase;
    int64_t start_ms;        /* time stamp of the first reading */
    uint64_t start_ns;       /* monotonic */
    uint64_t released, sent; /* of the plan: due by now, and handed to a connection */
    uint64_t armed;          /* 1 + the request that the timer waits for; 0 = none */
    uint64_t last_done_ns;   /* after the start */
    uint64_t give_up_ns;     /* after the start: the end of draining */
    struct live live;
};

static uint64_t now_ns(const struct run *r)
{
    return clock_monotonic_ns(&r->clock) - r->start_ns;
}

static uint64_t timeout_ns(const struct run *r)
{
    return (uint64_t)r->options->timeout_ms * 1000000u;
}

static void make_request(struct run *r, struct buf *out, uint64_t due_ns)
{
    buf_clear(&r->body);
    bodies_next(r->bodies, r->start_ms + (int64_t)(due_ns / 1000000), &r->body);
    buf_span(out, buf_view(&r->head));
    buf_json_i64(out, (int64_t)r->body.len);
    buf_str(out, "\r\n\r\n");
    buf_span(out, buf_view(&r->body));
}

static void send_next(struct run *r, struct connection *c)
{
    TAILQ_REMOVE(&r->idle, c, link);
    TAILQ_INSERT_TAIL(&r->busy, c, link);
    c->due_ns = schedule_due_ns(&r->schedule, r->sent++);
    c->sent_ns = now_ns(r);
    make_request(r, connection_request(c), c->due_ns);
    r->stats->sent++;
    connection_start(c);
}

/* The next request becomes due at a time that is known; libevent wakes up for it. */
static void arm(struct run *r, uint64_t now)
{
    if (r->phase != PHASE_RUNNING || r->released == r->schedule.limit) {
        event_del(r->due);
        return;
    }
    if (r->armed == r->released + 1) {
        return; /* most answers come between two due times */
    }
    r->armed = r->released + 1;
    uint64_t due = schedule_due_ns(&r->schedule, r->released);
    uint64_t wait = due > now ? due - now : 0;
    struct timeval tv = {.tv_sec = (time_t)(wait / 1000000000u),
                         .tv_usec = (suseconds_t)(wait % 1000000000u / 1000)};
    event_add(r->due, &tv);
}

static void release_due(struct run *r, uint64_t now)
{
    uint64_t due = schedule_due_count(&r->schedule, now);
    for (; r->released < due; r->released++) {
        hist_add(&r->stats->lateness_ns, now - schedule_due_ns(&r->schedule, r->released));
    }
    if (r->released == r->schedule.limit) {
        r->phase = PHASE_DRAINING;
        r->give_up_ns = now + timeout_ns(r);
    }
}

static void finish_if_done(struct run *r)
{
    bool nothing_waits = r->sent == r->released || r->phase == PHASE_STOPPED;
    if (r->phase != PHASE_RUNNING && nothing_waits && TAILQ_EMPTY(&r->busy)) {
        event_base_loopbreak(r->base);
    }
}

/* Releases what is due and sends what can be sent. Called whenever time or a connection moved. */
static void pump(struct run *r)
{
    uint64_t now = now_ns(r);
    if (r->phase == PHASE_RUNNING) {
        release_due(r, now);
    }
    while (r->phase != PHASE_STOPPED && r->sent < r->released && !TAILQ_EMPTY(&r->idle)) {
        send_next(r, TAILQ_FIRST(&r->idle));
    }
    arm(r, now);
    finish_if_done(r);
}

static void make_idle(struct run *r, struct connection *c)
{
    TAILQ_REMOVE(&r->busy, c, link);
    TAILQ_INSERT_TAIL(&r->idle, c, link);
    r->last_done_ns = now_ns(r);
}

static void on_done(void *self, struct connection *c, struct connection_result result)
{
    struct run *r = self;
    make_idle(r, c);
    if (result.status > 0) {
        stats_answer(r->stats, result.status, r->last_done_ns - c->due_ns);
    } else {
        stats_failure(r->stats, result.failure, result.why);
    }
    pump(r);
}

static void on_due(evutil_socket_t fd, short what, void *self)
{
    struct run *r = self;
    (void)fd, (void)what;
    r->armed = 0;
    pump(r);
}

static void give_up_waiting(struct run *r, const char *why)
{
    for (; r->sent < r->released; r->sent++) {
        stats_failure(r->stats, FAILURE_UNSENT, why);
    }
}

/* Requests that are out for too long, and those that still wait when draining takes too long. */
static void on_tick(evutil_socket_t fd, short what, void *self)
{
    struct run *r = self;
    (void)fd, (void)what;
    uint64_t now = now_ns(r);
    struct connection *c;
    while ((c = TAILQ_FIRST(&r->busy)) && now - c->sent_ns > timeout_ns(r)) {
        connection_abort(c);
        make_idle(r, c);
        stats_failure(r->stats, FAILURE_TIMEOUT, "no answer in time");
    }
    if (r->phase == PHASE_DRAINING && now > r->give_up_ns) {
        give_up_waiting(r, "all connections were busy until the end");
    }
    live_update(&r->live, r->stats, now, r->released - r->sent);
    pump(r);
}

static void on_signal(evutil_socket_t signal_number, short what, void *self)
{
    struct run *r = self;
    (void)what;
    if (r->phase == PHASE_STOPPED) {
        _exit(128 + (int)signal_number);
    }
    r->phase = PHASE_STOPPED;
    r->give_up_ns = now_ns(r);
    give_up_waiting(r, "stopped while waiting for a connection");
    pump(r);
}

static int make_events(struct run *r, struct err *e)
{
    struct event_config *config = event_config_new();
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
        r->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (!r->base) {
        return err_set(e, ERR_IO, "cannot make an event loop: %s", strerror(errno));
    }
    r->due = evtimer_new(r->base, on_due, r);
    r->tick = event_new(r->base, -1, EV_PERSIST, on_tick, r);
    r->on_int = evsignal_new(r->base, SIGINT, on_signal, r);
    r->on_term = evsignal_new(r->base, SIGTERM, on_signal, r);
    struct timeval tick = {.tv_usec = TICK_MS * 1000};
    event_add(r->tick, &tick);
    event_add(r->on_int, NULL);
    event_add(r->on_term, NULL);
    return 0;
}

static int raise_file_limit(const struct load_options *o, struct err *e)
{
    struct rlimit limit;
    rlim_t needed = (rlim_t)o->connections + FDS_BESIDE_CONNECTIONS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) {
        return 0;
    }
    limit.rlim_cur = needed < limit.rlim_max ? needed : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < needed) {
        return err_set(e, ERR_IO, "%lld connections need %llu open files, but the limit is %llu",
                       (long long)o->connections, (unsigned long long)needed,
                       (unsigned long long)limit.rlim_max);
    }
    return 0;
}

static void make_head(struct run *r)
{
    buf_str(&r->head, "POST ");
    buf_span(&r->head, r->target.prefix);
    buf_str(&r->head, "/ingest HTTP/1.1\r\nHost: ");
    buf_span(&r->head, r->target.authority);
    buf_str(&r->head,
            "\r\nUser-Agent: weir-load/" WEIR_VERSION "\r\nContent-Type: application/json\r\n");
    for (unsigned i = 0; i < r->options->headers; i++) {
        buf_printf(&r->head, "%s\r\n", r->options->header[i]);
    }
    buf_str(&r->head, "Content-Length: ");
}

static void make_connections(struct run *r)
{
    size_t count = (size_t)r->options->connections;
    TAILQ_INIT(&r->idle);
    TAILQ_INIT(&r->busy);
    r->connection = xcalloc(count, sizeof *r->connection);
    for (size_t i = 0; i < count; i++) {
        connection_init(&r->connection[i], r->base, &r->target, on_done, r);
        TAILQ_INSERT_TAIL(&r->idle, &r->connection[i], link);
    }
}

static int run_init(struct run *r, const struct load_options *o, struct stats *s, struct err *e)
{
    *r = (struct run){.options = o, .stats = s, .clock = clock_system()};
    int failed = target_parse(&r->target, o->base_url, e);
    if (!failed) {
        failed = target_resolve(&r->target, o->allow_remote, e);
    }
    if (!failed) {
        failed = raise_file_limit(o, e);
    }
    if (!failed) {
        failed = make_events(r, e);
    }
    if (failed) {
        return failed;
    }
    schedule_init(&r->schedule, o->devices, o->rps, o->duration_ms, o->requests);
    r->bodies = bodies_new(o->devices, (uint64_t)o->seed);
    make_head(r);
    make_connections(r);
    live_init(&r->live, o->verbose);
    return 0;
}

static void free_event(struct event *event)
{
    if (event) {
        event_free(event);
    }
}

static void run_deinit(struct run *r)
{
    for (int64_t i = 0; r->connection && i < r->options->connections; i++) {
        connection_deinit(&r->connection[i]);
    }
    free(r->connection);
    buf_deinit(&r->head);
    buf_deinit(&r->body);
    bodies_free(r->bodies);
    free_event(r->due);
    free_event(r->tick);
    free_event(r->on_int);
    free_event(r->on_term);
    if (r->base) {
        event_base_free(r->base);
    }
}

/* The plan lasts until the request after its last one would be due, or until it was stopped. */
static uint64_t elapsed(const struct run *r)
{
    uint64_t planned = r->phase == PHASE_STOPPED ? r->give_up_ns
                                                 : schedule_due_ns(&r->schedule, r->schedule.limit);
    return planned > r->last_done_ns ? planned : r->last_done_ns;
}

int run_plan(const struct load_options *o, int64_t start_ms, struct stats *s, struct err *e)
{
    struct run r;
    int failed = run_init(&r, o, s, e);
    if (!failed) {
        r.start_ms = start_ms;
        r.start_ns = clock_monotonic_ns(&r.clock);
        pump(&r);
        event_base_dispatch(r.base);
        live_end(&r.live);
        s->elapsed_ns = elapsed(&r);
    }
    run_deinit(&r);
    return failed;
}
