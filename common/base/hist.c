/* A log-linear histogram: one bucket for each value below 64, then 64 for each power of two. */
#include "common/base/hist.h"

#include <math.h>
#include <string.h>

enum { SUB_BUCKETS = 1 << HIST_SUB_BITS };

void hist_reset(struct hist *h)
{
    memset(h, 0, sizeof *h);
}

static unsigned bucket_of(uint64_t value)
{
    if (value < SUB_BUCKETS) {
        return (unsigned)value;
    }
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - HIST_SUB_BITS;
    return (shift + 1) << HIST_SUB_BITS | ((unsigned)(value >> shift) & (SUB_BUCKETS - 1));
}

static uint64_t upper_border(unsigned bucket)
{
    if (bucket < SUB_BUCKETS) {
        return bucket;
    }
    unsigned shift = (bucket >> HIST_SUB_BITS) - 1;
    uint64_t first = (uint64_t)(SUB_BUCKETS | (bucket & (SUB_BUCKETS - 1))) << shift;
    return first + ((UINT64_C(1) << shift) - 1);
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void hist_add(struct hist *h, uint64_t value)
{
    h->min = h->count == 0 || value < h->min ? value : h->min;
    h->max = value > h->max ? value : h->max;
    h->sum = add_saturated(h->sum, value);
    h->count++;
    h->bucket[bucket_of(value)]++;
}

void hist_merge(struct hist *into, const struct hist *from)
{
    if (from->count == 0) {
        return;
    }
    into->min = into->count == 0 || from->min < into->min ? from->min : into->min;
    into->max = from->max > into->max ? from->max : into->max;
    into->sum = add_saturated(into->sum, from->sum);
    into->count += from->count;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        into->bucket[i] += from->bucket[i];
    }
}

/* The rank is rounded up, after taking away what the product may have gained by rounding: 0.07 of
 * 100 samples is the 7th, although 0.07 * 100 > 7. */
static uint64_t rank_of(double q, uint64_t count)
{
    double exact = q * (double)count;
    double rank = ceil(exact - exact * 0x1p-52);
    if (!(rank >= 1)) {
        return 1;
    }
    return rank >= (double)count ? count : (uint64_t)rank;
}

uint64_t hist_quantile(const struct hist *h, double q)
{
    if (h->count == 0) {
        return 0;
    }
    uint64_t rank = rank_of(q, h->count), seen = 0;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen >= rank) {
            uint64_t border = upper_border(i);
            return border < h->max ? border : h->max;
        }
    }
    return h->max;
}

double hist_mean(const struct hist *h)
{
    return h->count > 0 ? (double)h->sum / (double)h->count : 0;
}
