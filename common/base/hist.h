/* A log-linear histogram of non-negative integers: bounded error, fixed memory, mergeable. */
#ifndef WEIR_BASE_HIST_H
#define WEIR_BASE_HIST_H

#include <stdint.h>

/* 64 linear sub-buckets for each power of two: relative error at most 1/64 (1.6 %). */
enum { HIST_SUB_BITS = 6, HIST_BUCKETS = (64 - HIST_SUB_BITS + 1) << HIST_SUB_BITS };

/* Zero-initialise (or hist_reset). About 30 KiB: keep it off the stack. */
struct hist {
    uint64_t count, sum, min, max;
    uint64_t bucket[HIST_BUCKETS];
};

void hist_reset(struct hist *h);
void hist_add(struct hist *h, uint64_t value);
void hist_merge(struct hist *into, const struct hist *from);

/* The value below or at which a fraction `q` (0..1) of the samples lie: the upper border of its
 * bucket, but never above the largest sample. 0 when empty. q = 1 is the exact maximum. */
uint64_t hist_quantile(const struct hist *h, double q);
double hist_mean(const struct hist *h);

#endif
