/* The pipeline, effect by effect; the simulator covers what happens between any two of them. */
#include "tests/unit/alerter/memory_ports.h"
#include "tests/unit/unit.h"

static struct memory_ports m;

static void setup(void)
{
    memory_init(&m);
    memory_notice(&m, STREAM_ASSIGNED, 0);
    memory_notice(&m, STREAM_ASSIGNED, 1);
}

static void teardown(void)
{
    memory_deinit(&m);
}

static void assert_trace(const char *wanted)
{
    const char *trace = memory_trace(&m);
    ck_assert_str_eq(trace, wanted);
}

static const struct alert_pipeline_status *status(void)
{
    return alert_pipeline_status(m.pipeline);
}

/* Runs one record of partition 0. */
static void one(int64_t offset, double temperature)
{
    memory_reading(&m, 0, offset, 1, offset * 1000, temperature);
    memory_run(&m);
}

/* --- the path of a batch ---------------------------------------------------------------------- */

START_TEST(a_healthy_batch_is_only_committed)
{
    one(0, 21);
    assert_trace("load commit:0=1");
    one(1, 22);
    assert_trace("commit:0=2"); /* what is known needs no load */
    ck_assert_uint_eq(m.alerts, 0);
    ck_assert_uint_eq(status()->records[ALERT_RECORD_JUDGED], 2);
}
END_TEST

START_TEST(an_episode_is_stored_before_it_is_told_and_told_before_it_is_committed)
{
    one(0, 60);
    assert_trace("load states alerts publish:fired states commit:0=1");
    one(1, 55);
    assert_trace("states alerts commit:0=2"); /* goes on: nothing to tell */
    one(2, 61);
    assert_trace("states alerts publish:updated states commit:0=3");
    one(3, 50);
    assert_trace("states alerts publish:resolved states commit:0=4");
    one(4, 50);
    assert_trace("commit:0=5");
    ck_assert_uint_eq(m.alerts, 1);
    ck_assert_int_eq(m.alert[0].revision, 4);
    ck_assert_uint_eq(m.alert[0].count, 3);
    ck_assert_uint_eq(m.alert[0].transitions, 3);
    ck_assert(!m.alert[0].active);
    ck_assert_uint_eq(m.state[1][1]->outbox_count, 0);
    const struct alert_transition_counts *n = &status()->transitions;
    ck_assert_uint_eq(n->of[1][ALERT_WARNING][ALERT_EVENT_FIRED], 1);
    ck_assert_uint_eq(n->of[1][ALERT_CRITICAL][ALERT_EVENT_UPDATED], 1);
    ck_assert_uint_eq(n->of[1][ALERT_CRITICAL][ALERT_EVENT_RESOLVED], 1);
}
END_TEST

START_TEST(a_batch_takes_one_write_for_each_kind)
{
    for (int64_t o = 0; o < 3; o++)
        for (int d = 0; d < 3; d++)
            memory_reading(&m, 0, 3 * o + d, d, 1000 * o, 55);
    memory_reading(&m, 1, 7, 3, 0, 21);
    memory_run(&m);
    assert_trace("load states alerts publish:fired,fired,fired states commit:0=9 commit:1=8");
    ck_assert_uint_eq(m.loaded, 4 * m.rules.count);
    ck_assert_uint_eq(m.alerts, 3);
}
END_TEST

START_TEST(episodes_that_begin_and_end_in_one_batch_all_get_documents)
{
    memory_reading(&m, 0, 0, 1, 0, 60);
    memory_reading(&m, 0, 1, 1, 1000, 20);
    memory_reading(&m, 0, 2, 1, 2000, 60);
    memory_run(&m);
    assert_trace("load states alerts publish:fired,resolved,fired states commit:0=3");
    ck_assert_uint_eq(m.alerts, 2);
    ck_assert(!m.alert[0].active && m.alert[1].active);
    ck_assert_uint_eq(m.alert[0].transitions, 2);
}
END_TEST

START_TEST(a_full_outbox_is_told_before_judging_goes_on)
{
    for (int64_t o = 0; o < 10; o++)
        memory_reading(&m, 0, o, 1, 1000 * o, o % 2 ? 20 : 60);
    memory_run(&m);
    assert_trace("load states alerts publish:fired,resolved,fired,resolved states"
                 " states alerts publish:fired,resolved,fired,resolved states"
                 " states alerts publish:fired,resolved states commit:0=10");
}
END_TEST

START_TEST(a_batch_of_rubbish_is_committed)
{
    memory_raw(&m, 0, 5, "{");
    memory_run(&m);
    assert_trace("commit:0=6");
    ck_assert_uint_eq(status()->records[ALERT_RECORD_BAD], 1);
}
END_TEST

/* --- after a crash ---------------------------------------------------------------------------- */

START_TEST(stored_transitions_that_nobody_was_told_of_are_told_after_a_restart)
{
    memory_reading(&m, 0, 0, 1, 0, 60);
    memory_steps(&m, 5); /* two assignments, poll, load, states */
    assert_trace("load states");
    memory_restart(&m);
    one(0, 60);
    assert_trace("load alerts publish:fired states commit:0=1");
    ck_assert_uint_eq(m.alert[0].count, 1);
}
END_TEST

START_TEST(a_document_that_was_not_written_is_written_after_a_restart)
{
    one(0, 60);
    memory_reading(&m, 0, 1, 1, 1000, 55);
    memory_steps(&m, 3); /* poll, nothing to load, states */
    memory_trace(&m);
    ck_assert_uint_eq(m.alert[0].count, 1);
    memory_restart(&m);
    one(1, 55);
    assert_trace("load alerts commit:0=2"); /* no outbox shows it, the replay does */
    ck_assert_uint_eq(m.alert[0].count, 2);
}
END_TEST

START_TEST(a_conflict_judges_the_whole_batch_again)
{
    m.conflicts = 1;
    one(0, 60);
    assert_trace("load states load states alerts publish:fired states commit:0=1");
    ck_assert_uint_eq(status()->conflicts, 1);
    ck_assert_uint_eq(m.alert[0].count, 1);
}
END_TEST

START_TEST(endless_conflicts_are_slowed_down)
{
    m.conflicts = 1000;
    memory_reading(&m, 0, 0, 1, 0, 60);
    struct alert_next next = memory_run(&m);
    ck_assert_int_eq(next.step, ALERT_STEP_BLOCKED);
    ck_assert_int_gt(next.until_ms, m.now_ms);
    ck_assert_uint_lt(status()->conflicts, 10);
}
END_TEST

/* --- trouble ---------------------------------------------------------------------------------- */

START_TEST(a_failed_step_is_repeated_after_a_pause_and_nothing_else)
{
    m.fail_load = m.fail_states = m.fail_alerts = m.fail_publish = 1;
    memory_reading(&m, 0, 0, 1, 0, 60);
    for (int i = 0; i < 5; i++) {
        struct alert_next next = memory_run(&m);
        if (next.step == ALERT_STEP_IDLE)
            break;
        ck_assert_int_eq(next.step, ALERT_STEP_BLOCKED);
        ck_assert_int_ge(next.until_ms, m.now_ms + 250);
        ck_assert_int_eq(status()->blocked_since_ms, m.now_ms);
        ck_assert_int_eq(memory_step(&m).step, ALERT_STEP_BLOCKED); /* too early: no effect */
        m.now_ms = next.until_ms;
    }
    assert_trace("load! load states! states alerts! alerts publish! publish:fired states"
                 " commit:0=1");
    ck_assert_uint_eq(status()->failures, 4);
    ck_assert_int_eq(status()->blocked_since_ms, -1);
}
END_TEST

START_TEST(pauses_grow_to_half_a_minute_and_no_further)
{
    m.fail_load = 100;
    memory_reading(&m, 0, 0, 1, 0, 60);
    int64_t longest = 0;
    for (int i = 0; i < 100; i++) {
        struct alert_next next = memory_run(&m);
        ck_assert_int_eq(next.step, ALERT_STEP_BLOCKED);
        longest = next.until_ms - m.now_ms > longest ? next.until_ms - m.now_ms : longest;
        m.now_ms = next.until_ms;
    }
    ck_assert_int_gt(longest, 20000);
    ck_assert_int_le(longest, 30000);
}
END_TEST

START_TEST(errors_of_the_stream_are_counted_and_passed_over)
{
    memory_notice(&m, STREAM_ERROR, 0);
    one(0, 21);
    assert_trace("load commit:0=1");
    ck_assert_uint_eq(status()->stream_errors, 1);
    ck_assert_str_eq(status()->stream_error.message, "the broker is away");
}
END_TEST

/* --- partitions that come and go -------------------------------------------------------------- */

START_TEST(a_revoke_between_batches_is_answered_and_forgets_what_was_known)
{
    one(0, 21);
    ck_assert_uint_eq(status()->owned.count, 2);
    memory_trace(&m);
    memory_notice(&m, STREAM_REVOKED, 0);
    memory_run(&m);
    assert_trace("revoke_done");
    ck_assert_uint_eq(status()->owned.count, 1);
    one(1, 21);
    assert_trace("load commit:0=2"); /* somebody else may have changed it meanwhile */
}
END_TEST

START_TEST(a_revoke_while_blocked_gets_one_more_try)
{
    m.fail_states = 1;
    memory_reading(&m, 0, 0, 1, 0, 60);
    memory_run(&m);
    memory_notice(&m, STREAM_REVOKED, 0);
    memory_run(&m); /* without any time passing */
    assert_trace("load states! states alerts publish:fired states commit:0=1 revoke_done");
}
END_TEST

START_TEST(a_revoke_does_not_wait_for_a_store_that_is_away)
{
    m.fail_states = 1000;
    memory_reading(&m, 0, 0, 1, 0, 60);
    memory_run(&m);
    memory_notice(&m, STREAM_REVOKED, 0);
    ck_assert_int_eq(memory_run(&m).step, ALERT_STEP_IDLE);
    assert_trace("load states! states! revoke_done");
    ck_assert_int_eq(status()->phase, ALERT_PHASE_POLL);
    ck_assert_int_eq(status()->blocked_since_ms, -1);
}
END_TEST

START_TEST(lost_records_are_dropped_and_those_of_other_partitions_are_not)
{
    m.fail_states = 1;
    memory_reading(&m, 0, 0, 1, 0, 60);
    memory_reading(&m, 1, 0, 2, 0, 60);
    struct alert_next next = memory_run(&m);
    memory_notice(&m, STREAM_LOST, 0);
    memory_run(&m);
    m.now_ms = next.until_ms;
    memory_run(&m);
    assert_trace("load states! load states alerts publish:fired states commit:1=1");
    ck_assert_ptr_null(m.state[1][1]);
    ck_assert_ptr_nonnull(m.state[1][2]);
}
END_TEST

START_TEST(losing_everything_leaves_nothing_in_hand)
{
    m.fail_load = 1;
    memory_reading(&m, 0, 0, 1, 0, 60);
    memory_run(&m);
    memory_notice(&m, STREAM_LOST, 0);
    ck_assert_int_eq(memory_run(&m).step, ALERT_STEP_IDLE);
    assert_trace("load!");
    ck_assert_int_eq(status()->phase, ALERT_PHASE_POLL);
}
END_TEST

/* --- memory ----------------------------------------------------------------------------------- */

START_TEST(the_cache_is_bounded)
{
    for (int d = 0; d < 4; d++) /* one more than cache_devices */
        memory_reading(&m, 0, d, d, 0, 21);
    memory_run(&m);
    memory_trace(&m);
    ck_assert_uint_eq(status()->cached_devices, 4);
    one(4, 21);
    assert_trace("load commit:0=5");
    ck_assert_uint_eq(m.loaded, m.rules.count);
    ck_assert_uint_eq(status()->cached_devices, 1);
}
END_TEST

START_TEST(the_cache_does_not_grow_old)
{
    one(0, 21);
    memory_trace(&m);
    m.now_ms += 59999;
    one(1, 21);
    assert_trace("commit:0=2");
    m.now_ms += 1;
    one(2, 21);
    assert_trace("load commit:0=3");
}
END_TEST

UNIT_CASE(pipeline)
{
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_healthy_batch_is_only_committed);
    tcase_add_test(tc, an_episode_is_stored_before_it_is_told_and_told_before_it_is_committed);
    tcase_add_test(tc, a_batch_takes_one_write_for_each_kind);
    tcase_add_test(tc, episodes_that_begin_and_end_in_one_batch_all_get_documents);
    tcase_add_test(tc, a_full_outbox_is_told_before_judging_goes_on);
    tcase_add_test(tc, a_batch_of_rubbish_is_committed);
    tcase_add_test(tc, stored_transitions_that_nobody_was_told_of_are_told_after_a_restart);
    tcase_add_test(tc, a_document_that_was_not_written_is_written_after_a_restart);
    tcase_add_test(tc, a_conflict_judges_the_whole_batch_again);
    tcase_add_test(tc, endless_conflicts_are_slowed_down);
    tcase_add_test(tc, a_failed_step_is_repeated_after_a_pause_and_nothing_else);
    tcase_add_test(tc, pauses_grow_to_half_a_minute_and_no_further);
    tcase_add_test(tc, errors_of_the_stream_are_counted_and_passed_over);
    tcase_add_test(tc, a_revoke_between_batches_is_answered_and_forgets_what_was_known);
    tcase_add_test(tc, a_revoke_while_blocked_gets_one_more_try);
    tcase_add_test(tc, a_revoke_does_not_wait_for_a_store_that_is_away);
    tcase_add_test(tc, lost_records_are_dropped_and_those_of_other_partitions_are_not);
    tcase_add_test(tc, losing_everything_leaves_nothing_in_hand);
    tcase_add_test(tc, the_cache_is_bounded);
    tcase_add_test(tc, the_cache_does_not_grow_old);
}
