/* The end of a daemon's work: go on accepting for a while, stop accepting, finish, or give up.
 *
 *   begin ── delay: not ready, still accepting, "Connection: close" ──▶ stop ──▶ finished */
#ifndef WEIR_APP_DRAIN_H
#define WEIR_APP_DRAIN_H

#include <event2/event.h>
#include <stdbool.h>

#include "common/base/clock.h"
#include "common/obs/log.h"

/* What a drain still waits for. */
struct drain_left {
    bool accepting; /* a loop has not closed its listener yet */
    unsigned connections, in_flight;
};

struct drain {
    int64_t delay_ms, limit_ms;
    const struct clock *clock; /* borrowed */
    struct log *log;           /* borrowed */
    void (*retire)(void *arg); /* the delay begins: ask clients to go elsewhere */
    void (*stop)(void *arg);   /* accept no more, and finish */
    struct drain_left (*left)(void *arg);
    void (*finished)(void *arg, bool in_time);
    void *arg; /* borrowed */
    /* of the drain itself */
    struct event *delay_timer, *poll_timer; /* owned */
    uint64_t deadline_ms;
    bool begun, work_done;
};

/* The fields above are set; makes the timers. */
void drain_init(struct drain *d, struct event_base *loop);
void drain_deinit(struct drain *d);

/* Only the first call counts. `hurry`: without the delay. */
void drain_begin(struct drain *d, const char *cause, bool hurry);
void drain_work_done(struct drain *d);

#endif
