/* What the alerter lets people see: metrics, log lines and readiness, out of the pipeline's status.
 */
#ifndef WEIR_ALERTER_OBSERVE_H
#define WEIR_ALERTER_OBSERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerter/pipeline.h"
#include "common/obs/log.h"
#include "common/obs/metrics.h"

struct alerter_observe;

/* Registers the metrics. Everything is borrowed. */
struct alerter_observe *alerter_observe_new(struct log *log, struct metrics *metrics,
                                            const struct alert_rules *rules);
void alerter_observe_free(struct alerter_observe *o);

/* After each step, on the pipeline's thread. now_ms is monotonic. */
void alerter_observe_step(struct alerter_observe *o, const struct alert_pipeline_status *status,
                          int64_t now_ms);

/* Records of the partition that are not yet committed; -1 = it is not ours any more. */
void alerter_observe_lag(struct alerter_observe *o, int32_t partition, int64_t records);

/* Whether the pipeline waits for this dependency (the store, or else Kafka); from any thread. `why`
 * gets a sentence when true. */
bool alerter_observe_blocked_on_store(struct alerter_observe *o, char *why, size_t why_size);
bool alerter_observe_blocked_on_kafka(struct alerter_observe *o, char *why, size_t why_size);

#endif
