/* The cadence of a device: what leaves a gap, what an outage does to it, and how fast it learns. */
#include "common/model/cadence.h"

#include "common/base/random.h"
#include "tests/unit/unit.h"

static struct cadence every(int64_t gap_ms, int readings)
{
    struct cadence c = {0};
    for (int i = 0; i < readings; i++)
        cadence_note(&c, i * gap_ms);
    return c;
}

static void must_be(const struct cadence *c, int64_t median_ms, int64_t spread_ms)
{
    struct cadence_summary s;
    ck_assert(cadence_summary(c, &s));
    ck_assert_int_eq(s.median_ms, median_ms);
    ck_assert_int_eq(s.spread_ms, spread_ms);
}

START_TEST(a_few_readings_are_no_cadence)
{
    struct cadence_summary s;
    struct cadence c = every(1000, CADENCE_GAPS_MIN);
    ck_assert(!cadence_summary(&c, &s));
    cadence_note(&c, 5000);
    must_be(&c, 1000, 0);
}
END_TEST

START_TEST(median_and_spread_are_exact)
{
    static const int64_t times[] = {0, 10, 30, 60, 100, 150, 210};
    struct cadence c = {0};
    for (unsigned i = 0; i < sizeof(times) / sizeof(*times); i++)
        cadence_note(&c, times[i]);
    /* gaps 10 20 30 40 50 60; of the distances 20 10 0 10 20 30 the lower middle is 10 */
    must_be(&c, 30, 10);
}
END_TEST

START_TEST(backfill_and_repeats_leave_no_gap)
{
    struct cadence c = every(1000, 10), before = c;
    for (int64_t ts = -50; ts <= 9000; ts += 50)
        cadence_note(&c, ts);
    ck_assert(cadence_equal(&c, &before));
    cadence_note(&c, 10000);
    ck_assert(!cadence_equal(&c, &before));
    must_be(&c, 1000, 0);
}
END_TEST

START_TEST(outages_do_not_count_as_the_pace)
{
    struct cadence c = {0};
    int64_t now = 0;
    for (int i = 0; i < 200; i++) {
        now += i % 3 == 0 ? INT64_C(400000000000) : 60000; /* a third of them, twelve years each */
        cadence_note(&c, now);
    }
    must_be(&c, 60000, 0);
}
END_TEST

START_TEST(a_new_pace_is_known_after_half_of_the_gaps)
{
    struct cadence c = every(1000, 1000);
    int64_t now = 999000;
    for (int i = 0; i < CADENCE_GAPS / 2; i++)
        cadence_note(&c, now += 60000);
    must_be(&c, 1000, 0);
    cadence_note(&c, now += 60000);
    must_be(&c, 60000, 0);
}
END_TEST

/* Only what is still held matters, bit for bit. */
START_TEST(the_far_past_leaves_no_trace)
{
    struct rng rng;
    rng_seed(&rng, 2);
    struct cadence a = every(7, 50), b = every(900, 13);
    int64_t at = 1000000;
    cadence_note(&a, at);
    cadence_note(&b, at);
    for (int i = 0; i < CADENCE_GAPS; i++) {
        at += 1 + rng_below(&rng, 100000);
        cadence_note(&a, at);
        cadence_note(&b, at);
    }
    struct cadence_summary sa, sb;
    ck_assert(cadence_summary(&a, &sa) && cadence_summary(&b, &sb));
    ck_assert(sa.gaps == sb.gaps && sa.median_ms == sb.median_ms && sa.spread_ms == sb.spread_ms);
}
END_TEST

UNIT_CASE(cadence)
{
    tcase_add_test(tc, a_few_readings_are_no_cadence);
    tcase_add_test(tc, median_and_spread_are_exact);
    tcase_add_test(tc, backfill_and_repeats_leave_no_gap);
    tcase_add_test(tc, outages_do_not_count_as_the_pace);
    tcase_add_test(tc, a_new_pace_is_known_after_half_of_the_gaps);
    tcase_add_test(tc, the_far_past_leaves_no_trace);
}
