/* The messages a producer has in flight: a budget of messages and bytes, and who waits for each. */
#include "common/kafka/deliveries.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"

void deliveries_init(struct deliveries *d, unsigned max_count, size_t max_bytes)
{
    *d = (struct deliveries){.max_count = max_count, .max_bytes = max_bytes};
}

static void free_chain(struct delivery *one)
{
    while (one) {
        struct delivery *next = one->next;
        free(one);
        one = next;
    }
}

void deliveries_deinit(struct deliveries *d)
{
    free_chain(d->oldest);
    free_chain(d->free);
    deliveries_init(d, 0, 0);
}

bool deliveries_could_fit(const struct deliveries *d, unsigned count, size_t bytes)
{
    return count <= d->max_count && (count == 1 || bytes <= d->max_bytes);
}

bool deliveries_fit(const struct deliveries *d, unsigned count, size_t bytes)
{
    if (d->count == 0) {
        return deliveries_could_fit(d, count, bytes);
    }
    return count <= d->max_count - d->count && d->bytes <= d->max_bytes &&
           bytes <= d->max_bytes - d->bytes;
}

struct delivery *deliveries_add(struct deliveries *d, size_t bytes, void *opaque)
{
    if (!deliveries_fit(d, 1, bytes)) {
        return NULL;
    }
    struct delivery *one = d->free;
    if (one) {
        d->free = one->next;
    } else {
        one = xmalloc(sizeof *one);
    }
    *one = (struct delivery){.previous = d->newest, .opaque = opaque, .bytes = bytes};
    if (d->newest) {
        d->newest->next = one;
    } else {
        d->oldest = one;
    }
    d->newest = one;
    d->count++;
    d->bytes += bytes;
    return one;
}

void *deliveries_remove(struct deliveries *d, struct delivery *one)
{
    if (one->previous) {
        one->previous->next = one->next;
    } else {
        d->oldest = one->next;
    }
    if (one->next) {
        one->next->previous = one->previous;
    } else {
        d->newest = one->previous;
    }
    d->count--;
    d->bytes -= one->bytes;
    one->next = d->free;
    d->free = one;
    return one->opaque;
}

void deliveries_move(struct deliveries *d, struct deliveries *out)
{
    out->oldest = d->oldest;
    out->newest = d->newest;
    out->count = d->count;
    out->bytes = d->bytes;
    d->oldest = d->newest = NULL;
    d->count = 0;
    d->bytes = 0;
}
