/* The histogram: its error bound against sorted samples, its borders, merging. */
#include "common/base/hist.h"

#include <math.h>
#include <stdlib.h>

#include "common/base/random.h"
#include "common/base/xmalloc.h"
#include "tests/unit/unit.h"

enum { SAMPLES = 20000 };

static struct hist a, b; /* large: not on the stack */

static int by_value(const void *x, const void *y)
{
    uint64_t u = *(const uint64_t *)x, v = *(const uint64_t *)y;
    return (u > v) - (u < v);
}

START_TEST(keeps_small_values_exactly)
{
    hist_reset(&a);
    for (uint64_t v = 0; v < 100; v++) {
        hist_add(&a, v);
    }
    ck_assert_uint_eq(hist_quantile(&a, 0.01), 0);
    ck_assert_uint_eq(hist_quantile(&a, 0.07), 6); /* 0.07 * 100 is a little above 7 */
    ck_assert_uint_eq(hist_quantile(&a, 0.5), 49);
    ck_assert_uint_eq(hist_quantile(&a, 0), 0);
    ck_assert_uint_eq(hist_quantile(&a, 1), 99);
    ck_assert_double_eq(hist_mean(&a), 49.5);
    ck_assert_uint_eq(a.min, 0);
    ck_assert_uint_eq(a.max, 99);
}
END_TEST

START_TEST(is_empty_at_first)
{
    hist_reset(&a);
    ck_assert_uint_eq(hist_quantile(&a, 0.5), 0);
    ck_assert_double_eq(hist_mean(&a), 0);
}
END_TEST

START_TEST(takes_the_whole_range)
{
    hist_reset(&a);
    hist_add(&a, UINT64_MAX);
    ck_assert_uint_eq(hist_quantile(&a, 0.5), UINT64_MAX);
    hist_add(&a, UINT64_MAX);
    ck_assert_uint_eq(a.sum, UINT64_MAX); /* saturated, not wrapped */
    hist_reset(&a);
    for (unsigned bit = 0; bit < 64; bit++) {
        hist_reset(&a);
        hist_add(&a, UINT64_C(1) << bit);
        hist_add(&a, UINT64_MAX);
        uint64_t low = hist_quantile(&a, 0.5);
        ck_assert_uint_ge(low, UINT64_C(1) << bit);
        ck_assert_uint_le(low - (UINT64_C(1) << bit), (UINT64_C(1) << bit) / 64);
    }
}
END_TEST

START_TEST(never_shows_more_than_the_largest_sample)
{
    hist_reset(&a);
    hist_add(&a, 1000001);
    ck_assert_uint_eq(hist_quantile(&a, 0.5), 1000001);
}
END_TEST

static uint64_t random_sample(struct rng *r)
{
    return rng_u64(r) >> rng_below(r, 64); /* all magnitudes alike */
}

START_TEST(keeps_its_error_bound)
{
    static const double quantiles[] = {0, 0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
    uint64_t *samples = xreallocarray(NULL, SAMPLES, sizeof *samples);
    struct rng rng;
    rng_seed(&rng, 1);
    hist_reset(&a);
    hist_reset(&b);
    for (int i = 0; i < SAMPLES; i++) {
        samples[i] = random_sample(&rng);
        hist_add(rng_below(&rng, 2) ? &a : &b, samples[i]);
    }
    hist_merge(&a, &b);
    qsort(samples, SAMPLES, sizeof *samples, by_value);
    ck_assert_uint_eq(a.count, SAMPLES);
    ck_assert_uint_eq(a.min, samples[0]);
    ck_assert_uint_eq(a.max, samples[SAMPLES - 1]);
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
        size_t rank = (size_t)ceil(quantiles[i] * SAMPLES);
        uint64_t exact = samples[rank > 0 ? rank - 1 : 0], got = hist_quantile(&a, quantiles[i]);
        ck_assert_uint_ge(got, exact);
        ck_assert_uint_le(got - exact, exact / 64);
    }
    free(samples);
}
END_TEST

START_TEST(merges_as_if_added_to_one)
{
    struct rng rng;
    rng_seed(&rng, 2);
    static struct hist all;
    hist_reset(&a);
    hist_reset(&b);
    hist_reset(&all);
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t v = random_sample(&rng) >> 20;
        hist_add(i % 3 ? &a : &b, v);
        hist_add(&all, v);
    }
    hist_merge(&a, &b);
    ck_assert_mem_eq(&a, &all, sizeof a);
    hist_reset(&b);
    hist_merge(&a, &b); /* nothing */
    ck_assert_mem_eq(&a, &all, sizeof a);
}
END_TEST

UNIT_CASE(hist)
{
    tcase_add_test(tc, keeps_small_values_exactly);
    tcase_add_test(tc, is_empty_at_first);
    tcase_add_test(tc, takes_the_whole_range);
    tcase_add_test(tc, never_shows_more_than_the_largest_sample);
    tcase_add_test(tc, keeps_its_error_bound);
    tcase_add_test(tc, merges_as_if_added_to_one);
}
