/* The account of a partition: every offset ends up in exactly one column of the ledger. */
#include "aggregator/account.h"
#include "tests/unit/unit.h"

static void note(struct account *a, int64_t offset, enum verdict v)
{
    account_note(a, offset, v);
}

static void assert_ledger(const struct ledger *l, int64_t first, int64_t next, uint64_t stored,
                          uint64_t duplicate, uint64_t dead, uint64_t gap)
{
    ck_assert_int_eq(l->first, first);
    ck_assert_int_eq(l->next_offset, next);
    ck_assert_uint_eq(l->stored, stored);
    ck_assert_uint_eq(l->duplicate, duplicate);
    ck_assert_uint_eq(l->dead, dead);
    ck_assert_uint_eq(l->gap, gap);
    ck_assert_int_eq(ledger_unaccounted(l), 0);
}

START_TEST(a_new_partition_begins_where_the_log_does)
{
    struct account a;
    struct ledger next;
    account_init(&a, 3, 100);
    account_set_ledger(&a, NULL);
    ck_assert(!account_next_ledger(&a, &next)); /* nothing to say yet */
    note(&a, 100, VERDICT_STORED);
    note(&a, 101, VERDICT_DUPLICATE);
    note(&a, 102, VERDICT_DEAD);
    ck_assert(account_next_ledger(&a, &next));
    assert_ledger(&next, 100, 103, 1, 1, 1, 0);
    account_deinit(&a);
}
END_TEST

START_TEST(offsets_that_hold_no_record_are_gaps)
{
    struct account a;
    struct ledger next;
    account_init(&a, 0, 0);
    account_set_ledger(&a, NULL);
    note(&a, 2, VERDICT_STORED);
    note(&a, 5000, VERDICT_STORED); /* past the first allocation */
    ck_assert(account_next_ledger(&a, &next));
    assert_ledger(&next, 0, 5001, 2, 0, 0, 4999);
    account_deinit(&a);
}
END_TEST

START_TEST(what_the_ledger_holds_already_is_not_counted_again)
{
    struct account a;
    struct ledger stored = {
        .partition = 0, .first = 0, .next_offset = 12, .stored = 12, .watermark_ms = 7};
    struct ledger next;
    account_init(&a, 0, 10); /* committed 10, crashed after the ledger reached 12 */
    account_set_ledger(&a, &stored);
    for (int64_t o = 10; o < 15; o++)
        note(&a, o, VERDICT_STORED);
    ck_assert(account_next_ledger(&a, &next));
    assert_ledger(&next, 0, 15, 15, 0, 0, 0);
    ck_assert_int_eq(next.watermark_ms, 7);
    account_deinit(&a);
}
END_TEST

START_TEST(a_ledger_that_is_ahead_is_left_alone)
{
    struct account a;
    struct ledger stored = {.first = 0, .next_offset = 20, .stored = 20};
    struct ledger next;
    account_init(&a, 0, 10);
    account_set_ledger(&a, &stored);
    note(&a, 10, VERDICT_STORED);
    ck_assert(!account_next_ledger(&a, &next));
    account_deinit(&a);
}
END_TEST

START_TEST(a_ledger_restored_from_an_old_copy_shows_the_hole_as_a_gap)
{
    struct account a;
    struct ledger stored = {.first = 0, .next_offset = 5, .stored = 5};
    struct ledger next;
    account_init(&a, 0, 8);
    account_set_ledger(&a, &stored);
    note(&a, 8, VERDICT_STORED);
    ck_assert(account_next_ledger(&a, &next));
    assert_ledger(&next, 0, 9, 6, 0, 0, 3);
    account_deinit(&a);
}
END_TEST

START_TEST(after_it_was_written_counting_goes_on_from_there)
{
    struct account a;
    struct ledger next;
    account_init(&a, 0, 0);
    account_set_ledger(&a, NULL);
    note(&a, 0, VERDICT_STORED);
    ck_assert(account_next_ledger(&a, &next));
    account_written(&a, &next);
    ck_assert_uint_eq(account_unwritten(&a), 0);
    ck_assert(!account_next_ledger(&a, &next));
    note(&a, 1, VERDICT_DUPLICATE);
    ck_assert(!account_take(&a, 1) && account_take(&a, 2) && !account_take(&a, 2));
    ck_assert(account_next_ledger(&a, &next));
    assert_ledger(&next, 0, 2, 1, 1, 0, 0);
    account_deinit(&a);
}
END_TEST

START_TEST(the_watermark_rises_only_and_not_past_the_clock)
{
    struct account a;
    account_init(&a, 0, 0);
    account_see_time(&a, 1000, 5000);
    account_see_time(&a, 500, 5000);
    ck_assert_int_eq(a.watermark_ms, 1000);
    account_see_time(&a, 9000, 5000);
    ck_assert_int_eq(a.watermark_ms, 5000);
    account_deinit(&a);
}
END_TEST

UNIT_CASE(account)
{
    tcase_add_test(tc, a_new_partition_begins_where_the_log_does);
    tcase_add_test(tc, offsets_that_hold_no_record_are_gaps);
    tcase_add_test(tc, what_the_ledger_holds_already_is_not_counted_again);
    tcase_add_test(tc, a_ledger_that_is_ahead_is_left_alone);
    tcase_add_test(tc, a_ledger_restored_from_an_old_copy_shows_the_hole_as_a_gap);
    tcase_add_test(tc, after_it_was_written_counting_goes_on_from_there);
    tcase_add_test(tc, the_watermark_rises_only_and_not_past_the_clock);
}
