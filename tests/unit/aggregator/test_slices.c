/* One slice being inserted, others decoded, folded and flushed beside it; and what becomes of an
 * insertion that takes too long. */
#include <stdio.h>

#include "tests/unit/aggregator/stage.h"
#include "tests/unit/unit.h"

enum { RECORDS = 6, SLICE = 2 };

static struct stage stage;

static void set(void)
{
    struct pipeline_config config = pipeline_config_defaults();
    config.slice_records = SLICE;
    stage_open_as(&stage, &config);
    for (int i = 0; i < RECORDS; i++)
        stage_append(&stage, i);
}

static void strike(void)
{
    stage_close(&stage);
}

/* Until so many insertions were begun; the last of them takes until then. */
static void run_into(unsigned begun, int64_t until_ms)
{
    while (stage.begun < begun)
        ck_assert(pipeline_step(stage.pipeline));
    stage.slow_until_ms = until_ms;
}

static uint64_t folded(void)
{
    return pipeline_stats(stage.pipeline)->records;
}

START_TEST(the_next_slice_is_decoded_meanwhile)
{
    stage.record[SLICE].value = span_str("{");
    run_into(1, 10000);
    ck_assert_uint_eq(stage.dead, 0);
    stage_run_until(&stage, 1000);
    ck_assert_uint_eq(stage.dead, 1); /* it was looked at */
    ck_assert_uint_eq(stage.begun, 1);
    ck_assert_uint_eq(folded(), 0);
    ck_assert_int_eq(stage.committed, 0);
    stage_run_until(&stage, 11000);
    ck_assert_int_eq(stage.committed, RECORDS);
    ck_assert_uint_eq(stage.letters, 1);
}
END_TEST

START_TEST(the_slice_before_is_folded_and_written_meanwhile)
{
    run_into(2, 10000);
    ck_assert_uint_eq(folded(), 0);
    stage.now_ms = 1; /* the flush is due once something waits for it */
    stage_run_until(&stage, 100);
    ck_assert_uint_eq(folded(), SLICE);
    ck_assert_uint_eq(stage.begun, 2);
}
END_TEST

/* What is flushed lies before what is being inserted, and its dead letters are out. */
START_TEST(a_flush_does_not_wait_for_the_insertion)
{
    stage.record[0].value = span_str("{");
    run_into(3, 10000);
    ck_assert_uint_eq(folded(), SLICE);
    stage.now_ms += 300; /* longer than windows may wait */
    for (int i = 0; i < 20 && !stage.committed; i++)
        ck_assert(pipeline_step(stage.pipeline));
    ck_assert_int_eq(stage.committed, 2 * SLICE);
    ck_assert_uint_eq(stage.letters, 1);
    ck_assert(stage.inserting);
    ck_assert_uint_eq(stage.begun, 3);
    stage_run_until(&stage, 11000);
    ck_assert_int_eq(stage.committed, RECORDS);
    ck_assert_uint_eq(stage.letters, 1);
}
END_TEST

START_TEST(an_insertion_that_takes_long_blocks_nothing)
{
    char why[64];
    run_into(1, 60000);
    stage_run_until(&stage, 59000);
    ck_assert_int_eq(pipeline_blocked(stage.pipeline, why, sizeof why), PIPELINE_NOT_BLOCKED);
    ck_assert_uint_eq(stage.blocked + stage.abandoned, 0);
    stage_run_until(&stage, 61000);
    ck_assert_int_eq(stage.committed, RECORDS);
}
END_TEST

START_TEST(a_revoke_waits_for_an_insertion_and_what_is_in_hand_is_written)
{
    run_into(2, 3000);
    stage.event = STREAM_REVOKED;
    stage_run_until(&stage, 2900);
    ck_assert_uint_eq(stage.given_back, 0);
    stage_run_until(&stage, 4000);
    ck_assert_uint_eq(stage.given_back, 1);
    ck_assert_uint_eq(stage.abandoned, 0);
    ck_assert_int_eq(stage.committed, RECORDS);
}
END_TEST

START_TEST(a_revoke_does_not_wait_for_ever)
{
    run_into(1, 600000);
    stage.event = STREAM_REVOKED;
    stage_run_until(&stage, 7000);
    ck_assert_uint_eq(stage.given_back, 1);
    ck_assert_uint_eq(stage.abandoned, 1);
    ck_assert_int_eq(stage.committed, 0);
}
END_TEST

START_TEST(who_lost_its_partitions_abandons_the_insertion)
{
    run_into(2, 600000);
    stage.event = STREAM_LOST;
    stage_run_until(&stage, 1000);
    ck_assert_uint_eq(stage.abandoned, 1);
    ck_assert_int_eq(stage.committed, 0);
}
END_TEST

/* That an insertion can be begun says nothing of the store. */
START_TEST(a_store_that_is_away_is_asked_more_and_more_rarely)
{
    run_into(1, 0);
    stage.away = true;
    stage_run_until(&stage, 120000);
    ck_assert_uint_ge(stage.blocked, 4);
    ck_assert_uint_le(stage.blocked, 16);
    ck_assert_str_eq(stage.why, "insert_raw: the store is away");
    stage.away = false;
    stage_run_until(&stage, 200000);
    ck_assert_int_eq(stage.committed, RECORDS);
}
END_TEST

/* Which one of two that are the same is stored must not depend on how long an insertion takes. */
START_TEST(no_insertion_begins_before_the_one_before_is_over)
{
    stage.fault[0].fails = 2;
    stage.fault[3].whole = true;
    for (unsigned begun = 0; stage.now_ms < 60000;) { /* the stage refuses one beside another */
        if (begun < stage.begun)
            stage.slow_until_ms = stage.now_ms + 150;
        begun = stage.begun;
        ck_assert(pipeline_step(stage.pipeline));
    }
    ck_assert_int_eq(stage.committed, RECORDS);
    for (int i = 0; i < RECORDS; i++)
        ck_assert_msg(stage.stored[i] == (i != 3), "record %d", i);
    ck_assert_uint_eq(stage.letters, 1);
}
END_TEST

START_TEST(a_log_that_goes_back_among_records_in_hand_is_noticed)
{
    stage.record[SLICE].offset = 1; /* while 1 is being inserted */
    for (int i = 0; i < 20 && !stage.rejoins; i++)
        ck_assert(pipeline_step(stage.pipeline));
    ck_assert_uint_eq(stage.rejoins, 1);
    ck_assert_uint_eq(stage.abandoned, 1);
}
END_TEST

UNIT_CASE(slices)
{
    tcase_add_checked_fixture(tc, set, strike);
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
