/* Rollups kept up to date: what changed since the checkpoint is folded anew, as a step machine
 * whose every step has at most one effect on the store.
 *
 *   lease -> state -> stream of changes -> page -> read rollups -> fold their sources -> write
 *                          ^                |           ^______________ lost a race ____|
 *                          |                '-- end: rollups whose period is over, then days
 *                          '------------------------- checkpoint <----------------------'
 *
 * Nothing depends on who does this, how often, or where it is cut off: a rollup is folded from all
 * its sources, which are read after the revision that it replaces, or are settled in that revision,
 * and replaced only by a state with later sources. So replays, crashes and two instances at once
 * come to the same. */
#ifndef WEIR_AGGREGATOR_ROLLUPS_H
#define WEIR_AGGREGATOR_ROLLUPS_H

#include <stdatomic.h>

#include "aggregator/rollup_store.h"
#include "common/base/clock.h"

struct rollups_config {
    /* A document may become readable this long after its last_updated: time of the write, and what
     * the clocks of the instances differ by. What was written so shortly before the checkpoint is
     * looked at again. */
    int64_t overlap_ms;
    int64_t grace_ms;   /* as for windows */
    int64_t lease_ms;   /* for how long nobody else does it; any other doing it is no harm */
    const char *holder; /* a name of this instance; copied */
    size_t page;        /* changes taken at a time */
    uint64_t seed;
};

/* Written by one thread, read by any. */
struct rollups_stats {
    _Atomic uint64_t written[ROLLUP_KINDS];
    _Atomic uint64_t kept[ROLLUP_KINDS]; /* not replaced, since sources are gone */
    _Atomic uint64_t changes[ROLLUP_KINDS], sources[ROLLUP_KINDS]; /* looked at, and read */
    _Atomic uint64_t unreadable, lost_races, passes;
    _Atomic int64_t through_ms[ROLLUP_KINDS]; /* 0 = not known yet */
    _Atomic int64_t clock_offset_ms;          /* the store's clock minus ours */
    _Atomic bool leading;                     /* the lease is ours */
};

struct rollups;

/* The port and the clock are copied, what they point to is borrowed. */
struct rollups *rollups_new(const struct rollups_config *config, const struct rollup_store *store,
                            const struct clock *clock);
void rollups_free(struct rollups *r); /* at any moment, as in a crash; NULL is allowed */

/* Does the next thing. 1: there is more to do; 0: a pass is complete, or somebody else has the
 * lease. A negative code: the pass was given up, the next step begins a new one. */
WEIR_MUST_CHECK int rollups_step(struct rollups *r, struct err *e);

/* Gives the lease back if it is ours, so that nobody has to wait for its end. */
void rollups_retire(struct rollups *r);

const struct rollups_stats *rollups_stats(const struct rollups *r);

#endif
