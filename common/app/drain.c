/* The end of a daemon's work: go on accepting for a while, stop accepting, finish, or give up. */
#include "common/app/drain.h"

enum { POLL_MS = 10 };

static void arm(struct event *timer, int64_t ms)
{
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    event_add(timer, &tv);
}

static void stop_accepting(struct drain *d)
{
    d->stop(d->arg);
    arm(d->poll_timer, POLL_MS);
}

static void on_delay_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    stop_accepting(arg);
}

/* Connections are counted, not requests: an answer must also have left. */
static void on_poll(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct drain *d = arg;
    const struct drain_left left = d->left(d->arg);
    if (d->work_done && !left.accepting && left.connections == 0) {
        d->finished(d->arg, true);
    } else if (clock_monotonic_ms(d->clock) >= d->deadline_ms) {
        log_event(d->log, LOG_ERROR, "drain_timeout", LOG_BOOL("work_done", d->work_done),
                  LOG_INT("in_flight", left.in_flight), LOG_INT("connections", left.connections));
        d->finished(d->arg, false);
    } else {
        arm(d->poll_timer, POLL_MS);
    }
}

void drain_init(struct drain *d, struct event_base *loop)
{
    d->delay_timer = event_new(loop, -1, 0, on_delay_over, d);
    d->poll_timer = event_new(loop, -1, 0, on_poll, d);
}

void drain_deinit(struct drain *d)
{
    if (d->delay_timer)
        event_free(d->delay_timer);
    if (d->poll_timer)
        event_free(d->poll_timer);
    d->delay_timer = d->poll_timer = NULL;
}

void drain_begin(struct drain *d, const char *cause, bool hurry)
{
    if (d->begun)
        return;
    d->begun = true;
    int64_t delay_ms = hurry ? 0 : d->delay_ms;
    d->deadline_ms = clock_monotonic_ms(d->clock) + (uint64_t)(delay_ms + d->limit_ms);
    const struct drain_left left = d->left(d->arg);
    log_event(d->log, LOG_INFO, "draining", LOG_STR("cause", cause), LOG_INT("delay_ms", delay_ms),
              LOG_INT("in_flight", left.in_flight), LOG_INT("connections", left.connections));
    if (delay_ms == 0) {
        stop_accepting(d);
        return;
    }
    d->retire(d->arg);
    arm(d->delay_timer, delay_ms);
}

void drain_work_done(struct drain *d)
{
    d->work_done = true;
}
