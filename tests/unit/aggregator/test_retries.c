/* A record that the store does not take: found, tried, given up; and never for the store's own
 * trouble. */
#include <string.h>

#include "tests/unit/aggregator/stage.h"
#include "tests/unit/unit.h"

enum { RECORDS = 9 };

static void open_with(struct stage *s)
{
    stage_open(s);
    for (int i = 0; i < RECORDS; i++)
        stage_append(s, i);
}

static void all_but(const struct stage *s, int64_t offset)
{
    for (int i = 0; i < RECORDS; i++)
        ck_assert_msg(s->stored[i] == (i != offset), "record %d", i);
    ck_assert_int_eq(s->committed, RECORDS);
}

static void one_letter(const struct stage *s, int64_t offset, const char *reason,
                       enum dead_letter_class class, unsigned attempts)
{
    ck_assert_uint_eq(s->letters, 1);
    ck_assert_int_eq(s->letter[0].offset, offset);
    ck_assert_str_eq(s->letter[0].reason, reason);
    ck_assert_int_eq(s->letter[0].class, class);
    ck_assert_uint_eq(s->letter[0].attempts, attempts);
}

START_TEST(a_refused_record_is_given_up_at_once)
{
    struct stage s;
    open_with(&s);
    s.fault[4].refused = true;
    stage_run_until(&s, 100);
    all_but(&s, 4);
    one_letter(&s, 4, "store_refused", DEAD_POISON, 1);
    ck_assert_uint_eq(s.fault[4].offered, 1);
    pipeline_free(s.pipeline);
}
END_TEST

/* They are asked of the log when the letter is written, while the record is in hand. */
START_TEST(a_letter_has_the_headers_of_its_record)
{
    struct stage s;
    open_with(&s);
    s.headers[3].traceparent = s.headers[5].traceparent = span_str("of a neighbour");
    s.headers[4] = (struct stream_headers){.traceparent = span_str("00-ab-cd-01"),
                                           .replay = span_str("2 1700000000000")};
    s.fault[4].refused = true;
    stage_run_until(&s, 100);
    ck_assert_uint_eq(s.letters, 1);
    ck_assert(span_is(s.letter[0].traceparent, "00-ab-cd-01"));
    ck_assert(span_is(s.letter[0].replay, "2 1700000000000"));
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(a_record_that_keeps_failing_has_its_attempts)
{
    struct stage s;
    open_with(&s);
    s.fault[_i].fails = 1000;
    stage_run_until(&s, 20000);
    all_but(&s, _i);
    one_letter(&s, _i, "retries_exhausted", DEAD_EXHAUSTED, 3);
    ck_assert_uint_eq(s.fault[_i].offered, 3);
    ck_assert_uint_eq(s.fault[_i].alone, 2);
    ck_assert_uint_eq(pipeline_stats(s.pipeline)->retries, 2);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(a_record_that_fails_twice_is_stored)
{
    struct stage s;
    open_with(&s);
    s.fault[8].fails = 2;
    stage_run_until(&s, 20000);
    all_but(&s, -1);
    ck_assert_uint_eq(s.letters, 0);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(a_record_that_spoils_every_call_is_found_by_halves)
{
    struct stage s;
    open_with(&s);
    s.fault[_i].whole = true;
    stage_run_until(&s, 20000);
    all_but(&s, _i);
    one_letter(&s, _i, "retries_exhausted", DEAD_EXHAUSTED, 3);
    ck_assert_uint_le(s.fault[_i].offered, 10);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(trouble_of_the_store_uses_up_no_attempt)
{
    struct stage s;
    open_with(&s);
    s.fault[4].fails = 2;
    s.away = true;
    stage_run_until(&s, 300000);
    ck_assert_int_ne(pipeline_stats(s.pipeline)->blocked_since_ms, 0);
    s.away = false;
    stage_run_until(&s, 400000);
    all_but(&s, -1);
    ck_assert_uint_eq(s.letters, 0);
    pipeline_free(s.pipeline);
}
END_TEST

/* A store that refuses every call for what it holds is a store that refuses: nobody is blamed. */
START_TEST(without_a_witness_nobody_is_given_up)
{
    struct stage s;
    char why[256];
    open_with(&s);
    for (int i = 0; i < RECORDS; i++)
        s.fault[i].whole = true;
    stage_run_until(&s, 300000);
    ck_assert_uint_eq(s.letters, 0);
    ck_assert_int_eq(pipeline_blocked(s.pipeline, why, sizeof why), PIPELINE_BLOCKED_BY_STORE);
    ck_assert_str_eq(why, "the store refuses the call");
    for (int i = 0; i < RECORDS; i++)
        s.fault[i].whole = i == 5;
    stage_run_until(&s, 600000);
    all_but(&s, 5);
    one_letter(&s, 5, "retries_exhausted", DEAD_EXHAUSTED, 3);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(a_revoke_ends_the_pause_before_an_attempt)
{
    struct stage s;
    open_with(&s);
    s.fault[0].fails = 1000;
    while (s.fault[0].offered < 1)
        pipeline_step(s.pipeline);
    s.event = STREAM_REVOKED;
    stage_run_until(&s, 20000);
    ck_assert_uint_eq(s.letters, 0);
    ck_assert_uint_eq(s.fault[0].offered, 1);
    pipeline_free(s.pipeline);
}
END_TEST

UNIT_CASE(retries)
{
    tcase_add_test(tc, a_refused_record_is_given_up_at_once);
    tcase_add_test(tc, a_letter_has_the_headers_of_its_record);
    tcase_add_loop_test(tc, a_record_that_keeps_failing_has_its_attempts, 0, RECORDS);
    tcase_add_test(tc, a_record_that_fails_twice_is_stored);
    tcase_add_loop_test(tc, a_record_that_spoils_every_call_is_found_by_halves, 0, RECORDS);
    tcase_add_test(tc, trouble_of_the_store_uses_up_no_attempt);
    tcase_add_test(tc, without_a_witness_nobody_is_given_up);
    tcase_add_test(tc, a_revoke_ends_the_pause_before_an_attempt);
}
