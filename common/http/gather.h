/* How long a busy loop rests between two turns, so that one wake-up serves many requests. */
#ifndef WEIR_HTTP_GATHER_H
#define WEIR_HTTP_GATHER_H

#include <stdbool.h>
#include <stdint.h>

/* A request costs a wake-up of the loop when it comes and often another when its answer is known,
 * and a wake-up costs as much as the request itself. So while many requests are in flight, turns
 * begin at intervals that grow with their number: 0 below GATHER_FROM, at most GATHER_MAX_NS.
 * What a turn took counts, so a loop that is busy all the time does not rest at all.
 *
 * Returns the nanoseconds to rest after a turn of `worked_ns`, or 0. No request waits longer for
 * it than GATHER_MAX_NS when it comes and GATHER_MAX_NS when its answer is known. */
uint64_t gather_rest_ns(unsigned in_flight, uint64_t worked_ns);

/* Whether so many are in flight that turns rest at all. Then an answer also waits for the next turn
 * when its client is owed more of them (connection_settle): a write costs more than an answer. */
bool gather_is_busy(unsigned in_flight);

enum {
    GATHER_FROM = 32,      /* requests in flight; fewer never wait */
    GATHER_EACH_NS = 4000, /* for each: about what it costs by itself */
    GATHER_MAX_NS = 500000,
    GATHER_LEAST_NS = 50000, /* less is not worth going to sleep */
};

#endif
