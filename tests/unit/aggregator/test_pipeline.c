/* The step machine in a world that does what the test says: what the simulator's random schedules
 * do not look at. */
#include <string.h>

#include "tests/unit/aggregator/stage.h"
#include "tests/unit/unit.h"

static struct stage stage;

static void set(void)
{
    stage_open(&stage);
}

static void strike(void)
{
    stage_close(&stage);
}

static void open_anew(const struct pipeline_config *config)
{
    stage_close(&stage);
    stage_open_as(&stage, config);
}

/* A reading every so often, until the stage is full of them. */
static void feed_every(int64_t ms)
{
    for (int i = 0; i < STAGE_RECORDS; i++) {
        stage_append(&stage, i * ms);
        stage_run_until(&stage, i * ms);
    }
}

START_TEST(the_windows_of_an_idle_partition_become_final)
{
    stage_append(&stage, 0);
    stage_run_until(&stage, 119000);
    ck_assert_uint_eq(stage.finals, 0);
    stage_run_until(&stage, 123000);
    ck_assert_uint_eq(stage.finals, 2);
}
END_TEST

/* A partition is not idle because nobody could read it. */
START_TEST(readings_that_waited_for_the_store_are_not_late)
{
    stage_append(&stage, 0);
    stage_run_until(&stage, 1000);
    stage.read_only = true;
    stage_append(&stage, 1000);
    stage_run_until(&stage, 2000);
    stage_append(&stage, 3000); /* stays in the log while the store takes nothing */
    stage_run_until(&stage, 300000);
    stage.read_only = false;
    stage_run_until(&stage, 340000);
    ck_assert_uint_eq(stage.given, 3);
    ck_assert_uint_eq(stage.late, 0);
}
END_TEST

/* Whoever has no partition any more has nothing that could be blocked. */
START_TEST(a_revoke_ends_the_blocking)
{
    char why[64];
    stage_append(&stage, 0);
    stage.away = true;
    stage_run_until(&stage, 1000);
    ck_assert(pipeline_blocked(stage.pipeline, why, sizeof why));
    stage.event = STREAM_REVOKED;
    stage_run_until(&stage, 60000);
    ck_assert(!pipeline_blocked(stage.pipeline, why, sizeof why));
    ck_assert_int_eq(pipeline_stats(stage.pipeline)->blocked_since_ms, 0);
}
END_TEST

/* Its offsets begin anew, so its records would be taken for replays and dropped without a word. */
START_TEST(a_topic_made_anew_is_not_read)
{
    char why[256];
    stage.account = 100;
    stage_append(&stage, 0);
    stage_run_until(&stage, 60000);
    ck_assert_uint_eq(stage.given, 0);
    ck_assert_int_eq(pipeline_blocked(stage.pipeline, why, sizeof why), PIPELINE_BLOCKED_BY_STORE);
    ck_assert_msg(strstr(why, "its ledger is at 100") != NULL, "%s", why);
    stage.account = 0; /* a store without that account */
    stage_run_until(&stage, 120000);
    ck_assert_uint_eq(stage.given, 1);
}
END_TEST

/* Sixteen readings of one minute come one by one, each in two windows: what must wait for its
 * turn is folded, not written. */
START_TEST(window_writes_are_bounded)
{
    struct pipeline_config config = pipeline_config_defaults();
    config.window_writes = 2;
    open_anew(&config);
    feed_every(200);
    ck_assert_uint_ge(stage.window_writes, 4);
    ck_assert_uint_le(stage.window_writes, 2 + 2 * 4);
    ck_assert_int_lt(stage.committed, STAGE_RECORDS); /* the offsets wait with the windows */
    stage_run_until(&stage, 10000);
    ck_assert_int_eq(stage.committed, STAGE_RECORDS);
}
END_TEST

START_TEST(memory_outranks_the_bound_of_window_writes)
{
    struct pipeline_config config = pipeline_config_defaults();
    config.window_writes = 1;
    config.max_unwritten = 4;
    open_anew(&config);
    feed_every(10);
    ck_assert_int_ge(stage.committed, STAGE_RECORDS - 4);
}
END_TEST

/* Of a backlog whose records take so long each, while each call that writes windows does so. */
static void backlog_of(int64_t read_takes_ms, int64_t write_takes_ms)
{
    stage_run_until(&stage, 1);
    stage.read_takes_ms = read_takes_ms;
    stage.write_takes_ms = write_takes_ms;
    for (int i = 0; i < STAGE_RECORDS; i++)
        stage_append(&stage, 0);
}

START_TEST(writing_windows_takes_a_tenth_of_a_backlogs_time)
{
    backlog_of(50, 100);
    while (stage.given < STAGE_RECORDS)
        ck_assert(pipeline_step(stage.pipeline));
    ck_assert_uint_eq(stage.window_writes, 2); /* after 200 ms, and then not before another 900 */
    int64_t drained_ms = stage.now_ms;
    stage_run_until(&stage, drained_ms + 101); /* nothing more is waiting: at once */
    ck_assert_int_eq(stage.committed, STAGE_RECORDS);
    ck_assert_uint_eq(stage.window_writes, 4);
}
END_TEST

START_TEST(what_takes_long_to_write_is_written_all_the_same)
{
    backlog_of(200, 60000);
    while (stage.given < STAGE_RECORDS)
        ck_assert(pipeline_step(stage.pipeline));
    ck_assert_uint_eq(stage.window_writes,
                      2 * 3); /* at 200 ms, and after a second of readings each */
}
END_TEST

UNIT_CASE(pipeline)
{
    tcase_add_checked_fixture(tc, set, strike);
    tcase_add_test(tc, writing_windows_takes_a_tenth_of_a_backlogs_time);
    tcase_add_test(tc, what_takes_long_to_write_is_written_all_the_same);
    tcase_add_test(tc, a_topic_made_anew_is_not_read);
    tcase_add_test(tc, the_windows_of_an_idle_partition_become_final);
    tcase_add_test(tc, readings_that_waited_for_the_store_are_not_late);
    tcase_add_test(tc, a_revoke_ends_the_blocking);
    tcase_add_test(tc, window_writes_are_bounded);
    tcase_add_test(tc, memory_outranks_the_bound_of_window_writes);
}
