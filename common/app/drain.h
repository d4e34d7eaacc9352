/* The end of a daemon's work: go on accepting for a while, stop accepting, finish, or give up. */
#ifndef WEIR_APP_DRAIN_H
#define WEIR_APP_DRAIN_H

#include <event2/event.h>
#include <stdbool.h>

#include "common/base/clock.h"
#include "common/http/server.h"
#include "common/obs/log.h"

struct drain {
    int64_t delay_ms, limit_ms;
    const struct clock *clock;    /* borrowed */
    struct log *log;              /* borrowed */
    struct http_server *server;   /* borrowed; set before drain_begin */
    void (*stop_work)(void *arg); /* the server has stopped listening: stop too */
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
