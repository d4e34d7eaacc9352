/* A batch: which records become samples, decided from the record alone. */
#include "alerter/batch.h"
#include "tests/unit/unit.h"

#define NOW INT64_C(1795255200000) /* 2026-11-21T10:00:00Z */

static struct alert_rules rules;
static struct alert_cache cache;
static struct alert_batch batch;
static struct alert_batch_limits limits;

static void setup(void)
{
    static const struct alert_thresholds usual = {
        .temp_min = -10, .temp_max = 50, .humidity_min = 0, .humidity_max = 100};
    ck_assert_int_eq(alert_rules_init(&rules, &usual, NULL), 0);
    alert_cache_init(&cache, rules.count, 1);
    alert_batch_init(&batch);
    limits = (struct alert_batch_limits){.max_age_ms = 3600000, .max_future_skew_ms = 300000};
}

static void teardown(void)
{
    alert_batch_deinit(&batch);
    alert_cache_deinit(&cache);
}

static enum alert_record_result add(int32_t partition, int64_t offset, int64_t kafka_ms,
                                    const char *json)
{
    const struct stream_record record = {.partition = partition,
                                         .offset = offset,
                                         .timestamp_ms = kafka_ms,
                                         .value = span_str(json)};
    return alert_batch_add(&batch, &record, &rules, &limits, &cache);
}

START_TEST(each_sensor_with_rules_becomes_a_sample)
{
    ck_assert_int_eq(add(2, 7, NOW,
                         "{\"device_id\":\"d\",\"ts\":\"2026-11-21T09:59:59Z\","
                         "\"temperature_c\":21.5,\"humidity\":48,\"pressure_hpa\":1013}"),
                     ALERT_RECORD_JUDGED);
    ck_assert_uint_eq(batch.samples, 2);
    ck_assert_str_eq(batch.sample[0].group->sensor, "temperature_c");
    ck_assert(batch.sample[0].value == 21.5);
    ck_assert_str_eq(batch.sample[1].group->sensor, "humidity");
    ck_assert_ptr_eq(batch.sample[0].device, batch.sample[1].device);
    ck_assert_int_eq(batch.sample[0].partition, 2);
    ck_assert_int_eq(batch.sample[0].offset, 7);
    ck_assert_int_eq(batch.sample[0].ts_ms, NOW - 1000);
    ck_assert_int_eq(batch.sample[0].server_ms, NOW);
}
END_TEST

START_TEST(received_at_is_the_server_time_when_it_is_there)
{
    add(0, 0, NOW + 60000,
        "{\"device_id\":\"d\",\"ts\":\"2026-11-21T09:59:59Z\",\"temperature_c\":1,"
        "\"received_at\":\"2026-11-21T10:00:00.5Z\"}");
    ck_assert_int_eq(batch.sample[0].server_ms, NOW + 500);
}
END_TEST

START_TEST(what_is_no_reading_is_passed_over_but_counts_as_done)
{
    ck_assert_int_eq(add(0, 4, NOW, "{\"device_id\":\"d\""), ALERT_RECORD_BAD);
    ck_assert_int_eq(add(0, 5, NOW, "{\"device_id\":\"\",\"ts\":1,\"temperature_c\":99}"),
                     ALERT_RECORD_BAD);
    ck_assert_int_eq(
        add(0, 6, NOW, "{\"device_id\":\"d\",\"ts\":\"2026-11-21T10:05:01Z\",\"humidity\":1}"),
        ALERT_RECORD_BAD); /* from the future */
    ck_assert_uint_eq(batch.samples, 0);
    ck_assert_uint_eq(batch.positions, 1);
    ck_assert_int_eq(batch.position[0].next_offset, 7);
}
END_TEST

START_TEST(a_reading_without_rules_needs_no_device)
{
    ck_assert_int_eq(
        add(0, 0, NOW, "{\"device_id\":\"d\",\"ts\":\"2026-11-21T10:00:00Z\",\"pressure\":1}"),
        ALERT_RECORD_NO_RULE);
    ck_assert_uint_eq(alert_cache_count(&cache), 0);
}
END_TEST

START_TEST(backfill_raises_no_alarm)
{
    static const char hour[] =
        "{\"device_id\":\"d\",\"ts\":\"2026-11-21T09:00:00Z\",\"temperature_c\":99}";
    ck_assert_int_eq(add(0, 0, NOW, hour), ALERT_RECORD_JUDGED); /* just young enough */
    ck_assert_int_eq(add(0, 1, NOW + 1, hour), ALERT_RECORD_TOO_OLD);
    limits.max_age_ms = 0;
    ck_assert_int_eq(add(0, 2, NOW + 1000000000, hour), ALERT_RECORD_JUDGED);
}
END_TEST

START_TEST(a_record_without_any_time_is_judged_alike_at_any_hour)
{
    ck_assert_int_eq(
        add(0, 0, -1, "{\"device_id\":\"d\",\"ts\":\"2026-11-21T10:00:00Z\",\"humidity\":1}"),
        ALERT_RECORD_JUDGED);
    ck_assert_int_eq(batch.sample[0].server_ms, NOW);
}
END_TEST

START_TEST(lost_partitions_leave_and_the_rest_is_judged_anew)
{
    static const char text[] =
        "{\"device_id\":\"d\",\"ts\":\"2026-11-21T10:00:00Z\",\"temperature_c\":99}";
    for (int64_t o = 0; o < 3; o++) {
        add(1, o, NOW, text);
        add(2, o, NOW, text);
    }
    batch.judged = 5;
    struct alert_partitions gone = {.count = 1, .number = {1}};
    alert_batch_remove(&batch, &gone);
    ck_assert_uint_eq(batch.samples, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(batch.sample[i].partition, 2);
        ck_assert_int_eq(batch.sample[i].offset, (int64_t)i);
    }
    ck_assert_uint_eq(batch.judged, 0);
    ck_assert_uint_eq(batch.positions, 1);
    ck_assert_int_eq(batch.position[0].partition, 2);
}
END_TEST

UNIT_CASE(batch)
{
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, each_sensor_with_rules_becomes_a_sample);
    tcase_add_test(tc, received_at_is_the_server_time_when_it_is_there);
    tcase_add_test(tc, what_is_no_reading_is_passed_over_but_counts_as_done);
    tcase_add_test(tc, a_reading_without_rules_needs_no_device);
    tcase_add_test(tc, backfill_raises_no_alarm);
    tcase_add_test(tc, a_record_without_any_time_is_judged_alike_at_any_hour);
    tcase_add_test(tc, lost_partitions_leave_and_the_rest_is_judged_anew);
}
