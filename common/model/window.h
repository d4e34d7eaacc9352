/* A window: what one sensor of one device did in one minute of event time. Pure values. */
#ifndef WEIR_MODEL_WINDOW_H
#define WEIR_MODEL_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/exact_sum.h"
#include "common/base/span.h"

#define WINDOW_DEFAULT_MS INT64_C(60000)

/* The numbers of a window, or of the share of it that one partition brought. Every field is
 * independent of the order of folding: sums are exact, ties of first and last go to the smaller
 * and the larger value. Zero-initialise. */
struct window_stats {
    uint64_t count;
    struct exact_sum sum, squares;
    double min, max;
    int64_t first_ms, last_ms; /* event time of first and last */
    double first, last;
};

void window_stats_fold(struct window_stats *s, int64_t ts_ms, double value);
void window_stats_merge(struct window_stats *s, const struct window_stats *other);
double window_stats_sum(const struct window_stats *s);
double window_stats_average(const struct window_stats *s); /* NaN when empty */
/* Population standard deviation, correctly computed from the exact sums; NaN when empty or when
 * the squares are beyond a double. */
double window_stats_stddev(const struct window_stats *s);
bool window_stats_equal(const struct window_stats *a,
                        const struct window_stats *b); /* bit for bit */

/* What one partition of the log brought into a window: a function of the log up to src alone. */
struct window_share {
    int32_t partition;
    int64_t src; /* highest offset of the partition that is folded in */
    struct window_stats stats;
};

/* Nearly always one share. More only after the number of partitions changed. */
enum { WINDOW_SHARES_INLINE = 1 };

struct window {
    int64_t start_ms; /* aligned to the window length, epoch based, also before 1970 */
    int64_t rev;      /* of the stored document this state is based on; 0 = not stored yet */
    uint64_t late;    /* readings folded in after `final` */
    bool final;
    unsigned shares, shares_cap;
    struct window_share *share; /* owned; sorted by partition */
};

int64_t window_start(int64_t ts_ms, int64_t length_ms); /* floor, also for negative times */

void window_init(struct window *w, int64_t start_ms);
void window_deinit(struct window *w);

/* Folds a value in, unless the share is at or past the offset. Returns whether anything changed. */
bool window_share_fold(struct window_share *share, int64_t offset, int64_t ts_ms, double value);

/* Folds the reading at (partition, offset) in, unless the share of that partition is at or past
 * the offset (a replay). Returns whether anything changed. */
bool window_fold(struct window *w, int32_t partition, int64_t offset, int64_t ts_ms, double value);

/* The same in any order of offsets, for who reads them back out of the store: each reading must
 * come once. The share's src is the highest offset that came. */
void window_gather(struct window *w, int32_t partition, int64_t offset, int64_t ts_ms,
                   double value);

/* The same numbers, their sums in as few parts as they need. */
void window_compress(struct window *w);

/* The highest offset of the partition that is folded in; -1 = none. */
int64_t window_src(const struct window *w, int32_t partition);

/* Takes every share of `other` that is ahead of ours; since a share is a function of the log up to
 * its src, the one further on contains the other. Also max of late, or of final, and other's rev.
 * Returns whether `w` still holds something `other` has not (so it has to be written). */
bool window_join(struct window *w, const struct window *other);

/* All shares together. */
void window_total(const struct window *w, struct window_stats *out);

/* "temperature_c/1763719200/dev-1": sensor, start in seconds, device. Sensor names have no slash,
 * so it is unambiguous. Needs WINDOW_ID_MAX bytes; returns the length, NUL-terminated. */
enum { WINDOW_ID_MAX = 256 };
size_t window_id(char out[WINDOW_ID_MAX], struct span device_id, struct span sensor,
                 int64_t start_ms);

#endif
