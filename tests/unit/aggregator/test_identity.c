/* A store that was replaced by an empty one, and a topic that was made anew: noticed, said, and
 * nothing claimed that is not there. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/aggregator/stage.h"
#include "tests/unit/unit.h"

static void open_with(struct stage *s, int records)
{
    stage_open(s);
    for (int i = 0; i < records; i++)
        stage_append(s, i);
    stage_run_until(s, 1000);
    ck_assert_int_eq(s->committed, records);
    ck_assert_int_eq(s->ledger.next_offset, records);
}

START_TEST(a_replaced_store_is_noticed_while_nothing_comes)
{
    struct stage s;
    open_with(&s, 3);
    s.store = -1;
    stage_run_until(&s, 15000);
    ck_assert_uint_eq(s.replaced, 1);
    ck_assert_uint_eq(s.rejoins, 2);
    pipeline_free(s.pipeline);
}
END_TEST

/* The new store gets what the old one had, as far as the log reaches. */
START_TEST(a_replaced_store_is_filled_again)
{
    struct stage s;
    open_with(&s, 3);
    s.store = -1;
    stage_append(&s, 1100);
    stage_append(&s, 1200);
    stage_run_until(&s, 5000);
    ck_assert_uint_eq(s.replaced, 1);
    ck_assert_uint_eq(s.rewinds, 1);
    ck_assert_int_eq(s.ledger_store, 1);
    ck_assert_int_eq(s.ledger.first, 0);
    ck_assert_int_eq(s.ledger.next_offset, 5);
    ck_assert_uint_eq(s.ledger.stored, 5);
    ck_assert_int_eq(s.committed, 5);
    ck_assert_uint_eq(s.blocked, 0);
    pipeline_free(s.pipeline);
}
END_TEST

/* Nobody was there to see it happen: the group's offset in Kafka tells. */
START_TEST(a_store_emptied_before_the_start_is_filled_again)
{
    struct stage s;
    stage_open(&s);
    for (int i = 0; i < 3; i++)
        stage_append(&s, i);
    s.committed = 2;
    stage_run_until(&s, 5000);
    ck_assert_uint_eq(s.rewinds, 1);
    ck_assert_uint_eq(s.replaced, 0);
    ck_assert_int_eq(s.ledger.first, 0);
    ck_assert_uint_eq(s.ledger.stored, 3);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(a_store_that_went_back_is_caught_up)
{
    struct stage s;
    open_with(&s, 2);
    struct ledger copy = s.ledger;
    stage_append(&s, 1100);
    stage_run_until(&s, 2000);
    ck_assert_int_eq(s.committed, 3);
    s.ledger = copy;
    stage_append(&s, 2100);
    stage_run_until(&s, 5000);
    ck_assert_uint_eq(s.rewinds, 1);
    ck_assert_int_eq(s.ledger.next_offset, 4);
    ck_assert_uint_eq(s.ledger.stored, 4);
    ck_assert_uint_eq(s.ledger.gap, 0);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(a_store_that_was_only_away_is_the_same)
{
    struct stage s;
    open_with(&s, 3);
    s.away = true;
    stage_run_until(&s, 60000);
    s.away = false;
    stage_append(&s, 60000);
    stage_run_until(&s, 120000);
    ck_assert_uint_eq(s.replaced, 0);
    ck_assert_int_eq(s.ledger.first, 0);
    ck_assert_uint_eq(s.ledger.stored, 4);
    pipeline_free(s.pipeline);
}
END_TEST

/* It has grown past the ledger again, so its end alone says nothing. */
START_TEST(a_topic_made_anew_that_grew_is_not_read)
{
    struct stage s;
    open_with(&s, 3);
    s.event = STREAM_REVOKED;
    stage_run_until(&s, 2000);
    for (int i = 0; i < 3; i++)
        s.record[i].timestamp_ms += 3600000;
    stage_append(&s, 3600000);
    s.given = 0;
    s.committed = 0;
    s.event = STREAM_ASSIGNED;
    stage_run_until(&s, 60000);
    ck_assert_uint_eq(s.given, 0);
    ck_assert_msg(strstr(s.why, "holds another record at 2 than its ledger") != NULL, "%s", s.why);
    ck_assert_int_eq(s.ledger.next_offset, 3);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(the_same_topic_is_known_again)
{
    struct stage s;
    open_with(&s, 3);
    s.event = STREAM_REVOKED;
    stage_run_until(&s, 2000);
    stage_append(&s, 2000);
    s.event = STREAM_ASSIGNED;
    stage_run_until(&s, 4000);
    ck_assert_uint_eq(s.blocked, 0);
    ck_assert_int_eq(s.ledger.next_offset, 4);
    pipeline_free(s.pipeline);
}
END_TEST

START_TEST(a_log_that_goes_back_ends_the_assignment)
{
    struct stage s;
    open_with(&s, 3);
    s.given = 1; /* its records come again */
    for (int i = 0; i < 3; i++)
        s.record[i].timestamp_ms += 3600000;
    stage_run_until(&s, 60000);
    ck_assert_uint_eq(s.rejoins, 1);
    ck_assert_msg(strstr(s.why, "holds another record at 2") != NULL, "%s", s.why);
    pipeline_free(s.pipeline);
}
END_TEST

UNIT_CASE(identity)
{
    tcase_add_test(tc, a_replaced_store_is_noticed_while_nothing_comes);
    tcase_add_test(tc, a_replaced_store_is_filled_again);
    tcase_add_test(tc, a_store_emptied_before_the_start_is_filled_again);
    tcase_add_test(tc, a_store_that_went_back_is_caught_up);
    tcase_add_test(tc, a_store_that_was_only_away_is_the_same);
    tcase_add_test(tc, a_topic_made_anew_that_grew_is_not_read);
    tcase_add_test(tc, the_same_topic_is_known_again);
    tcase_add_test(tc, a_log_that_goes_back_ends_the_assignment);
}
