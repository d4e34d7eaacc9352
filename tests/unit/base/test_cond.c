/* Waits with a deadline: so many milliseconds of the monotonic clock, whatever the wall says. */
#include "common/base/cond.h"

#include <errno.h>

#include "tests/unit/unit.h"

static int64_t in_ns(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return in_ns(t);
}

/* 1500 and 999 carry into the seconds for half and nearly all of the moments that it may be. */
START_TEST(a_deadline_is_so_far_from_now)
{
    static const int64_t wait_ms[] = {0, 1, 999, 1000, 1500, INT64_C(86400000)};
    for (size_t i = 0; i < sizeof wait_ms / sizeof *wait_ms; i++) {
        int64_t before = now_ns();
        struct timespec deadline = cond_deadline(wait_ms[i]);
        int64_t after = now_ns(), wait_ns = wait_ms[i] * 1000000;
        ck_assert_int_ge(in_ns(deadline), before + wait_ns);
        ck_assert_int_le(in_ns(deadline), after + wait_ns);
        ck_assert_int_ge(deadline.tv_nsec, 0);
        ck_assert_int_lt(deadline.tv_nsec, 1000000000);
    }
}
END_TEST

/* By the wall clock, such a deadline would have passed decades ago. */
START_TEST(a_wait_ends_at_its_deadline_and_not_before)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    int rc = 0;
    cond_init(&cond);
    struct timespec deadline = cond_deadline(5);
    pthread_mutex_lock(&lock);
    while (rc == 0)
        rc = pthread_cond_timedwait(&cond, &lock, &deadline);
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&cond);
    ck_assert_int_eq(rc, ETIMEDOUT);
    ck_assert_int_ge(now_ns(), in_ns(deadline));
}
END_TEST

UNIT_CASE(cond)
{
    tcase_add_test(tc, a_deadline_is_so_far_from_now);
    tcase_add_test(tc, a_wait_ends_at_its_deadline_and_not_before);
}
