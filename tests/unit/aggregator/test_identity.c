/* A store that was replaced by an empty one, and a topic that was made anew: noticed, said, and
 * nothing claimed that is not there. */
#include <stdio.h>
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

/* So many records come, and are accounted for. */
static void account_for(int records)
{
    for (int i = 0; i < records; i++)
        stage_append(&stage, i);
    stage_run_until(&stage, 1000);
    ck_assert_int_eq(stage.committed, records);
    ck_assert_int_eq(stage.ledger.next_offset, records);
}

START_TEST(a_replaced_store_is_noticed_while_nothing_comes)
{
    account_for(3);
    stage.store = -1;
    stage_run_until(&stage, 15000);
    ck_assert_uint_eq(stage.replaced, 1);
    ck_assert_uint_eq(stage.rejoins, 2);
}
END_TEST

/* The new store gets what the old one had, as far as the log reaches. */
START_TEST(a_replaced_store_is_filled_again)
{
    account_for(3);
    stage.store = -1;
    stage_append(&stage, 1100);
    stage_append(&stage, 1200);
    stage_run_until(&stage, 5000);
    ck_assert_uint_eq(stage.replaced, 1);
    ck_assert_uint_eq(stage.rewinds, 1);
    ck_assert_int_eq(stage.ledger_store, 1);
    ck_assert_int_eq(stage.ledger.first, 0);
    ck_assert_int_eq(stage.ledger.next_offset, 5);
    ck_assert_uint_eq(stage.ledger.stored, 5);
    ck_assert_int_eq(stage.committed, 5);
    ck_assert_uint_eq(stage.blocked, 0);
}
END_TEST

/* Nobody was there to see it happen: the group's offset in Kafka tells. */
START_TEST(a_store_emptied_before_the_start_is_filled_again)
{
    for (int i = 0; i < 3; i++)
        stage_append(&stage, i);
    stage.committed = 2;
    stage_run_until(&stage, 5000);
    ck_assert_uint_eq(stage.rewinds, 1);
    ck_assert_uint_eq(stage.replaced, 0);
    ck_assert_int_eq(stage.ledger.first, 0);
    ck_assert_uint_eq(stage.ledger.stored, 3);
}
END_TEST

START_TEST(a_store_that_went_back_is_caught_up)
{
    account_for(2);
    struct ledger copy = stage.ledger;
    stage_append(&stage, 1100);
    stage_run_until(&stage, 2000);
    ck_assert_int_eq(stage.committed, 3);
    stage.ledger = copy;
    stage_append(&stage, 2100);
    stage_run_until(&stage, 5000);
    ck_assert_uint_eq(stage.rewinds, 1);
    ck_assert_int_eq(stage.ledger.next_offset, 4);
    ck_assert_uint_eq(stage.ledger.stored, 4);
    ck_assert_uint_eq(stage.ledger.gap, 0);
}
END_TEST

START_TEST(a_store_that_was_only_away_is_the_same)
{
    account_for(3);
    stage.away = true;
    stage_run_until(&stage, 60000);
    stage.away = false;
    stage_append(&stage, 60000);
    stage_run_until(&stage, 120000);
    ck_assert_uint_eq(stage.replaced, 0);
    ck_assert_int_eq(stage.ledger.first, 0);
    ck_assert_uint_eq(stage.ledger.stored, 4);
}
END_TEST

/* It has grown past the ledger again, so its end alone says nothing. */
START_TEST(a_topic_made_anew_that_grew_is_not_read)
{
    account_for(3);
    stage.event = STREAM_REVOKED;
    stage_run_until(&stage, 2000);
    for (int i = 0; i < 3; i++)
        stage.record[i].timestamp_ms += 3600000;
    stage_append(&stage, 3600000);
    stage.given = 0;
    stage.committed = 0;
    stage.event = STREAM_ASSIGNED;
    stage_run_until(&stage, 60000);
    ck_assert_uint_eq(stage.given, 0);
    ck_assert_msg(strstr(stage.why, "holds another record at 2 than its ledger") != NULL, "%s",
                  stage.why);
    ck_assert_int_eq(stage.ledger.next_offset, 3);
}
END_TEST

START_TEST(the_same_topic_is_known_again)
{
    account_for(3);
    stage.event = STREAM_REVOKED;
    stage_run_until(&stage, 2000);
    stage_append(&stage, 2000);
    stage.event = STREAM_ASSIGNED;
    stage_run_until(&stage, 4000);
    ck_assert_uint_eq(stage.blocked, 0);
    ck_assert_int_eq(stage.ledger.next_offset, 4);
}
END_TEST

START_TEST(a_log_that_goes_back_ends_the_assignment)
{
    account_for(3);
    stage.given = 1; /* its records come again */
    for (int i = 0; i < 3; i++)
        stage.record[i].timestamp_ms += 3600000;
    stage_run_until(&stage, 60000);
    ck_assert_uint_eq(stage.rejoins, 1);
    ck_assert_msg(strstr(stage.why, "holds another record at 2") != NULL, "%s", stage.why);
}
END_TEST

UNIT_CASE(identity)
{
    tcase_add_checked_fixture(tc, set, strike);
    tcase_add_test(tc, a_replaced_store_is_noticed_while_nothing_comes);
    tcase_add_test(tc, a_replaced_store_is_filled_again);
    tcase_add_test(tc, a_store_emptied_before_the_start_is_filled_again);
    tcase_add_test(tc, a_store_that_went_back_is_caught_up);
    tcase_add_test(tc, a_store_that_was_only_away_is_the_same);
    tcase_add_test(tc, a_topic_made_anew_that_grew_is_not_read);
    tcase_add_test(tc, the_same_topic_is_known_again);
    tcase_add_test(tc, a_log_that_goes_back_ends_the_assignment);
}
