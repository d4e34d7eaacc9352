/* A record that the store does not take: found, tried, given up; and never for the store's own
 * trouble. */
#include <string.h>

#include "tests/unit/aggregator/stage.h"
#include "tests/unit/unit.h"

enum { RECORDS = 9 };

static struct stage stage;

static void set(void)
{
    stage_open(&stage);
    for (int i = 0; i < RECORDS; i++)
        stage_append(&stage, i);
}

static void strike(void)
{
    stage_close(&stage);
}

static void all_but(int64_t offset)
{
    for (int i = 0; i < RECORDS; i++)
        ck_assert_msg(stage.stored[i] == (i != offset), "record %d", i);
    ck_assert_int_eq(stage.committed, RECORDS);
}

static void one_letter(int64_t offset, const char *reason, enum dead_letter_class class,
                       unsigned attempts)
{
    ck_assert_uint_eq(stage.letters, 1);
    ck_assert_int_eq(stage.letter[0].offset, offset);
    ck_assert_str_eq(stage.letter[0].reason, reason);
    ck_assert_int_eq(stage.letter[0].class, class);
    ck_assert_uint_eq(stage.letter[0].attempts, attempts);
}

START_TEST(a_refused_record_is_given_up_at_once)
{
    stage.fault[4].refused = true;
    stage_run_until(&stage, 100);
    all_but(4);
    one_letter(4, "store_refused", DEAD_POISON, 1);
    ck_assert_uint_eq(stage.fault[4].offered, 1);
}
END_TEST

/* They are asked of the log when the letter is written, while the record is in hand. */
START_TEST(a_letter_has_the_headers_of_its_record)
{
    stage.headers[3].traceparent = stage.headers[5].traceparent = span_str("of a neighbour");
    stage.headers[4] = (struct stream_headers){.traceparent = span_str("00-ab-cd-01"),
                                               .replay = span_str("2 1700000000000")};
    stage.fault[4].refused = true;
    stage_run_until(&stage, 100);
    ck_assert_uint_eq(stage.letters, 1);
    ck_assert(span_is(stage.letter[0].traceparent, "00-ab-cd-01"));
    ck_assert(span_is(stage.letter[0].replay, "2 1700000000000"));
}
END_TEST

START_TEST(a_record_that_keeps_failing_has_its_attempts)
{
    stage.fault[_i].fails = 1000;
    stage_run_until(&stage, 20000);
    all_but(_i);
    one_letter(_i, "retries_exhausted", DEAD_EXHAUSTED, 3);
    ck_assert_uint_eq(stage.fault[_i].offered, 3);
    ck_assert_uint_eq(stage.fault[_i].alone, 2);
    ck_assert_uint_eq(pipeline_stats(stage.pipeline)->retries, 2);
}
END_TEST

START_TEST(a_record_that_fails_twice_is_stored)
{
    stage.fault[8].fails = 2;
    stage_run_until(&stage, 20000);
    all_but(-1);
    ck_assert_uint_eq(stage.letters, 0);
}
END_TEST

START_TEST(a_record_that_spoils_every_call_is_found_by_halves)
{
    stage.fault[_i].whole = true;
    stage_run_until(&stage, 20000);
    all_but(_i);
    one_letter(_i, "retries_exhausted", DEAD_EXHAUSTED, 3);
    ck_assert_uint_le(stage.fault[_i].offered, 10);
}
END_TEST

START_TEST(trouble_of_the_store_uses_up_no_attempt)
{
    stage.fault[4].fails = 2;
    stage.away = true;
    stage_run_until(&stage, 300000);
    ck_assert_int_ne(pipeline_stats(stage.pipeline)->blocked_since_ms, 0);
    stage.away = false;
    stage_run_until(&stage, 400000);
    all_but(-1);
    ck_assert_uint_eq(stage.letters, 0);
}
END_TEST

/* A store that refuses every call for what it holds is a store that refuses: nobody is blamed. */
START_TEST(without_a_witness_nobody_is_given_up)
{
    char why[256];
    for (int i = 0; i < RECORDS; i++)
        stage.fault[i].whole = true;
    stage_run_until(&stage, 300000);
    ck_assert_uint_eq(stage.letters, 0);
    ck_assert_int_eq(pipeline_blocked(stage.pipeline, why, sizeof why), PIPELINE_BLOCKED_BY_STORE);
    ck_assert_str_eq(why, "the store refuses the call");
    for (int i = 0; i < RECORDS; i++)
        stage.fault[i].whole = i == 5;
    stage_run_until(&stage, 600000);
    all_but(5);
    one_letter(5, "retries_exhausted", DEAD_EXHAUSTED, 3);
}
END_TEST

START_TEST(a_revoke_ends_the_pause_before_an_attempt)
{
    stage.fault[0].fails = 1000;
    while (stage.fault[0].offered < 1)
        pipeline_step(stage.pipeline);
    stage.event = STREAM_REVOKED;
    stage_run_until(&stage, 20000);
    ck_assert_uint_eq(stage.letters, 0);
    ck_assert_uint_eq(stage.fault[0].offered, 1);
}
END_TEST

UNIT_CASE(retries)
{
    tcase_add_checked_fixture(tc, set, strike);
    tcase_add_test(tc, a_refused_record_is_given_up_at_once);
    tcase_add_test(tc, a_letter_has_the_headers_of_its_record);
    tcase_add_loop_test(tc, a_record_that_keeps_failing_has_its_attempts, 0, RECORDS);
    tcase_add_test(tc, a_record_that_fails_twice_is_stored);
    tcase_add_loop_test(tc, a_record_that_spoils_every_call_is_found_by_halves, 0, RECORDS);
    tcase_add_test(tc, trouble_of_the_store_uses_up_no_attempt);
    tcase_add_test(tc, without_a_witness_nobody_is_given_up);
    tcase_add_test(tc, a_revoke_ends_the_pause_before_an_attempt);
}
