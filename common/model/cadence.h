/* How often a device speaks: median and spread of its latest gaps, in bounded memory. Pure. */
#ifndef WEIR_MODEL_CADENCE_H
#define WEIR_MODEL_CADENCE_H

#include <stdbool.h>
#include <stdint.h>

/* The gaps themselves are kept, so the quantiles are exact, and a device that is set to another
 * pace is known after half as many readings. An odd number: the median is one of them. */
enum { CADENCE_GAPS = 31, CADENCE_GAPS_MIN = 5 };
/* Room for them, and one that is always 0: a power of two is what loops over them are unrolled by.
 */
enum { CADENCE_SLOTS = 32 };

/* Zero-initialise. A function of the event times in the order of noting. */
struct cadence {
    bool started;
    int64_t last_ms;                /* newest event time, once started */
    uint8_t gaps;                   /* how many are held */
    uint8_t next;                   /* where the next one goes: over the oldest */
    uint32_t gap_ms[CADENCE_SLOTS]; /* at least 1; longer than 49 days is cut to that; else 0 */
};

/* A reading of that event time. One that is not newer than all before leaves no gap: backfill and
 * several readings of one moment say nothing about the pace. */
void cadence_note(struct cadence *c, int64_t ts_ms);

/* The i-th gap that is held, the oldest first; i < gaps. */
uint32_t cadence_gap(const struct cadence *c, unsigned i);

bool cadence_equal(const struct cadence *a, const struct cadence *b);

struct cadence_summary {
    int32_t gaps; /* it rests on so many */
    int64_t median_ms;
    /* Median of the distances from the median (Hampel, "The Influence Curve and its Role in Robust
     * Estimation", 1974): up to half of the gaps may be outages without moving either far. */
    int64_t spread_ms;
};

/* False, and *out is untouched, below CADENCE_GAPS_MIN gaps. */
bool cadence_summary(const struct cadence *c, struct cadence_summary *out);

#endif
