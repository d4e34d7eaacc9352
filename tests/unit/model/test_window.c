/* Windows: replay, shares of partitions, and that the join is one. */
#include <string.h>

#include "common/base/random.h"
#include "common/model/window.h"
#include "tests/unit/unit.h"

static struct rng rng;

START_TEST(starts_are_floors_also_before_1970)
{
    ck_assert_int_eq(window_start(0, 60000), 0);
    ck_assert_int_eq(window_start(59999, 60000), 0);
    ck_assert_int_eq(window_start(60000, 60000), 60000);
    ck_assert_int_eq(window_start(-1, 60000), -60000);
    ck_assert_int_eq(window_start(-60000, 60000), -60000);
    ck_assert_int_eq(window_start(-60001, 60000), -120000);
    ck_assert_int_eq(window_start(INT64_C(1795255259999), 60000), INT64_C(1795255200000));
}
END_TEST

START_TEST(ids_name_sensor_start_and_device)
{
    char id[WINDOW_ID_MAX], device[128], sensor[64];
    size_t len =
        window_id(id, span_str("dev/1"), span_str("temperature_c"), INT64_C(1763719200000));
    ck_assert_str_eq(id, "temperature_c/1763719200/dev/1");
    ck_assert_uint_eq(len, strlen(id));
    window_id(id, span_str("d"), span_str("x"), -60000);
    ck_assert_str_eq(id, "x/-60/d");
    memset(device, 'd', sizeof(device));
    memset(sensor, 's', sizeof(sensor));
    len = window_id(id, span_of(device, 128), span_of(sensor, 64), INT64_C(-62167219200000));
    ck_assert_uint_eq(len, 64 + 1 + 12 + 1 + 128);
}
END_TEST

START_TEST(a_replay_changes_nothing)
{
    struct window w;
    struct window_stats before, after;
    window_init(&w, 60000);
    ck_assert(window_fold(&w, 3, 0, 60001, 1.5));
    ck_assert(window_fold(&w, 3, 7, 60002, 2.5));
    window_total(&w, &before);
    ck_assert(!window_fold(&w, 3, 7, 60002, 2.5));
    ck_assert(!window_fold(&w, 3, 5, 60009, 99));
    window_total(&w, &after);
    ck_assert(window_stats_equal(&before, &after));
    ck_assert_uint_eq(after.count, 2);
    ck_assert_int_eq(w.share[0].src, 7);
    window_deinit(&w);
}
END_TEST

START_TEST(each_partition_has_its_own_offsets)
{
    struct window w;
    struct window_stats total;
    window_init(&w, 0);
    ck_assert(window_fold(&w, 9, 100, 1, 1));
    ck_assert(window_fold(&w, 2, 5, 2, 2));
    ck_assert(window_fold(&w, 5, 0, 3, 4));
    ck_assert(!window_fold(&w, 9, 5, 4, 8));
    ck_assert_uint_eq(w.shares, 3);
    ck_assert(w.share[0].partition == 2 && w.share[1].partition == 5 && w.share[2].partition == 9);
    window_total(&w, &total);
    ck_assert(window_stats_sum(&total) == 7);
    window_deinit(&w);
}
END_TEST

START_TEST(readings_after_the_end_are_counted_late)
{
    struct window w;
    window_init(&w, 0);
    window_fold(&w, 0, 1, 1, 1);
    w.final = true;
    ck_assert(window_fold(&w, 0, 2, 1, 1));
    ck_assert(!window_fold(&w, 0, 2, 1, 1));
    ck_assert_uint_eq(w.late, 1);
    window_deinit(&w);
}
END_TEST

/* --- the join ------------------------------------------------------------------------------- */

enum { PARTITIONS = 3, RECORDS = 12 };

/* A log: the record at an offset of a partition is always the same, and a state of a window is what
 * some prefix of each partition makes. */
static double record_value(int32_t partition, int64_t offset)
{
    return (double)partition * 0.1 + (double)offset * 0.3;
}

static void fold_prefixes(struct window *w, const int64_t upto[PARTITIONS])
{
    window_init(w, 0);
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        for (int64_t offset = 0; offset < upto[partition]; offset++) {
            window_fold(w, partition, offset, (offset * 7) % 5, record_value(partition, offset));
        }
    }
}

static void any_state(struct window *w)
{
    int64_t upto[PARTITIONS];
    for (int i = 0; i < PARTITIONS; i++) {
        upto[i] = rng_below(&rng, 2) ? rng_below(&rng, RECORDS) : 0;
    }
    fold_prefixes(w, upto);
    w->final = rng_below(&rng, 2) == 0;
    w->late = rng_below(&rng, 3);
    w->rev = rng_below(&rng, 100);
}

static void copy(struct window *to, const struct window *from)
{
    window_init(to, from->start_ms);
    window_join(to, from);
}

/* All but rev. */
static bool same(const struct window *a, const struct window *b)
{
    if (a->shares != b->shares || a->late != b->late || a->final != b->final) {
        return false;
    }
    for (unsigned i = 0; i < a->shares; i++) {
        if (a->share[i].partition != b->share[i].partition || a->share[i].src != b->share[i].src ||
            !window_stats_equal(&a->share[i].stats, &b->share[i].stats)) {
            return false;
        }
    }
    return true;
}

START_TEST(join_is_idempotent_and_commutative)
{
    rng_seed(&rng, 3);
    for (int round = 0; round < 3000; round++) {
        struct window a, b, ab, ba;
        any_state(&a);
        any_state(&b);
        copy(&ab, &a);
        copy(&ba, &b);
        ck_assert(same(&ab, &a));
        ck_assert(!window_join(&ab, &a)); /* nothing that `a` has not */
        bool ahead = window_join(&ab, &b);
        window_join(&ba, &a);
        ck_assert(same(&ab, &ba));
        ck_assert_int_eq(ab.rev, b.rev);
        ck_assert_int_eq(ba.rev, a.rev);
        ck_assert(ahead == !same(&ab, &b));
        window_deinit(&a);
        window_deinit(&b);
        window_deinit(&ab);
        window_deinit(&ba);
    }
}
END_TEST

START_TEST(join_is_associative)
{
    rng_seed(&rng, 4);
    for (int round = 0; round < 3000; round++) {
        struct window a, b, c, left, right;
        any_state(&a);
        any_state(&b);
        any_state(&c);
        copy(&left, &a);
        window_join(&left, &b);
        window_join(&left, &c);
        window_join(&b, &c);
        copy(&right, &a);
        window_join(&right, &b);
        ck_assert(same(&left, &right));
        window_deinit(&a);
        window_deinit(&b);
        window_deinit(&c);
        window_deinit(&left);
        window_deinit(&right);
    }
}
END_TEST

/* Two owners with different knowledge, joined and then brought to the end of the log, hold what one
 * owner would that saw it all. */
START_TEST(joined_states_continue_as_if_one_had_read_everything)
{
    static const int64_t all[PARTITIONS] = {RECORDS, RECORDS, RECORDS};
    struct window whole;
    fold_prefixes(&whole, all);
    rng_seed(&rng, 5);
    for (int round = 0; round < 500; round++) {
        struct window a, b;
        any_state(&a);
        any_state(&b);
        a.late = b.late = 0;
        a.final = b.final = false;
        window_join(&a, &b);
        for (int32_t partition = 0; partition < PARTITIONS; partition++) {
            for (int64_t offset = 0; offset < RECORDS; offset++) {
                window_fold(&a, partition, offset, (offset * 7) % 5,
                            record_value(partition, offset));
            }
        }
        ck_assert(same(&a, &whole));
        window_deinit(&a);
        window_deinit(&b);
    }
    window_deinit(&whole);
}
END_TEST

UNIT_CASE(window)
{
    tcase_add_test(tc, starts_are_floors_also_before_1970);
    tcase_add_test(tc, ids_name_sensor_start_and_device);
    tcase_add_test(tc, a_replay_changes_nothing);
    tcase_add_test(tc, each_partition_has_its_own_offsets);
    tcase_add_test(tc, readings_after_the_end_are_counted_late);
    tcase_add_test(tc, join_is_idempotent_and_commutative);
    tcase_add_test(tc, join_is_associative);
    tcase_add_test(tc, joined_states_continue_as_if_one_had_read_everything);
}
