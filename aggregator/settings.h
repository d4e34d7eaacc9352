/* The settings of weir-aggregator. */
#ifndef WEIR_AGGREGATOR_SETTINGS_H
#define WEIR_AGGREGATOR_SETTINGS_H

#include "common/app/options.h"
#include "common/app/settings.h"

struct settings {
    struct settings_common common;
    struct settings_kafka kafka;
    struct settings_mongo mongo;
    int64_t window_writes;
    int64_t window_flush_ms, grace_ms, max_future_skew_ms;
    int64_t raw_ttl_ms, agg_ttl_ms, hours_ttl_ms, days_ttl_ms, alerts_ttl_ms, dlq_ttl_ms;
    int64_t rollup_interval_ms, rollup_overlap_ms;
    int64_t max_windows, max_retries;
};

extern const struct options_program aggregator_program;

#endif
