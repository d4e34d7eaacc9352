/* The schedule: even, fixed, and consistent in both directions. */
#include "tools/load/schedule.h"

#include <stdbool.h>

#include "common/base/random.h"
#include "tests/unit/unit.h"

static struct schedule plan(int64_t devices, double rps, int64_t duration_ms, int64_t requests)
{
    struct schedule s;
    schedule_init(&s, devices, rps, duration_ms, requests);
    return s;
}

START_TEST(spaces_requests_evenly)
{
    struct schedule s = plan(10, 1.0, 0, 0);
    ck_assert_uint_eq(s.limit, SCHEDULE_ENDLESS);
    ck_assert_uint_eq(schedule_due_ns(&s, 0), 0);
    ck_assert_uint_eq(schedule_due_ns(&s, 1), 100000000);
    ck_assert_uint_eq(schedule_due_ns(&s, 10), 1000000000);
    ck_assert_uint_eq(schedule_due_ns(&s, 864000), UINT64_C(86400000000000));
}
END_TEST

START_TEST(counts_what_is_due)
{
    struct schedule s = plan(10, 1.0, 0, 0);
    ck_assert_uint_eq(schedule_due_count(&s, 0), 1);
    ck_assert_uint_eq(schedule_due_count(&s, 99999999), 1);
    ck_assert_uint_eq(schedule_due_count(&s, 100000000), 2);
    ck_assert_uint_eq(schedule_due_count(&s, 1000000000), 11);
}
END_TEST

START_TEST(ends_with_the_duration)
{
    ck_assert_uint_eq(plan(10, 1.0, 10000, 0).limit, 100);
    ck_assert_uint_eq(plan(3, 0.5, 10000, 0).limit, 15);
    ck_assert_uint_eq(plan(1, 0.001, 1, 0).limit, 1); /* the first one is due at once */
    ck_assert_uint_eq(plan(1, 1e6, 1000, 0).limit, 1000000);
    ck_assert_uint_eq(plan(10, 1.0, 1001, 0).limit, 11);
}
END_TEST

START_TEST(ends_with_the_requests)
{
    struct schedule s = plan(10, 1.0, 0, 5);
    ck_assert_uint_eq(s.limit, 5);
    ck_assert_uint_eq(schedule_due_count(&s, UINT64_C(1000000000000)), 5);
    ck_assert_uint_eq(plan(10, 1.0, 10000, 7).limit, 7); /* the smaller plan counts */
    ck_assert_uint_eq(plan(10, 1.0, 10000, 1000).limit, 100);
}
END_TEST

START_TEST(ends_when_the_second_request_is_never_due)
{
    ck_assert_uint_eq(plan(10, 1e-12, 1000, 0).limit, 1);
    ck_assert_uint_eq(plan(1, 5e-324, 1000, 0).limit, 1);
    struct schedule s = plan(1, 1e-300, 0, 3);
    ck_assert_uint_eq(schedule_due_count(&s, 1000000000), 1);
    ck_assert_uint_ge(schedule_due_ns(&s, 2), schedule_due_ns(&s, 1));
}
END_TEST

/* For any rate: request n is due exactly when the count says so, and never before n-1. */
START_TEST(agrees_with_itself)
{
    struct rng rng;
    rng_seed(&rng, 1);
    for (int i = 0; i < 100000; i++) {
        struct schedule s = plan(1 + rng_below(&rng, 1000), 1e-3 + 1000 * rng_unit(&rng), 0, 0);
        double seconds = 1e8 * rng_unit(&rng) * rng_unit(&rng); /* up to three years */
        uint64_t n = (uint64_t)(seconds * s.rate);
        uint64_t due = schedule_due_ns(&s, n);
        bool good = schedule_due_count(&s, due) >= n + 1 &&
                    (due == 0 || schedule_due_count(&s, due - 1) <= n) &&
                    schedule_due_ns(&s, n + 1) >= due;
        if (!good) {
            ck_abort_msg("rate %g, request %llu", s.rate, (unsigned long long)n);
        }
    }
}
END_TEST

UNIT_CASE(schedule)
{
    tcase_add_test(tc, spaces_requests_evenly);
    tcase_add_test(tc, counts_what_is_due);
    tcase_add_test(tc, ends_with_the_duration);
    tcase_add_test(tc, ends_with_the_requests);
    tcase_add_test(tc, ends_when_the_second_request_is_never_due);
    tcase_add_test(tc, agrees_with_itself);
}
