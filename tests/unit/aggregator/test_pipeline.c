/* The step machine in a world that does what the test says: what the simulator's random schedules
 * do not look at. */
#include <string.h>

#include "tests/unit/aggregator/stage.h"
#include "tests/unit/unit.h"

START_TEST(the_windows_of_an_idle_partition_become_final)
{
    struct stage s;
    stage_open(&s);
    stage_append(&s, 0);
    stage_run_until(&s, 119000);
    ck_assert_uint_eq(s.finals, 0);
    stage_run_until(&s, 123000);
    ck_assert_uint_eq(s.finals, 2);
    pipeline_free(s.pipeline);
}
END_TEST

/* A partition is not idle because nobody could read it. */
START_TEST(readings_that_waited_for_the_store_are_not_late)
{
    struct stage s;
    stage_open(&s);
    stage_append(&s, 0);
    stage_run_until(&s, 1000);
    s.read_only = true;
    stage_append(&s, 1000);
    stage_run_until(&s, 2000);
    stage_append(&s, 3000); /* stays in the log while the store takes nothing */
    stage_run_until(&s, 300000);
    s.read_only = false;
    stage_run_until(&s, 340000);
    ck_assert_uint_eq(s.given, 3);
    ck_assert_uint_eq(s.late, 0);
    pipeline_free(s.pipeline);
}
END_TEST

/* Whoever has no partition any more has nothing that could be blocked. */
START_TEST(a_revoke_ends_the_blocking)
{
    struct stage s;
    char why[64];
    stage_open(&s);
    stage_append(&s, 0);
    s.away = true;
    stage_run_until(&s, 1000);
    ck_assert(pipeline_blocked(s.pipeline, why, sizeof why));
    s.event = STREAM_REVOKED;
    stage_run_until(&s, 60000);
    ck_assert(!pipeline_blocked(s.pipeline, why, sizeof why));
    ck_assert_int_eq(pipeline_stats(s.pipeline)->blocked_since_ms, 0);
    pipeline_free(s.pipeline);
}
END_TEST

/* Its offsets begin anew, so its records would be taken for replays and dropped without a word. */
START_TEST(a_topic_made_anew_is_not_read)
{
    struct stage s;
    char why[256];
    stage_open(&s);
    s.account = 100;
    stage_append(&s, 0);
    stage_run_until(&s, 60000);
    ck_assert_uint_eq(s.given, 0);
    ck_assert_int_eq(pipeline_blocked(s.pipeline, why, sizeof why), PIPELINE_BLOCKED_BY_STORE);
    ck_assert_msg(strstr(why, "its ledger is at 100") != NULL, "%s", why);
    s.account = 0; /* a store without that account */
    stage_run_until(&s, 120000);
    ck_assert_uint_eq(s.given, 1);
    pipeline_free(s.pipeline);
}
END_TEST

/* Sixteen readings of one minute come one by one, each in two windows: what must wait for its
 * turn is folded, not written. */
START_TEST(window_writes_are_bounded)
{
    struct stage s;
    stage_open(&s);
    pipeline_free(s.pipeline);
    struct pipeline_config config = pipeline_config_defaults();
    config.window_writes = 2;
    s.pipeline = pipeline_new(&config, &s.ports);
    for (int i = 0; i < STAGE_RECORDS; i++) {
        stage_append(&s, i * 200);
        stage_run_until(&s, i * 200);
    }
    ck_assert_uint_ge(s.window_writes, 4);
    ck_assert_uint_le(s.window_writes, 2 + 2 * 4);
    ck_assert_int_lt(s.committed, STAGE_RECORDS); /* the offsets wait with the windows */
    stage_run_until(&s, 10000);
    ck_assert_int_eq(s.committed, STAGE_RECORDS);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(memory_outranks_the_bound_of_window_writes)
{
    struct stage s;
    stage_open(&s);
    pipeline_free(s.pipeline);
    struct pipeline_config config = pipeline_config_defaults();
    config.window_writes = 1;
    config.max_unwritten = 4;
    s.pipeline = pipeline_new(&config, &s.ports);
    for (int i = 0; i < STAGE_RECORDS; i++) {
        stage_append(&s, i * 10);
        stage_run_until(&s, i * 10);
    }
    ck_assert_int_ge(s.committed, STAGE_RECORDS - 4);
    pipeline_free(s.pipeline);
}
END_TEST

/* Of a backlog whose records take so long each, while each call that writes windows does so. */
static void open_backlog(struct stage *s, int64_t read_takes_ms, int64_t write_takes_ms)
{
    stage_open(s);
    stage_run_until(s, 1);
    s->read_takes_ms = read_takes_ms;
    s->write_takes_ms = write_takes_ms;
    for (int i = 0; i < STAGE_RECORDS; i++)
        stage_append(s, 0);
}

START_TEST(writing_windows_takes_a_tenth_of_a_backlogs_time)
{
    struct stage s;
    open_backlog(&s, 50, 100);
    while (s.given < STAGE_RECORDS)
        ck_assert(pipeline_step(s.pipeline));
    ck_assert_uint_eq(s.window_writes, 2); /* after 200 ms, and then not before another 900 */
    int64_t drained_ms = s.now_ms;
    stage_run_until(&s, drained_ms + 101); /* nothing more is waiting: at once */
    ck_assert_int_eq(s.committed, STAGE_RECORDS);
    ck_assert_uint_eq(s.window_writes, 4);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(what_takes_long_to_write_is_written_all_the_same)
{
    struct stage s;
    open_backlog(&s, 200, 60000);
    while (s.given < STAGE_RECORDS)
        ck_assert(pipeline_step(s.pipeline));
    ck_assert_uint_eq(s.window_writes, 2 * 3); /* at 200 ms, and after a second of readings each */
    pipeline_free(s.pipeline);
}
END_TEST

UNIT_CASE(pipeline)
{
    tcase_add_test(tc, writing_windows_takes_a_tenth_of_a_backlogs_time);
    tcase_add_test(tc, what_takes_long_to_write_is_written_all_the_same);
    tcase_add_test(tc, a_topic_made_anew_is_not_read);
    tcase_add_test(tc, the_windows_of_an_idle_partition_become_final);
    tcase_add_test(tc, readings_that_waited_for_the_store_are_not_late);
    tcase_add_test(tc, a_revoke_ends_the_blocking);
    tcase_add_test(tc, window_writes_are_bounded);
    tcase_add_test(tc, memory_outranks_the_bound_of_window_writes);
}
