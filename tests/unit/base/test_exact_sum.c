/* Exact sums: equal to a fixed-point oracle, in any order and however split and merged. */
#include "common/base/exact_sum.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "common/base/random.h"
#include "tests/unit/base/oracle_sum.h"
#include "tests/unit/unit.h"

enum { VALUES = 40, ROUNDS = 3000 };

static double sum_of(const double *v, int count)
{
    struct exact_sum s = {0};
    for (int i = 0; i < count; i++) {
        exact_sum_add(&s, v[i]);
    }
    ck_assert(!s.inexact && !s.overflow);
    return exact_sum_value(&s);
}

#define MUST_SUM(expected, ...)                                         \
    ck_assert_double_eq(expected, sum_of((const double[]){__VA_ARGS__}, \
                                         sizeof(double[]){__VA_ARGS__} / sizeof(double)))

START_TEST(sums_known_cases)
{
    MUST_SUM(0.0, 0.0);
    MUST_SUM(0.0, -0.0);
    MUST_SUM(0.30000000000000004, 0.1, 0.2, 1e100, -1e100); /* half-way, to even */
    MUST_SUM(0.3, 0.1, 0.2, 1e100, -1e100, -0x1p-100);
    MUST_SUM(1.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1);
    MUST_SUM(1.0, 1e100, 1.0, -1e100);
    MUST_SUM(2.0, 1e16, 1.0, 1e-16, 1.0, -1e16);
    MUST_SUM(0x1p-1074, 0x1p-1074, DBL_MAX, -DBL_MAX);
    MUST_SUM(DBL_MAX, DBL_MAX, 0x1p900);
    /* Half-way: the part far below decides. */
    MUST_SUM(0x1p53, 0x1p53, 1.0);
    MUST_SUM(0x1p53 + 2, 0x1p53, 1.0, 0x1p-200);
    MUST_SUM(0x1p53, 0x1p53, 1.0, -0x1p-200);
    MUST_SUM(0x1p53 + 4, 0x1p53 + 2, 1.0);
    MUST_SUM(-(0x1p53 + 2), -0x1p53, -1.0, -0x1p-200);
}
END_TEST

static void shuffle(struct rng *r, double *v, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)rng_below(r, (uint32_t)i + 1);
        double swapped = v[i];
        v[i] = v[j];
        v[j] = swapped;
    }
}

static double random_value(struct rng *r, int exponent_min, int exponent_max)
{
    int span = exponent_max - exponent_min;
    double fraction = 0.5 + rng_unit(r) / 2;
    if (rng_below(r, 4) == 0) {
        fraction = 0.5; /* powers of two make half-way cases */
    }
    return ldexp(rng_below(r, 2) ? fraction : -fraction,
                 exponent_min + (int)rng_below(r, (uint32_t)span));
}

/* Pairs that cancel but for their last bits, among values that do not. */
static void generate(struct rng *r, double *v, int exponent_min, int exponent_max)
{
    for (int i = 0; i < VALUES; i++) {
        v[i] = random_value(r, exponent_min, exponent_max);
        uint32_t kind = rng_below(r, 3);
        if (i > 0 && kind == 0) {
            v[i] = -v[i - 1];
        } else if (i > 0 && kind == 1) {
            v[i] = -nextafter(v[i - 1], 0);
        }
    }
}

static void must_equal(double got, double expected)
{
    if (memcmp(&got, &expected, sizeof got) != 0 && !(got == 0 && expected == 0)) {
        ck_abort_msg("%a, not %a", got, expected);
    }
}

static double merged(struct rng *r, const double *v)
{
    struct exact_sum part[3] = {{.n = 0}};
    for (int i = 0; i < VALUES; i++) {
        exact_sum_add(&part[rng_below(r, 3)], v[i]);
    }
    exact_sum_merge(&part[0], &part[1]);
    exact_sum_merge(&part[0], &part[2]);
    ck_assert(!part[0].inexact);
    return exact_sum_value(&part[0]);
}

START_TEST(equals_the_oracle_in_any_order)
{
    struct rng rng;
    rng_seed(&rng, 1);
    for (int round = 0; round < ROUNDS; round++) {
        double v[VALUES];
        int low = (int)rng_below(&rng, 1700) - 1000, width = 1 + (int)rng_below(&rng, 250);
        generate(&rng, v, low, low + width);
        struct oracle_sum oracle = {{0}};
        for (int i = 0; i < VALUES; i++) {
            oracle_sum_add(&oracle, v[i]);
        }
        double expected = oracle_sum_value(&oracle);
        for (int order = 0; order < 4; order++) {
            must_equal(sum_of(v, VALUES), expected);
            must_equal(merged(&rng, v), expected);
            shuffle(&rng, v, VALUES);
        }
    }
}
END_TEST

START_TEST(equals_the_oracle_for_squares)
{
    struct rng rng;
    rng_seed(&rng, 2);
    for (int round = 0; round < ROUNDS; round++) {
        struct oracle_sum oracle = {{0}};
        struct exact_sum sum = {0};
        for (int i = 0; i < VALUES; i++) {
            double v = random_value(&rng, -40, 40);
            oracle_sum_add_square(&oracle, v);
            exact_sum_add_square(&sum, v);
            oracle_sum_add(&oracle, -v);
            exact_sum_add(&sum, -v);
        }
        ck_assert(!sum.inexact);
        must_equal(exact_sum_value(&sum), oracle_sum_value(&oracle));
    }
}
END_TEST

/* Over the whole range there is not always room; what is not marked must still be exact, and what
 * is marked must be rounded no worse than a relative 2^-300 of the largest value. */
START_TEST(marks_what_it_had_to_round)
{
    struct rng rng;
    rng_seed(&rng, 3);
    int marked = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double v[VALUES], largest = 0;
        struct oracle_sum oracle = {{0}};
        struct exact_sum sum = {0};
        generate(&rng, v, -1000, (int)rng_below(&rng, 1900) - 900);
        for (int i = 0; i < VALUES; i++) {
            oracle_sum_add(&oracle, v[i]);
            exact_sum_add(&sum, v[i]);
            largest = fmax(largest, fabs(v[i]));
        }
        double expected = oracle_sum_value(&oracle), got = exact_sum_value(&sum);
        marked += sum.inexact;
        if (!sum.inexact) {
            must_equal(got, expected);
        }
        ck_assert_double_le(fabs(got - expected),
                            fmax(largest * 0x1p-300, fabs(expected) * 0x1p-52));
    }
    ck_assert_int_gt(marked, 0);
}
END_TEST

START_TEST(marks_overflow_for_good)
{
    struct exact_sum s = {0}, other = {0};
    exact_sum_add(&s, DBL_MAX);
    exact_sum_add(&s, DBL_MAX);
    ck_assert(s.overflow);
    exact_sum_add(&s, -DBL_MAX);
    ck_assert(s.overflow && isnan(exact_sum_value(&s)));
    exact_sum_merge(&other, &s);
    ck_assert(other.overflow);
    struct exact_sum square = {0};
    exact_sum_add_square(&square, 1e200);
    ck_assert(square.overflow);
}
END_TEST

START_TEST(marks_squares_that_are_too_small)
{
    struct exact_sum s = {0};
    exact_sum_add_square(&s, 0);
    exact_sum_add_square(&s, 1e-140);
    ck_assert(!s.inexact);
    exact_sum_add_square(&s, 1e-200);
    ck_assert(s.inexact);
}
END_TEST

START_TEST(merges_with_itself)
{
    struct exact_sum s = {0};
    exact_sum_add(&s, 0.1);
    exact_sum_add(&s, 1e30);
    exact_sum_merge(&s, &s);
    exact_sum_add(&s, -2e30);
    ck_assert_double_eq(exact_sum_value(&s), 0.2);
}
END_TEST

/* Compressed at any time, it is the same sum, and goes on as the same sum. */
START_TEST(compressing_changes_no_value)
{
    struct rng r;
    rng_seed(&r, 11);
    for (int round = 0; round < ROUNDS; round++) {
        struct exact_sum plain = {0}, compressed = {0};
        for (int i = 0; i < VALUES; i++) {
            double v = random_value(&r, -30, 30);
            exact_sum_add(&plain, v);
            exact_sum_add(&compressed, v);
            exact_sum_compress(&compressed);
            ck_assert_uint_le(compressed.n, plain.n > 2 ? plain.n : 2);
            ck_assert_double_eq(exact_sum_value(&plain), exact_sum_value(&compressed));
        }
        ck_assert(!plain.inexact && !compressed.inexact);
        for (unsigned i = 0; i < plain.n; i++)
            exact_sum_add(&compressed, -plain.part[i]); /* the whole of it, not what is rounded */
        ck_assert_double_eq(exact_sum_value(&compressed), 0);
    }
}
END_TEST

/* What a window in memory rests on: two parts for values of one sensor, three for their squares. */
START_TEST(measured_values_take_two_parts_and_three)
{
    struct rng r;
    rng_seed(&r, 12);
    for (int round = 0; round < 200; round++) {
        struct exact_sum sum = {0}, squares = {0};
        for (int i = 0; i < 200; i++) {
            double v = (double)rng_below(&r, 100000) / 100 - 300;
            exact_sum_add(&sum, v);
            exact_sum_add_square(&squares, v);
            exact_sum_compress(&sum);
            exact_sum_compress(&squares);
            ck_assert_uint_le(sum.n, 2);
            ck_assert_uint_le(squares.n, 3);
        }
    }
}
END_TEST

UNIT_CASE(exact_sum)
{
    tcase_add_test(tc, compressing_changes_no_value);
    tcase_add_test(tc, measured_values_take_two_parts_and_three);
    tcase_add_test(tc, sums_known_cases);
    tcase_add_test(tc, equals_the_oracle_in_any_order);
    tcase_add_test(tc, equals_the_oracle_for_squares);
    tcase_add_test(tc, marks_what_it_had_to_round);
    tcase_add_test(tc, marks_overflow_for_good);
    tcase_add_test(tc, marks_squares_that_are_too_small);
    tcase_add_test(tc, merges_with_itself);
}
