/* One family of series (name, type, help, label names) and its lock-free table of values. */
#ifndef WEIR_OBS_METRIC_H
#define WEIR_OBS_METRIC_H

#include <stdatomic.h>
#include <stddef.h>

#include "common/obs/metrics.h"

enum { METRIC_LABELS_MAX = 4, METRIC_SERIES_MAX = 500 };

/* One combination of label values. Made once, freed with the family, never changed but its numbers.
 */
struct metric_series {
    uint64_t hash;
    char *value[METRIC_LABELS_MAX]; /* owned */
    char *labels;                   /* owned: method="GET",status="200", escaped; "" for none */
    _Atomic double number;          /* counter, gauge; the sum of a histogram */
    _Atomic uint64_t bucket[];      /* histogram: one for each bound and one for +Inf */
};

struct metric {
    enum metric_type type;
    char *name, *help; /* owned */
    unsigned labels;
    char *label[METRIC_LABELS_MAX]; /* owned */
    double *bounds;                 /* owned; histograms */
    unsigned bound_count;
    size_t slots; /* a power of two */
    _Atomic unsigned used;
    struct metric_series *_Atomic *slot; /* owned; open addressing, entries never leave */
    struct metric_series *_Atomic other; /* where series beyond the limit go */
};

struct metric *metric_new(enum metric_type type, const char *name, const char *help,
                          const char *labels);
void metric_free(struct metric *f);

/* Finds or makes the series; never NULL. */
struct metric_series *metric_series(struct metric *f, const char *const *values);

#endif
