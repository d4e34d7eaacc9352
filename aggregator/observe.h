/* What the aggregator lets people see: metrics and log lines out of the pipeline's counters. */
#ifndef WEIR_AGGREGATOR_OBSERVE_H
#define WEIR_AGGREGATOR_OBSERVE_H

#include "aggregator/pipeline.h"
#include "common/obs/log.h"
#include "common/obs/metrics.h"

struct observe;

/* Registers the metrics of contract.md section 9 that belong to the aggregator. Borrows both. */
struct observe *observe_new(struct log *log, struct metrics *metrics);
void observe_free(struct observe *o);

/* The observer to hand to the pipeline, and the counters to read at each scrape. */
struct pipeline_observer observe_port(struct observe *o);
void observe_watch(struct observe *o, const struct pipeline_stats *stats);

/* Called, on the pipeline's thread, when the store turned out to be another one. */
void observe_on_replaced(struct observe *o, void (*replaced)(void *arg), void *arg);

#endif
