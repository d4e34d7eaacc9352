/* A batch of the log as the alerter sees it: the samples that rules look at, and how far it goes.
 */
#include "alerter/batch.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"

static const char *const result_names[ALERT_RECORD_RESULTS] = {
    [ALERT_RECORD_JUDGED] = "judged",
    [ALERT_RECORD_BAD] = "bad",
    [ALERT_RECORD_TOO_OLD] = "too_old",
    [ALERT_RECORD_NO_RULE] = "no_rule",
};

const char *alert_record_result_name(enum alert_record_result result)
{
    return result_names[result];
}

void alert_batch_init(struct alert_batch *b)
{
    *b = (struct alert_batch){0};
}

void alert_batch_deinit(struct alert_batch *b)
{
    free(b->sample);
    free(b->position);
    alert_batch_init(b);
}

void alert_batch_clear(struct alert_batch *b)
{
    b->samples = b->judged = b->positions = 0;
}

static void note_position(struct alert_batch *b, int32_t partition, int64_t next_offset)
{
    for (size_t i = 0; i < b->positions; i++)
        if (b->position[i].partition == partition) {
            b->position[i].next_offset = next_offset;
            return;
        }
    if (b->positions == b->positions_cap) {
        b->positions_cap = b->positions_cap ? 2 * b->positions_cap : 16;
        b->position = xreallocarray(b->position, b->positions_cap, sizeof *b->position);
    }
    b->position[b->positions++] =
        (struct alert_position){.partition = partition, .next_offset = next_offset};
}

static void add_sample(struct alert_batch *b, const struct alert_sample *sample)
{
    if (b->samples == b->samples_cap) {
        b->samples_cap = b->samples_cap ? 2 * b->samples_cap : 64;
        b->sample = xreallocarray(b->sample, b->samples_cap, sizeof *b->sample);
    }
    b->sample[b->samples++] = *sample;
}

static bool decode(struct alert_batch *b, const struct stream_record *record,
                   const struct alert_batch_limits *limits)
{
    /* The time of the record stands for "now", never the clock: a replay must decide alike. */
    bool dated = record->timestamp_ms >= 0;
    const struct reading_rules rules = {
        .mode = READING_CANONICAL,
        .now_ms = dated ? record->timestamp_ms : 0,
        .max_future_skew_ms = dated ? limits->max_future_skew_ms : INT64_MAX / 4,
    };
    return reading_decode(&b->scratch, record->value, &rules, &b->problems) == 0;
}

static int64_t server_time(const struct reading *reading, const struct stream_record *record)
{
    if (reading->received_at_ms != 0)
        return reading->received_at_ms;
    return record->timestamp_ms >= 0 ? record->timestamp_ms : reading->ts_ms;
}

enum alert_record_result alert_batch_add(struct alert_batch *b, const struct stream_record *record,
                                         const struct alert_rules *rules,
                                         const struct alert_batch_limits *limits,
                                         struct alert_cache *cache)
{
    note_position(b, record->partition, record->offset + 1);
    if (!decode(b, record, limits))
        return ALERT_RECORD_BAD;
    const struct reading *reading = &b->scratch;
    struct alert_sample sample = {.partition = record->partition,
                                  .offset = record->offset,
                                  .ts_ms = reading->ts_ms,
                                  .server_ms = server_time(reading, record)};
    if (limits->max_age_ms > 0 && sample.server_ms - sample.ts_ms > limits->max_age_ms)
        return ALERT_RECORD_TOO_OLD;
    for (unsigned i = 0; i < reading->sensors; i++) {
        sample.group = alert_rules_of(rules, reading->sensor[i].name);
        if (!sample.group)
            continue;
        if (!sample.device)
            sample.device = alert_cache_of(cache, reading->device_id);
        sample.value = reading->sensor[i].value;
        add_sample(b, &sample);
    }
    return sample.device ? ALERT_RECORD_JUDGED : ALERT_RECORD_NO_RULE;
}

void alert_batch_remove(struct alert_batch *b, const struct alert_partitions *gone)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->samples; i++)
        if (!alert_partitions_has(gone, b->sample[i].partition))
            b->sample[kept++] = b->sample[i];
    b->samples = kept;
    kept = 0;
    for (size_t i = 0; i < b->positions; i++)
        if (!alert_partitions_has(gone, b->position[i].partition))
            b->position[kept++] = b->position[i];
    b->positions = kept;
    b->judged = 0;
}
