/* The event port: where transitions of alerts are told. */
#ifndef WEIR_ALERTER_EVENT_PORT_H
#define WEIR_ALERTER_EVENT_PORT_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/model/alert.h"

struct alert_event_item {
    const struct alert_state *state;           /* rule and device; borrowed, as the next */
    const struct alert_transition *transition; /* of its outbox */
};

struct alert_event_port {
    void *self; /* borrowed */

    /* Publishes all of them in this order and waits, for a bounded time, until each is
     * acknowledged. 0, or ERR_UNAVAILABLE: any of them may be out or not, so publish all again
     * (alert_id, revision and event let readers drop what they had). */
    int (*publish)(void *self, const struct alert_event_item *items, size_t count, struct err *e);
};

#endif
