/* Signals as events: blocked in every thread and read from a descriptor on the loop. */
#ifndef WEIR_APP_SIGNALS_H
#define WEIR_APP_SIGNALS_H

#include <event2/event.h>

#include "common/base/err.h"

struct signals {
    int fd;
    struct event *event;                     /* owned */
    void (*on_signal)(void *arg, int signo); /* SIGTERM, SIGINT, SIGHUP; on the loop's thread */
    void *arg;                               /* borrowed */
};

/* Blocks the signals for this thread and all that it starts, and ignores SIGPIPE. */
WEIR_MUST_CHECK int signals_init(struct signals *s, struct event_base *loop,
                                 void (*on_signal)(void *arg, int signo), void *arg, struct err *e);
void signals_deinit(struct signals *s);

/* From now on SIGTERM and SIGINT end the process at once with status 1, even while the loop is
 * busy. */
void signals_exit_on_next(void);

#endif
