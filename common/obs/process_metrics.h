/* The process_* metrics that every Prometheus client exports, read from /proc. */
#ifndef WEIR_OBS_PROCESS_METRICS_H
#define WEIR_OBS_PROCESS_METRICS_H

#include "common/obs/metrics.h"

struct process_metrics {
    struct metric *cpu, *memory, *open_fds, *max_fds, *start_time, *threads; /* borrowed */
};

/* At start only. They are read anew at each scrape, so `p` lives as long as `m` is written. */
void process_metrics_add(struct process_metrics *p, struct metrics *m);

#endif
