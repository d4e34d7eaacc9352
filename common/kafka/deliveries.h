/* The messages a producer has in flight: a budget of messages and bytes, and who waits for each.
 * Pure. Internal. */
#ifndef WEIR_KAFKA_DELIVERIES_H
#define WEIR_KAFKA_DELIVERIES_H

#include <stdbool.h>
#include <stddef.h>

struct delivery {
    struct delivery *next, *previous; /* of those in flight, oldest first; or of the free ones */
    void *opaque;                     /* the sender's */
    size_t bytes;
};

/* Initialise with deliveries_init. */
struct deliveries {
    struct delivery *oldest, *newest; /* in flight */
    struct delivery *free;            /* kept for the next message */
    unsigned count, max_count;
    size_t bytes, max_bytes;
};

void deliveries_init(struct deliveries *d, unsigned max_count, size_t max_bytes);
void deliveries_deinit(struct deliveries *d); /* also what is in flight */

/* Whether the budgets allow so many more, of that many bytes in all. */
bool deliveries_fit(const struct deliveries *d, unsigned count, size_t bytes);
/* Whether they would if nothing else were in flight. */
bool deliveries_could_fit(const struct deliveries *d, unsigned count, size_t bytes);
/* NULL when a budget does not allow it. One message alone is allowed whatever its size, so that a
 * budget below the message limit cannot block for ever. */
struct delivery *deliveries_add(struct deliveries *d, size_t bytes, void *opaque);
/* Forgets one; it may be used again by the next add. Returns the sender's opaque. */
void *deliveries_remove(struct deliveries *d, struct delivery *one);

/* Moves everything in flight, oldest first, to `out` (deliveries_init'ed); the budget is free. */
void deliveries_move(struct deliveries *d, struct deliveries *out);

#endif
