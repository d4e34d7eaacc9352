/* Rate limits against an exact model, with time as an argument, and against several threads. */
#include "ingest/rate.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/random.h"
#include "tests/unit/unit.h"

enum { EVENTS = 1500, NAME_MAX = 24, SEED = 7 };

static struct rate *limit_of(double per_s, int64_t burst, size_t lines)
{
    const struct rate_limit limit = {.per_s = per_s, .burst = burst};
    return rate_new(&limit, lines, SEED);
}

static struct span name_of(unsigned n, char text[NAME_MAX])
{
    int len = snprintf(text, NAME_MAX, "dev-%u", n);
    return span_of(text, (size_t)len);
}

/* One reading: whether it may pass; then it is charged. */
static bool take(struct rate *r, struct span name, uint64_t now_ns)
{
    if (rate_wait_ns(r, name, now_ns) > 0)
        return false;
    rate_charge(r, name, 1, now_ns);
    return true;
}

static uint64_t ns_of(double s)
{
    return (uint64_t)(s * 1e9);
}

/* In every stretch of time, from one reading that passed to any later one. */
static void check_windows(const struct rate_limit *l, const uint64_t *passed, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = i; j < count; j++) {
            double most = (double)l->burst + l->per_s * (double)(passed[j] - passed[i]) / 1e9;
            if (j - i + 1 > most + 0.1) /* each ck_assert writes to a file */
                ck_abort_msg("%u readings in %llu ns, %g/s, burst %lld", j - i + 1,
                             (unsigned long long)(passed[j] - passed[i]), l->per_s,
                             (long long)l->burst);
        }
    }
}

static const struct rate_limit limits[] = {
    {.per_s = 0.001, .burst = 1}, {.per_s = 0.5, .burst = 3},     {.per_s = 1, .burst = 1},
    {.per_s = 3, .burst = 7},     {.per_s = 10, .burst = 100},    {.per_s = 777.7, .burst = 20},
    {.per_s = 6251, .burst = 50}, {.per_s = 70000, .burst = 200}, {.per_s = 1e6, .burst = 1000},
};
enum { LIMITS = sizeof limits / sizeof limits[0] };

/* Random gaps, on average a tenth of what the rate wants, with a pause now and then. */
static uint64_t random_gap(struct rng *rng, const struct rate_limit *l)
{
    bool pause = rng_below(rng, 100) == 0;
    return ns_of(rng_unit(rng) * (pause ? 2.0 * (double)l->burst : 0.2) / l->per_s);
}

static void run_one(const struct rate_limit *l, uint64_t start_ns, uint64_t seed)
{
    static uint64_t passed[EVENTS];
    struct rate *r = rate_new(l, 4, SEED);
    struct rng rng;
    unsigned count = 0;
    rng_seed(&rng, seed);
    for (uint64_t now = start_ns, n = 0; n < EVENTS; n++, now += random_gap(&rng, l))
        if (take(r, span_str("noisy"), now))
            passed[count++] = now;
    ck_assert_uint_ge(count, (unsigned)(l->burst < EVENTS ? l->burst : EVENTS));
    check_windows(l, passed, count);
    rate_free(r);
}

START_TEST(no_window_has_more_than_burst_and_rate)
{
    for (unsigned i = 0; i < LIMITS; i++)
        for (uint64_t seed = 0; seed < 5; seed++)
            run_one(&limits[i], ns_of(1000.0 * (double)seed), seed);
}
END_TEST

/* 2^44 ticks of about 10 us, or fewer of them at high rates: the time in a word comes round. */
START_TEST(time_may_wrap_around)
{
    for (unsigned i = 0; i < LIMITS; i++) {
        double token_ticks = fmin(fmax(round(1e5 / limits[i].per_s), 16), 1 << 20);
        double wrap_s = 17592186044416.0 / (limits[i].per_s * token_ticks);
        double lead_s = 20.0 / limits[i].per_s;
        run_one(&limits[i], ns_of(wrap_s - lead_s), 3);
    }
}
END_TEST

START_TEST(who_always_asks_gets_all_of_the_rate)
{
    for (unsigned i = 0; i < LIMITS; i++) {
        const struct rate_limit *l = &limits[i];
        struct rate *r = rate_new(l, 4, SEED);
        uint64_t now = ns_of(5), step = ns_of(0.05 / l->per_s);
        unsigned passed = 0, wanted = (unsigned)l->burst + 200;
        for (; now < ns_of(5 + 200 / l->per_s); now += step)
            while (take(r, span_str("d"), now))
                passed++;
        ck_assert_msg(passed >= wanted - 1 && passed <= wanted, "%u of %u at %g/s", passed, wanted,
                      l->per_s);
        rate_free(r);
    }
}
END_TEST

static int64_t drain(struct rate *r, struct span name, uint64_t now)
{
    int64_t passed = 0;
    while (take(r, name, now))
        passed++;
    return passed;
}

START_TEST(a_bucket_is_full_after_burst_over_rate)
{
    for (unsigned i = 0; i < LIMITS; i++) {
        const struct rate_limit *l = &limits[i];
        struct rate *r = rate_new(l, 4, SEED);
        struct span name = span_str("d");
        uint64_t now = ns_of(5), full = ns_of((double)l->burst / l->per_s);
        ck_assert_int_eq(drain(r, name, now), l->burst);
        ck_assert_int_eq(drain(r, name, now + full + full / 1000 + 20000), l->burst);
        ck_assert_int_eq(drain(r, name, now + 50 * full), l->burst); /* and not fuller */
        rate_free(r);
    }
}
END_TEST

START_TEST(the_wait_is_exact)
{
    for (unsigned i = 0; i < LIMITS; i++) {
        struct rate *r = rate_new(&limits[i], 4, SEED);
        struct span name = span_str("d");
        uint64_t now = ns_of(77), tick = ns_of(0.1 / limits[i].per_s);
        drain(r, name, now);
        uint64_t wait = rate_wait_ns(r, name, now);
        ck_assert_uint_gt(wait, 0);
        ck_assert(fabs((double)wait - 1e9 / limits[i].per_s) <= (double)tick);
        ck_assert_uint_gt(rate_wait_ns(r, name, now + wait - tick), 0);
        ck_assert_uint_eq(rate_wait_ns(r, name, now + wait + tick), 0);
        rate_free(r);
    }
}
END_TEST

START_TEST(a_batch_larger_than_the_burst_passes_and_is_paid_for)
{
    struct rate *r = limit_of(10, 5, 4);
    struct span name = span_str("gateway");
    uint64_t now = ns_of(3);
    ck_assert_uint_eq(rate_wait_ns(r, name, now), 0);
    rate_charge(r, name, 10000, now);
    /* 9995 owed and one token to come, at ten a second */
    double wait_s = (double)rate_wait_ns(r, name, now) / 1e9;
    ck_assert_msg(fabs(wait_s - 999.6) < 0.01, "%g s", wait_s);
    ck_assert_uint_eq(rate_wait_ns(r, name, now + ns_of(999.7)), 0);
    rate_free(r);
}
END_TEST

/* Whoever sends the same batch again and again gets it through as often as the rate allows. */
START_TEST(a_retried_batch_gets_through)
{
    struct rate *r = limit_of(100, 10, 4);
    unsigned passed = 0;
    for (uint64_t now = ns_of(1); now < ns_of(101); now += ns_of(0.25)) {
        if (rate_wait_ns(r, span_str("g"), now) > 0)
            continue;
        rate_charge(r, span_str("g"), 1000, now);
        passed++;
    }
    ck_assert_uint_ge(passed, 9);
    ck_assert_uint_le(passed, 11);
    rate_free(r);
}
END_TEST

START_TEST(debts_are_bounded)
{
    struct rate *r = limit_of(1000, 10, 4);
    for (int i = 0; i < 50; i++)
        rate_charge(r, span_str("d"), RATE_CHARGE_MAX, ns_of(1));
    ck_assert_uint_le(rate_wait_ns(r, span_str("d"), ns_of(1)),
                      ns_of((double)RATE_CHARGE_MAX / 1000 + 1));
    ck_assert_uint_gt(rate_wait_ns(r, span_str("d"), ns_of(1)), 0);
    rate_free(r);
}
END_TEST

START_TEST(devices_are_independent)
{
    struct rate *r = limit_of(1, 5, RATE_LINES);
    char text[NAME_MAX];
    for (unsigned round = 0; round < 6; round++)
        for (unsigned n = 0; n < 10000; n++)
            if (take(r, name_of(n, text), ns_of(9)) != (round < 5))
                ck_abort_msg("%s, round %u", text, round);
    rate_free(r);
}
END_TEST

/* Exact buckets without a limit of memory. */
struct model {
    double tokens;
    uint64_t at_ns;
};

static bool model_allows(struct model *m, const struct rate_limit *l, uint64_t now)
{
    double gained = (double)(now - m->at_ns) / 1e9 * l->per_s;
    m->tokens = fmin((double)l->burst, m->tokens + gained);
    m->at_ns = now;
    return m->tokens >= 1.001; /* a tick of doubt */
}

/* Returns how often the table let through what the model would not. */
static unsigned compare(unsigned devices, size_t lines, unsigned events)
{
    const struct rate_limit l = {.per_s = 2, .burst = 4};
    struct rate *r = rate_new(&l, lines, SEED);
    struct model *model = calloc(devices, sizeof *model);
    struct rng rng;
    char text[NAME_MAX];
    unsigned generous = 0;
    rng_seed(&rng, devices);
    for (unsigned i = 0; i < devices; i++)
        model[i].tokens = (double)l.burst;
    for (uint64_t now = 0, i = 0; i < events; i++, now += rng_below(&rng, 100000)) {
        unsigned n = rng_below(&rng, devices), count = 1 + rng_below(&rng, 3);
        bool allowed = model_allows(&model[n], &l, now);
        bool passed = rate_wait_ns(r, name_of(n, text), now) == 0;
        if (allowed && !passed)
            ck_abort_msg("%s is refused with %g tokens", text, model[n].tokens);
        generous += passed && model[n].tokens < 0.999;
        if (!passed)
            continue;
        rate_charge(r, name_of(n, text), count, now);
        model[n].tokens -= count;
    }
    free(model);
    rate_free(r);
    return generous;
}

START_TEST(whoever_fits_is_limited_exactly)
{
    ck_assert_uint_eq(compare(8, 1, 100000), 0);
    ck_assert_uint_eq(compare(1000, 4096, 100000), 0);
}
END_TEST

START_TEST(more_devices_than_buckets_refuse_nobody_wrongly)
{
    ck_assert_uint_gt(compare(200, 1, 200000), 0); /* the case does occur */
    ck_assert_uint_gt(compare(5000, 16, 200000), 0);
}
END_TEST

START_TEST(a_clock_that_is_behind_by_a_little_does_no_harm)
{
    struct rate *r = limit_of(1000, 3, 4);
    ck_assert_int_eq(drain(r, span_str("d"), ns_of(2)), 3);
    ck_assert_int_eq(drain(r, span_str("d"), ns_of(2) - 300000), 0);
    ck_assert_int_eq(drain(r, span_str("d"), ns_of(2.1)), 3);
    rate_free(r);
}
END_TEST

/* --- threads --- */

enum { THREADS = 4, RACES = 50000 };

struct race {
    struct rate *r;
    _Atomic uint64_t now_ns;
    _Atomic unsigned passed;
};

static void *run_race(void *arg)
{
    struct race *race = arg;
    char text[NAME_MAX];
    for (unsigned i = 0; i < RACES; i++) {
        uint64_t now = atomic_fetch_add(&race->now_ns, 1000) + 1000;
        if (take(race->r, span_str("shared"), now))
            atomic_fetch_add(&race->passed, 1);
        take(race->r, name_of(i % 500, text), now); /* neighbours in the same lines */
    }
    return NULL;
}

START_TEST(threads_pass_no_more_than_one_reading_each_too_many)
{
    struct race race = {.r = limit_of(2000, 20, 512)};
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, run_race, &race), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    double passed_s = (double)atomic_load(&race.now_ns) / 1e9;
    double most = 20 + 2000 * passed_s + THREADS;
    ck_assert_msg(race.passed <= most, "%u > %g", race.passed, most);
    ck_assert_msg(race.passed >= most - THREADS - 2, "%u < %g", race.passed, most);
    rate_free(race.r);
}
END_TEST

UNIT_CASE(rate)
{
    tcase_add_test(tc, no_window_has_more_than_burst_and_rate);
    tcase_add_test(tc, time_may_wrap_around);
    tcase_add_test(tc, who_always_asks_gets_all_of_the_rate);
    tcase_add_test(tc, a_bucket_is_full_after_burst_over_rate);
    tcase_add_test(tc, the_wait_is_exact);
    tcase_add_test(tc, a_batch_larger_than_the_burst_passes_and_is_paid_for);
    tcase_add_test(tc, a_retried_batch_gets_through);
    tcase_add_test(tc, debts_are_bounded);
    tcase_add_test(tc, devices_are_independent);
    tcase_add_test(tc, whoever_fits_is_limited_exactly);
    tcase_add_test(tc, more_devices_than_buckets_refuse_nobody_wrongly);
    tcase_add_test(tc, a_clock_that_is_behind_by_a_little_does_no_harm);
    tcase_add_test(tc, threads_pass_no_more_than_one_reading_each_too_many);
}
