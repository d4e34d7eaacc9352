/* The numbers of a window: known values, rounding, and independence of the order of folding. */
#include <math.h>
#include <string.h>

#include "common/base/random.h"
#include "common/model/window.h"
#include "tests/unit/unit.h"

static struct rng rng;

static struct window_stats stats_of(const double *values, size_t count)
{
    struct window_stats s = {.count = 0};
    for (size_t i = 0; i < count; i++) {
        window_stats_fold(&s, (int64_t)i, values[i]);
    }
    return s;
}

START_TEST(known_values)
{
    static const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    struct window_stats s = stats_of(values, 8);
    ck_assert_uint_eq(s.count, 8);
    ck_assert(window_stats_sum(&s) == 40 && window_stats_average(&s) == 5);
    ck_assert(window_stats_stddev(&s) == 2);
    ck_assert(s.min == 2 && s.max == 9 && s.first == 2 && s.last == 9);
}
END_TEST

START_TEST(an_empty_window_has_no_average)
{
    struct window_stats s = {.count = 0};
    ck_assert(isnan(window_stats_average(&s)) && isnan(window_stats_stddev(&s)));
    ck_assert(window_stats_sum(&s) == 0);
}
END_TEST

START_TEST(sums_do_not_round)
{
    static const double values[] = {1e100, 1, -1e100, 0.5};
    struct window_stats s = stats_of(values, 4);
    ck_assert(window_stats_sum(&s) == 1.5);
}
END_TEST

START_TEST(constant_values_have_no_deviation)
{
    static const double values[] = {0.1, -273.15, 1e15 + 0.3, 1e-200, 1e150, 0, 3e-310};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct window_stats s = {.count = 0};
        for (int k = 0; k < 1000; k++) {
            window_stats_fold(&s, k, values[i]);
        }
        ck_assert(window_stats_stddev(&s) == 0);
    }
}
END_TEST

/* Q - S^2/n in doubles has no correct digit left here. */
static const struct {
    double low, high, deviation;
} pairs[] = {
    {1e15, 1e15 + 1, 0.5},
    {1e9, 1e9 + 0.25, 0.125},
    {9007199254740991.0, 9007199254740992.0, 0.5},
    {-1e12 - 2, -1e12, 1},
    {1e150, 3e150, 1e150},
    {1e-100, 3e-100, 1e-100},
    {1, 1 + 0x1p-52, 0x1p-53},
    {-1e30, 1e-30, 5e29},
};

START_TEST(deviation_survives_cancellation)
{
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct window_stats s = {.count = 0};
        for (int k = 0; k < 100; k++) {
            window_stats_fold(&s, k, k % 2 ? pairs[i].low : pairs[i].high);
        }
        double deviation = window_stats_stddev(&s);
        ck_assert_msg(fabs(deviation - pairs[i].deviation) <= pairs[i].deviation * 4e-16,
                      "%.17g is not %.17g", deviation, pairs[i].deviation);
    }
}
END_TEST

/* Against the two-pass formula in long double, which is good to about 1e-15 on tame data. */
START_TEST(deviation_agrees_with_two_passes)
{
    double values[200];
    rng_seed(&rng, 1);
    for (int round = 0; round < 2000; round++) {
        size_t count = 2 + rng_below(&rng, 199);
        double offset = rng_unit(&rng) * 1000, spread = pow(10, rng_unit(&rng) * 6 - 3);
        long double mean = 0, squares = 0;
        for (size_t i = 0; i < count; i++) {
            values[i] = offset + rng_unit(&rng) * spread;
            mean += (long double)values[i] / (long double)count;
        }
        for (size_t i = 0; i < count; i++) {
            squares += ((long double)values[i] - mean) * ((long double)values[i] - mean);
        }
        double wanted = (double)sqrtl(squares / (long double)count);
        struct window_stats s = stats_of(values, count);
        ck_assert(fabs(window_stats_stddev(&s) - wanted) <= wanted * 1e-9);
    }
}
END_TEST

START_TEST(squares_beyond_a_double_have_no_deviation)
{
    static const double values[] = {1e200, 2e200};
    struct window_stats s = stats_of(values, 2);
    ck_assert(isnan(window_stats_stddev(&s)));
    ck_assert(window_stats_average(&s) == 1.5e200);
}
END_TEST

START_TEST(ties_of_time_go_to_the_smaller_first_and_the_larger_last)
{
    struct window_stats s = {.count = 0};
    window_stats_fold(&s, 5, 2);
    window_stats_fold(&s, 5, 1);
    window_stats_fold(&s, 5, 3);
    ck_assert(s.first == 1 && s.last == 3 && s.first_ms == 5 && s.last_ms == 5);
    window_stats_fold(&s, 4, 9);
    window_stats_fold(&s, 6, -9);
    ck_assert(s.first == 9 && s.last == -9 && s.first_ms == 4 && s.last_ms == 6);
}
END_TEST

/* --- properties: any order, any grouping ---------------------------------------------------- */

struct sample {
    int64_t ts_ms;
    double value;
};

static double any_value(void)
{
    static const double odd[] = {0.0, -0.0, 1e-5, 0.1, -0.1, 1e15, 1e16 + 2, -1e16};
    switch (rng_below(&rng, 3)) {
    case 0:
        return odd[rng_below(&rng, 8)];
    case 1:
        return (double)rng_below(&rng, 10000) / 100;
    default:
        return (rng_unit(&rng) - 0.5) * pow(10, (int)rng_below(&rng, 12));
    }
}

static void shuffle(struct sample *list, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t k = rng_below(&rng, i);
        struct sample swapped = list[i - 1];
        list[i - 1] = list[k];
        list[k] = swapped;
    }
}

/* Folds the samples in groups of random length and merges those from the left. */
static struct window_stats fold_in_groups(const struct sample *list, uint32_t count)
{
    struct window_stats total = {.count = 0};
    for (uint32_t i = 0; i < count;) {
        struct window_stats group = {.count = 0};
        uint32_t end = i + 1 + rng_below(&rng, count - i);
        for (; i < end; i++) {
            window_stats_fold(&group, list[i].ts_ms, list[i].value);
        }
        window_stats_merge(&total, &group);
    }
    return total;
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static void must_equal(const struct window_stats *a, const struct window_stats *b)
{
    ck_assert(window_stats_equal(a, b) && window_stats_equal(b, a));
    ck_assert(same_bits(window_stats_sum(a), window_stats_sum(b)));
    ck_assert(same_bits(window_stats_average(a), window_stats_average(b)));
    ck_assert(same_bits(window_stats_stddev(a), window_stats_stddev(b)));
    ck_assert(same_bits(a->min, b->min) && same_bits(a->max, b->max));
    ck_assert(same_bits(a->first, b->first) && same_bits(a->last, b->last));
}

START_TEST(neither_order_nor_grouping_shows)
{
    struct sample list[60];
    rng_seed(&rng, 2);
    for (int round = 0; round < 3000; round++) {
        uint32_t count = 1 + rng_below(&rng, 60);
        for (uint32_t i = 0; i < count; i++) {
            list[i] = (struct sample){(int64_t)rng_below(&rng, 20) - 10, any_value()};
        }
        struct window_stats one = fold_in_groups(list, count);
        shuffle(list, count);
        struct window_stats other = fold_in_groups(list, count);
        must_equal(&one, &other);
    }
}
END_TEST

START_TEST(one_sample_more_or_another_value_is_not_equal)
{
    static const double a[] = {1, 2, 3, 2.5}, b[] = {1, 2.25, 3, 2.25}, c[] = {1, 2.5, 3, 2};
    struct window_stats x = stats_of(a, 4), fewer = stats_of(a, 3);
    struct window_stats squares = stats_of(b, 4), last = stats_of(c, 4);
    struct window_stats none = {.count = 0}, nothing = {.count = 0};
    ck_assert(!window_stats_equal(&x, &fewer) && !window_stats_equal(&x, &squares));
    ck_assert(!window_stats_equal(&x, &last) && window_stats_equal(&x, &x));
    ck_assert(window_stats_equal(&none, &nothing) && !window_stats_equal(&none, &x));
}
END_TEST

UNIT_CASE(window_stats)
{
    tcase_add_test(tc, known_values);
    tcase_add_test(tc, an_empty_window_has_no_average);
    tcase_add_test(tc, sums_do_not_round);
    tcase_add_test(tc, constant_values_have_no_deviation);
    tcase_add_test(tc, deviation_survives_cancellation);
    tcase_add_test(tc, deviation_agrees_with_two_passes);
    tcase_add_test(tc, squares_beyond_a_double_have_no_deviation);
    tcase_add_test(tc, ties_of_time_go_to_the_smaller_first_and_the_larger_last);
    tcase_add_test(tc, neither_order_nor_grouping_shows);
    tcase_add_test(tc, one_sample_more_or_another_value_is_not_equal);
}
