/* The store port: what the alerter needs of the store, as a struct of functions. Every call may be
 * repeated: a call whose outcome is unknown is simply made again. */
#ifndef WEIR_ALERTER_STORE_PORT_H
#define WEIR_ALERTER_STORE_PORT_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/model/alert.h"

/* One state document that is asked for: rule and device make its key. */
struct alert_load {
    const struct alert_rule *rule; /* borrowed */
    struct span device_id;         /* borrowed */
    /* Filled: on the heap, the caller takes ownership; NULL = there is no such document. */
    struct alert_state *state;
};

/* One document of `alerts`: an episode, and the transitions of it that nobody was told of yet.
 * Every earlier transition is in the stored document already, because an outbox is emptied only
 * after the documents are written. */
struct alert_document {
    const struct alert_state *state; /* whose rule and device; borrowed, as all here */
    const struct alert_episode *episode;
    const struct alert_transition *transition; /* oldest first */
    unsigned transitions;
};

/* All functions return 0, or ERR_UNAVAILABLE with *e when the outcome is unknown or the store is
 * away (call again later; partial effects are fine). They block for a bounded time. */
struct alert_store_port {
    void *self; /* borrowed */

    /* One batched read. On failure nothing is filled. */
    int (*load)(void *self, struct alert_load *items, size_t count, struct err *e);

    /* Compare-and-set on rev: 0 inserts, else replaces the document that still has this rev; the
     * stored document gets rev + 1. ERR_CONFLICT: at least one of them was changed by somebody
     * else (the others may be written); throw the states away and read again. */
    int (*write_states)(void *self, const struct alert_state *const *states, size_t count,
                        struct err *e);

    /* Inserts, or replaces the alerter's fields of documents with a lower revision; fields that
     * other programs own (acknowledgements, notes) are kept. */
    int (*write_alerts)(void *self, const struct alert_document *items, size_t count,
                        struct err *e);
};

#endif
