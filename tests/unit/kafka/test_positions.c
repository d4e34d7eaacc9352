/* What a consumer remembers of its partitions. */
#include "common/kafka/positions.h"
#include "tests/unit/unit.h"

START_TEST(only_partitions_that_are_ours_move)
{
    struct positions t = {0};
    positions_take(&t, 3, 10);
    positions_done(&t, 2, 5);
    positions_done(&t, 100, 5);
    positions_done(&t, -1, 5);
    ck_assert_int_eq(positions_next_dirty(&t, 0), -1);
    positions_done(&t, 3, 12);
    positions_done(&t, 3, 11);
    ck_assert_int_eq(positions_next_dirty(&t, 0), 3);
    ck_assert_int_eq(t.list[3].done, 12);
    positions_deinit(&t);
}
END_TEST

START_TEST(an_acknowledged_position_is_clean)
{
    struct positions t = {0};
    positions_take(&t, 0, -1);
    positions_done(&t, 0, 7);
    positions_acked(&t, 0, 5);
    ck_assert_int_eq(positions_next_dirty(&t, 0), 0);
    positions_acked(&t, 0, 7);
    ck_assert_int_eq(positions_next_dirty(&t, 0), -1);
    positions_deinit(&t);
}
END_TEST

START_TEST(a_position_already_committed_is_clean)
{
    struct positions t = {0};
    positions_take(&t, 0, 7);
    positions_done(&t, 0, 7);
    ck_assert_int_eq(positions_next_dirty(&t, 0), -1);
    positions_deinit(&t);
}
END_TEST

START_TEST(dropping_forgets_what_was_not_committed)
{
    struct positions t = {0};
    positions_take(&t, 1, -1);
    positions_take(&t, 20, -1);
    positions_take(&t, 20, -1);
    ck_assert_int_eq(t.count, 2);
    positions_done(&t, 20, 5);
    positions_drop_all(&t);
    ck_assert_int_eq(t.count, 0);
    ck_assert_int_eq(positions_next(&t, 0), -1);
    positions_take(&t, 20, 2);
    ck_assert_int_eq(positions_next(&t, 0), 20);
    ck_assert_int_eq(positions_next_dirty(&t, 0), -1);
    positions_deinit(&t);
}
END_TEST

START_TEST(borders_are_kept_for_partitions_not_yet_ours)
{
    struct positions t = {0};
    positions_borders(&t, 5, 10, 20);
    ck_assert(!positions_ours(&t, 5));
    positions_take(&t, 5, 15);
    ck_assert_int_eq(t.list[5].start, 10);
    ck_assert_int_eq(t.list[5].end, 20);
    ck_assert_int_eq(t.list[5].acked, 15);
    positions_deinit(&t);
}
END_TEST

UNIT_CASE(positions)
{
    tcase_add_test(tc, borders_are_kept_for_partitions_not_yet_ours);
    tcase_add_test(tc, only_partitions_that_are_ours_move);
    tcase_add_test(tc, an_acknowledged_position_is_clean);
    tcase_add_test(tc, a_position_already_committed_is_clean);
    tcase_add_test(tc, dropping_forgets_what_was_not_committed);
}
