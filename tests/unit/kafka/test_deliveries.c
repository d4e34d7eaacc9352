/* The budget of messages in flight. */
#include "common/kafka/deliveries.h"
#include "tests/unit/unit.h"

static char first, second, third; /* opaques */

START_TEST(counts_messages_and_bytes)
{
    struct deliveries d;
    deliveries_init(&d, 3, 100);
    struct delivery *a = deliveries_add(&d, 40, &first);
    struct delivery *b = deliveries_add(&d, 60, &second);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_ptr_null(deliveries_add(&d, 1, NULL));
    ck_assert_ptr_nonnull(deliveries_add(&d, 0, &third));
    ck_assert_ptr_null(deliveries_add(&d, 0, NULL));
    ck_assert_ptr_eq(deliveries_remove(&d, a), &first);
    ck_assert_uint_eq(d.count, 2);
    ck_assert_uint_eq(d.bytes, 60);
    ck_assert_ptr_nonnull(deliveries_add(&d, 40, NULL));
    deliveries_deinit(&d);
}
END_TEST

START_TEST(one_message_alone_passes_the_byte_budget)
{
    struct deliveries d;
    deliveries_init(&d, 3, 100);
    struct delivery *big = deliveries_add(&d, 1000, NULL);
    ck_assert_ptr_nonnull(big);
    ck_assert_ptr_null(deliveries_add(&d, 1, NULL));
    deliveries_remove(&d, big);
    ck_assert_ptr_nonnull(deliveries_add(&d, 1, NULL));
    deliveries_deinit(&d);
}
END_TEST

START_TEST(tells_before_whether_several_fit)
{
    struct deliveries d;
    deliveries_init(&d, 3, 100);
    ck_assert(deliveries_fit(&d, 3, 100));
    ck_assert(deliveries_fit(&d, 1, 1000)); /* alone */
    ck_assert(!deliveries_fit(&d, 2, 101));
    ck_assert(!deliveries_could_fit(&d, 4, 1));
    struct delivery *big = deliveries_add(&d, 150, NULL);
    ck_assert(!deliveries_fit(&d, 1, 0));
    ck_assert(deliveries_could_fit(&d, 3, 100));
    deliveries_remove(&d, big);
    deliveries_add(&d, 30, NULL);
    ck_assert(deliveries_fit(&d, 2, 70));
    ck_assert(!deliveries_fit(&d, 2, 71));
    ck_assert(!deliveries_fit(&d, 3, 0));
    deliveries_deinit(&d);
}
END_TEST

START_TEST(moves_all_oldest_first)
{
    struct deliveries d, gone;
    deliveries_init(&d, 10, 100);
    deliveries_init(&gone, 0, 0);
    deliveries_add(&d, 1, &first);
    struct delivery *b = deliveries_add(&d, 1, &second);
    deliveries_add(&d, 1, &third);
    deliveries_remove(&d, b);
    deliveries_move(&d, &gone);
    ck_assert_uint_eq(d.count, 0);
    ck_assert_uint_eq(d.bytes, 0);
    ck_assert_ptr_eq(deliveries_remove(&gone, gone.oldest), &first);
    ck_assert_ptr_eq(deliveries_remove(&gone, gone.oldest), &third);
    ck_assert_ptr_null(gone.oldest);
    ck_assert_ptr_null(gone.newest);
    deliveries_deinit(&gone);
    deliveries_deinit(&d);
}
END_TEST

UNIT_CASE(deliveries)
{
    tcase_add_test(tc, counts_messages_and_bytes);
    tcase_add_test(tc, one_message_alone_passes_the_byte_budget);
    tcase_add_test(tc, tells_before_whether_several_fit);
    tcase_add_test(tc, moves_all_oldest_first);
}
