/* Calls from other threads, carried out on the loop's thread in the order they were posted. */
#ifndef WEIR_APP_MAILBOX_H
#define WEIR_APP_MAILBOX_H

#include <event2/event.h>
#include <pthread.h>

#include "common/base/err.h"

struct letter;

struct mailbox {
    pthread_mutex_t lock; /* guards the list */
    struct letter *first, **last;
    int fd;              /* eventfd: wakes the loop */
    struct event *event; /* owned */
};

WEIR_MUST_CHECK int mailbox_init(struct mailbox *m, struct event_base *loop, struct err *e);
void mailbox_deinit(struct mailbox *m); /* letters not yet read are dropped */

/* From any thread. */
void mailbox_post(struct mailbox *m, void (*fn)(void *arg), void *arg);

#endif
