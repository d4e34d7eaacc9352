/* A batch of the log as the alerter sees it: the samples that rules look at, and how far it goes.
 * Pure. */
#ifndef WEIR_ALERTER_BATCH_H
#define WEIR_ALERTER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerter/cache.h"
#include "alerter/partitions.h"
#include "alerter/rules.h"
#include "common/model/reading.h"
#include "common/model/stream_port.h"

/* What became of a record. */
enum alert_record_result {
    ALERT_RECORD_JUDGED,
    ALERT_RECORD_BAD,     /* no valid reading; the aggregator makes a dead letter of it */
    ALERT_RECORD_TOO_OLD, /* its time is older than max_age before its receipt: no alarm for it */
    ALERT_RECORD_NO_RULE, /* no rule looks at any of its sensors */
    ALERT_RECORD_RESULTS
};
const char *alert_record_result_name(enum alert_record_result result);

/* One number that a group of rules judges. */
struct alert_sample {
    struct cached_device *device; /* borrowed from the cache */
    const struct alert_rule_group *group;
    int32_t partition;
    int64_t offset, ts_ms, server_ms;
    double value;
};

struct alert_position {
    int32_t partition;
    int64_t next_offset;
};

struct alert_batch {
    struct alert_sample *sample; /* owned; offset order within each partition */
    size_t samples, samples_cap;
    size_t judged;                   /* samples that the states include already */
    struct alert_position *position; /* owned; what to commit when all is durable */
    size_t positions, positions_cap;
    struct reading scratch;
    struct reading_problems problems;
};

struct alert_batch_limits {
    int64_t max_age_ms;         /* 0 = any age */
    int64_t max_future_skew_ms; /* as ingest and the aggregator have it */
};

void alert_batch_init(struct alert_batch *b);
void alert_batch_deinit(struct alert_batch *b);
void alert_batch_clear(struct alert_batch *b);

/* Copies what is needed of a record; nothing of it is borrowed afterwards. Everything is decided
 * from the record alone, so that a replay decides alike. */
enum alert_record_result alert_batch_add(struct alert_batch *b, const struct stream_record *record,
                                         const struct alert_rules *rules,
                                         const struct alert_batch_limits *limits,
                                         struct alert_cache *cache);

/* Takes the records of these partitions out again, and starts judging from the beginning. */
void alert_batch_remove(struct alert_batch *b, const struct alert_partitions *gone);

#endif
