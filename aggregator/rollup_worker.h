/* Rollups on a thread of their own, off the way of the readings: when to look, what to say. */
#ifndef WEIR_AGGREGATOR_ROLLUP_WORKER_H
#define WEIR_AGGREGATOR_ROLLUP_WORKER_H

#include "aggregator/rollup_mongo.h"
#include "common/base/clock.h"
#include "common/obs/log.h"
#include "common/obs/metrics.h"

struct rollup_worker_options {
    struct rollup_mongo_options store;
    int64_t interval_ms; /* from the end of a pass to the next */
    int64_t overlap_ms, grace_ms;
    struct clock clock;
    struct log *log;         /* borrowed */
    struct metrics *metrics; /* borrowed; gets weir_rollup* and weir_store_clock_offset_seconds */
};

struct rollup_worker;

/* Starts the thread, which waits until it may begin. Another instance doing the same is no harm;
 * they take turns by a lease. */
struct rollup_worker *rollup_worker_new(const struct rollup_worker_options *options);
/* The indexes are there. From any thread. */
void rollup_worker_begin(struct rollup_worker *w);
/* Ends after the step in progress; does not wait. From any thread; NULL is allowed. */
void rollup_worker_stop(struct rollup_worker *w);
/* Stops, joins the thread and gives the lease back. NULL is allowed. */
void rollup_worker_free(struct rollup_worker *w);

#endif
