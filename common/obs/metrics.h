/* Metrics: a fixed table of series, updated without locks, written as Prometheus text. */
#ifndef WEIR_OBS_METRICS_H
#define WEIR_OBS_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metrics; /* a registry */
struct metric;  /* one family: name, type, help, label names */

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m); /* frees the families too */

/* Registration, at start only. `labels`: comma-separated names ("method,endpoint,status") or NULL.
 * Counter names end in _total here and in 0.0.4 text; OpenMetrics strips it for the TYPE line. */
struct metric *metrics_add(struct metrics *m, enum metric_type type, const char *name,
                           const char *help, const char *labels);
/* For a histogram: upper bounds, rising, in the unit of the name. Default: 0.5 ms to 10 s. */
void metric_buckets(struct metric *f, const double *bounds, unsigned count);

/* Updates, from any thread. The values belong to the label names in order, NULL-terminated by count
 * of names; all must be fixed words or templates, never text from a client. A family holds at most
 * 500 series; beyond that everything goes to one whose labels are "other". */
void metric_inc(struct metric *f, const char *const *values);
void metric_add(struct metric *f, const char *const *values, double amount);
void metric_set(struct metric *f, const char *const *values, double value);
void metric_observe(struct metric *f, const char *const *values, double value);

#define METRIC_LABELS(...) ((const char *const[]){__VA_ARGS__})

/* Read back, for tests and health pages. Histogram: its count. 0 when the series does not exist. */
double metric_value(const struct metric *f, const char *const *values);

/* Called at each scrape, before writing, to set gauges that are read on demand. */
void metrics_on_scrape(struct metrics *m, void (*fn)(void *arg), void *arg);

/* Prometheus text 0.0.4, or OpenMetrics 1.0 (with # EOF and _created left out). Families without
 * labels are there from the start with 0. */
void metrics_write(struct metrics *m, bool openmetrics, struct buf *out);

#endif
