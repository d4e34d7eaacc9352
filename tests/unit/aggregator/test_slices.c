/* One slice being inserted, others decoded, folded and flushed beside it; and what becomes of an
 * insertion that takes too long. */
#include <stdio.h>

#include "tests/unit/aggregator/stage.h"
#include "tests/unit/unit.h"

enum { RECORDS = 6, SLICE = 2 };

static void open_sliced(struct stage *s)
{
    stage_open(s);
    pipeline_free(s->pipeline);
    struct pipeline_config config = pipeline_config_defaults();
    config.slice_records = SLICE;
    s->pipeline = pipeline_new(&config, &s->ports);
    for (int i = 0; i < RECORDS; i++)
        stage_append(s, i);
}

/* Until so many insertions were begun; the last of them takes until then. */
static void run_into(struct stage *s, unsigned begun, int64_t until_ms)
{
    while (s->begun < begun)
        ck_assert(pipeline_step(s->pipeline));
    s->slow_until_ms = until_ms;
}

static uint64_t folded(const struct stage *s)
{
    return pipeline_stats(s->pipeline)->records;
}

START_TEST(the_next_slice_is_decoded_meanwhile)
{
    struct stage s;
    open_sliced(&s);
    s.record[SLICE].value = span_str("{");
    run_into(&s, 1, 10000);
    ck_assert_uint_eq(s.dead, 0);
    stage_run_until(&s, 1000);
    ck_assert_uint_eq(s.dead, 1); /* it was looked at */
    ck_assert_uint_eq(s.begun, 1);
    ck_assert_uint_eq(folded(&s), 0);
    ck_assert_int_eq(s.committed, 0);
    stage_run_until(&s, 11000);
    ck_assert_int_eq(s.committed, RECORDS);
    ck_assert_uint_eq(s.letters, 1);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(the_slice_before_is_folded_and_written_meanwhile)
{
    struct stage s;
    open_sliced(&s);
    run_into(&s, 2, 10000);
    ck_assert_uint_eq(folded(&s), 0);
    s.now_ms = 1; /* the flush is due once something waits for it */
    stage_run_until(&s, 100);
    ck_assert_uint_eq(folded(&s), SLICE);
    ck_assert_uint_eq(s.begun, 2);
    pipeline_free(s.pipeline);
}
END_TEST

/* What is flushed lies before what is being inserted, and its dead letters are out. */
START_TEST(a_flush_does_not_wait_for_the_insertion)
{
    struct stage s;
    open_sliced(&s);
    s.record[0].value = span_str("{");
    run_into(&s, 3, 10000);
    ck_assert_uint_eq(folded(&s), SLICE);
    s.now_ms += 300; /* longer than windows may wait */
    for (int i = 0; i < 20 && !s.committed; i++)
        ck_assert(pipeline_step(s.pipeline));
    ck_assert_int_eq(s.committed, 2 * SLICE);
    ck_assert_uint_eq(s.letters, 1);
    ck_assert(s.inserting);
    ck_assert_uint_eq(s.begun, 3);
    stage_run_until(&s, 11000);
    ck_assert_int_eq(s.committed, RECORDS);
    ck_assert_uint_eq(s.letters, 1);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(an_insertion_that_takes_long_blocks_nothing)
{
    struct stage s;
    char why[64];
    open_sliced(&s);
    run_into(&s, 1, 60000);
    stage_run_until(&s, 59000);
    ck_assert_int_eq(pipeline_blocked(s.pipeline, why, sizeof why), PIPELINE_NOT_BLOCKED);
    ck_assert_uint_eq(s.blocked + s.abandoned, 0);
    stage_run_until(&s, 61000);
    ck_assert_int_eq(s.committed, RECORDS);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(a_revoke_waits_for_an_insertion_and_what_is_in_hand_is_written)
{
    struct stage s;
    open_sliced(&s);
    run_into(&s, 2, 3000);
    s.event = STREAM_REVOKED;
    stage_run_until(&s, 2900);
    ck_assert_uint_eq(s.given_back, 0);
    stage_run_until(&s, 4000);
    ck_assert_uint_eq(s.given_back, 1);
    ck_assert_uint_eq(s.abandoned, 0);
    ck_assert_int_eq(s.committed, RECORDS);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(a_revoke_does_not_wait_for_ever)
{
    struct stage s;
    open_sliced(&s);
    run_into(&s, 1, 600000);
    s.event = STREAM_REVOKED;
    stage_run_until(&s, 7000);
    ck_assert_uint_eq(s.given_back, 1);
    ck_assert_uint_eq(s.abandoned, 1);
    ck_assert_int_eq(s.committed, 0);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(who_lost_its_partitions_abandons_the_insertion)
{
    struct stage s;
    open_sliced(&s);
    run_into(&s, 2, 600000);
    s.event = STREAM_LOST;
    stage_run_until(&s, 1000);
    ck_assert_uint_eq(s.abandoned, 1);
    ck_assert_int_eq(s.committed, 0);
    pipeline_free(s.pipeline);
}
END_TEST

/* That an insertion can be begun says nothing of the store. */
START_TEST(a_store_that_is_away_is_asked_more_and_more_rarely)
{
    struct stage s;
    open_sliced(&s);
    run_into(&s, 1, 0);
    s.away = true;
    stage_run_until(&s, 120000);
    ck_assert_uint_ge(s.blocked, 4);
    ck_assert_uint_le(s.blocked, 16);
    ck_assert_str_eq(s.why, "insert_raw: the store is away");
    s.away = false;
    stage_run_until(&s, 200000);
    ck_assert_int_eq(s.committed, RECORDS);
    pipeline_free(s.pipeline);
}
END_TEST

/* Which one of two that are the same is stored must not depend on how long an insertion takes. */
START_TEST(no_insertion_begins_before_the_one_before_is_over)
{
    struct stage s;
    open_sliced(&s);
    s.fault[0].fails = 2;
    s.fault[3].whole = true;
    for (unsigned begun = 0; s.now_ms < 60000;) { /* the stage refuses one beside another */
        if (begun < s.begun)
            s.slow_until_ms = s.now_ms + 150;
        begun = s.begun;
        ck_assert(pipeline_step(s.pipeline));
    }
    ck_assert_int_eq(s.committed, RECORDS);
    for (int i = 0; i < RECORDS; i++)
        ck_assert_msg(s.stored[i] == (i != 3), "record %d", i);
    ck_assert_uint_eq(s.letters, 1);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(a_log_that_goes_back_among_records_in_hand_is_noticed)
{
    struct stage s;
    open_sliced(&s);
    s.record[SLICE].offset = 1; /* while 1 is being inserted */
    for (int i = 0; i < 20 && !s.rejoins; i++)
        ck_assert(pipeline_step(s.pipeline));
    ck_assert_uint_eq(s.rejoins, 1);
    ck_assert_uint_eq(s.abandoned, 1);
    pipeline_free(s.pipeline);
}
END_TEST

UNIT_CASE(slices)
{
    tcase_add_test(tc, the_next_slice_is_decoded_meanwhile);
    tcase_add_test(tc, the_slice_before_is_folded_and_written_meanwhile);
    tcase_add_test(tc, a_flush_does_not_wait_for_the_insertion);
    tcase_add_test(tc, an_insertion_that_takes_long_blocks_nothing);
    tcase_add_test(tc, a_revoke_waits_for_an_insertion_and_what_is_in_hand_is_written);
    tcase_add_test(tc, a_revoke_does_not_wait_for_ever);
    tcase_add_test(tc, who_lost_its_partitions_abandons_the_insertion);
    tcase_add_test(tc, a_store_that_is_away_is_asked_more_and_more_rarely);
    tcase_add_test(tc, no_insertion_begins_before_the_one_before_is_over);
    tcase_add_test(tc, a_log_that_goes_back_among_records_in_hand_is_noticed);
}
