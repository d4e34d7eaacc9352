/* Rollups: the same numbers as of all readings at once, every source once, and which state wins. */
#include <string.h>

#include "common/base/random.h"
#include "common/model/rollup.h"
#include "tests/unit/unit.h"

enum { HOUR_MS = 3600000, MINUTE_MS = 60000 };
static const int64_t day_ms = 86400000;
static const int64_t monday = INT64_C(1795392000000); /* 2026-11-23T00:00:00Z */

static struct rng rng;

/* A stored window of one minute with some readings; everything that it holds goes into `all` too.
 */
static struct rollup_source some_minute(int64_t start_ms, struct window_stats *all)
{
    struct window w;
    struct rollup_source source;
    window_init(&w, start_ms);
    for (uint32_t i = 0, n = 1 + rng_below(&rng, 5); i < n; i++) {
        int64_t ts_ms = start_ms + rng_below(&rng, MINUTE_MS);
        double value = rng_unit(&rng) * 1e3 - 0.1;
        window_fold(&w, (int32_t)rng_below(&rng, 2), i, ts_ms, value);
        window_stats_fold(all, ts_ms, value);
    }
    w.rev = 1 + rng_below(&rng, 9);
    w.final = true;
    w.late = rng_below(&rng, 3);
    rollup_source_of_window(&w, &source);
    window_deinit(&w);
    return source;
}

static struct rollup_source plain(int64_t start_ms, int64_t rev)
{
    struct rollup_source s = {.start_ms = start_ms, .rev = rev, .final = true};
    window_stats_fold(&s.stats, start_ms, 1);
    return s;
}

static struct rollup hour_of(const int64_t *revisions, unsigned count)
{
    struct rollup r;
    rollup_init(&r, &rollup_hour, monday);
    for (unsigned i = 0; i < count; i++) {
        struct rollup_source s = plain(monday + i * MINUTE_MS, revisions[i]);
        rollup_fold(&r, &s);
    }
    return r;
}

START_TEST(levels_divide_without_rest)
{
    ck_assert_uint_eq(rollup_sources(&rollup_hour), 60);
    ck_assert_uint_eq(rollup_sources(&rollup_day), 24);
    ck_assert_int_eq(rollup_source_start(&rollup_hour, monday, 59), monday + 59 * MINUTE_MS);
    struct rollup r;
    rollup_init(&r, &rollup_hour, -1);
    ck_assert_int_eq(r.start_ms, -HOUR_MS);
    rollup_init(&r, &rollup_day, monday + day_ms - 1);
    ck_assert_int_eq(r.start_ms, monday);
}
END_TEST

/* Minutes in any order, and days through hours, give what all readings at once would. */
START_TEST(hours_and_days_are_those_of_their_readings)
{
    rng_seed(&rng, 11);
    for (int round = 0; round < 50; round++) {
        struct window_stats whole = {.count = 0};
        struct rollup day;
        uint64_t late = 0;
        rollup_init(&day, &rollup_day, monday);
        for (int64_t h = 0; h < 24; h++) {
            struct window_stats part = {.count = 0};
            struct rollup_source minute[60], source;
            struct rollup hour;
            rollup_init(&hour, &rollup_hour, monday + h * HOUR_MS);
            for (unsigned m = 0; m < 60; m++)
                minute[m] = some_minute(rollup_source_start(&rollup_hour, hour.start_ms, m), &part);
            unsigned first = rng_below(&rng, 60);
            for (unsigned m = 0; m < 60; m++) {
                ck_assert(rollup_fold(&hour, &minute[(first + 7 * m) % 60]));
                late += minute[m].late;
            }
            ck_assert(window_stats_equal(&hour.stats, &part));
            window_stats_merge(&whole, &part);
            hour.rev = 1;
            rollup_source_of_rollup(&hour, &source);
            ck_assert(rollup_fold(&day, &source));
        }
        ck_assert(window_stats_equal(&day.stats, &whole));
        ck_assert(window_stats_sum(&day.stats) == window_stats_sum(&whole));
        ck_assert(window_stats_stddev(&day.stats) == window_stats_stddev(&whole));
        ck_assert_uint_eq(day.late, late);
    }
}
END_TEST

/* What was settled, and the others as they are now, give what all of them give. */
START_TEST(a_rollup_goes_on_from_what_is_settled)
{
    rng_seed(&rng, 12);
    for (int round = 0; round < 200; round++) {
        struct window_stats ignored = {.count = 0};
        struct rollup before, after, whole;
        uint64_t open = 0;
        rollup_init(&before, &rollup_hour, monday);
        rollup_init(&whole, &rollup_hour, monday);
        struct rollup_source minute[60];
        for (unsigned m = 0; m < 60; m++) {
            minute[m] = some_minute(monday + m * MINUTE_MS, &ignored);
            minute[m].final = rng_below(&rng, 3) > 0;
            if (rng_below(&rng, 3) > 0)
                rollup_fold(&before, &minute[m]);
        }
        rollup_resume(&after, &before);
        ck_assert_uint_eq(rollup_places(&after), before.settled.places);
        for (unsigned m = 0; m < 60; m++) {
            if (!(before.settled.places & rollup_place(&before, minute[m].start_ms))) {
                minute[m].rev++;
                window_stats_fold(&minute[m].stats, minute[m].start_ms, 7);
                ck_assert(rollup_fold(&after, &minute[m]));
                open++;
            }
            ck_assert(rollup_fold(&whole, &minute[m]));
        }
        ck_assert(open > 0 && memcmp(after.src, whole.src, sizeof after.src) == 0);
        ck_assert(window_stats_equal(&after.stats, &whole.stats));
        ck_assert(window_stats_equal(&after.settled.stats, &whole.settled.stats));
        ck_assert(after.settled.places == whole.settled.places && after.late == whole.late);
        ck_assert(after.final == whole.final && after.settled.late == whole.settled.late);
    }
}
END_TEST

START_TEST(places_are_bits_of_the_period)
{
    const int64_t revisions[] = {1, 0, 2};
    struct rollup r = hour_of(revisions, 3);
    ck_assert_uint_eq(rollup_places(&r), 5);
    ck_assert_uint_eq(rollup_place(&r, monday + 59 * MINUTE_MS), UINT64_C(1) << 59);
    ck_assert_uint_eq(rollup_place(&r, monday + HOUR_MS), 0);
    ck_assert_uint_eq(rollup_place(&r, monday + 1), 0);
    ck_assert_uint_eq(rollup_places_before(&r, monday), 0);
    ck_assert_uint_eq(rollup_places_before(&r, monday + MINUTE_MS + 1), 3);
    ck_assert_uint_eq(rollup_places_before(&r, monday + 2 * HOUR_MS), (UINT64_C(1) << 60) - 1);
}
END_TEST

START_TEST(a_source_counts_once_and_only_in_its_period)
{
    struct rollup r;
    rollup_init(&r, &rollup_hour, monday);
    struct rollup_source s = plain(monday + 5 * MINUTE_MS, 3);
    ck_assert(rollup_fold(&r, &s));
    s.rev = 4;
    ck_assert(!rollup_fold(&r, &s));
    struct rollup_source others[] = {plain(monday - MINUTE_MS, 1), plain(monday + HOUR_MS, 1),
                                     plain(monday + 1, 1), plain(monday, 0)};
    for (unsigned i = 0; i < sizeof(others) / sizeof(*others); i++)
        ck_assert_msg(!rollup_fold(&r, &others[i]), "source %u", i);
    s = (struct rollup_source){.start_ms = monday, .rev = 1};
    ck_assert(!rollup_fold(&r, &s)); /* nothing in it */
    ck_assert_uint_eq(r.stats.count, 1);
    ck_assert(rollup_holds(&r, monday + 5 * MINUTE_MS, 3));
    ck_assert(!rollup_holds(&r, monday + 5 * MINUTE_MS, 2));
    ck_assert(!rollup_holds(&r, monday + 5 * MINUTE_MS, 4));
    ck_assert(!rollup_holds(&r, monday, 1));
    ck_assert(!rollup_holds(&r, monday + HOUR_MS, 1));
}
END_TEST

START_TEST(final_when_the_period_is_over_and_all_its_sources_are_final)
{
    const int64_t end = monday + HOUR_MS, grace = 90000;
    struct rollup r = hour_of((int64_t[]){1, 1}, 2);
    rollup_close(&r, end + grace - 1, grace);
    ck_assert(!r.final);
    r = hour_of((int64_t[]){1, 1}, 2);
    rollup_close(&r, end + grace, grace);
    ck_assert(r.final);
    struct rollup_source open = plain(monday + 9 * MINUTE_MS, 1);
    open.final = false;
    r = hour_of((int64_t[]){1, 1}, 2);
    rollup_fold(&r, &open);
    struct rollup_source after = plain(monday + 10 * MINUTE_MS, 1);
    rollup_fold(&r, &after);
    rollup_close(&r, end + grace, grace);
    ck_assert(!r.final);
}
END_TEST

static enum rollup_verdict verdict(struct rollup stored, struct rollup fresh)
{
    stored.rev = 1;
    return rollup_compare(&stored, &fresh);
}

START_TEST(the_state_with_later_sources_wins)
{
    const struct rollup none = hour_of(NULL, 0), both = hour_of((int64_t[]){2, 5}, 2);
    ck_assert_int_eq(rollup_compare(&none, &both), ROLLUP_NEWER);
    ck_assert_int_eq(rollup_compare(&none, &none), ROLLUP_SAME);
    ck_assert_int_eq(verdict(both, both), ROLLUP_SAME);
    ck_assert_int_eq(verdict(both, hour_of((int64_t[]){2, 6}, 2)), ROLLUP_NEWER);
    ck_assert_int_eq(verdict(both, hour_of((int64_t[]){2, 5, 1}, 3)), ROLLUP_NEWER);
    struct rollup closed = both;
    rollup_close(&closed, monday + day_ms, 0);
    struct rollup open = both;
    rollup_close(&open, monday, 0);
    ck_assert_int_eq(verdict(open, closed), ROLLUP_NEWER);
    ck_assert_int_eq(verdict(closed, open), ROLLUP_SAME); /* a clock that went back */
}
END_TEST

/* Minutes expire before hours do. A late reading brings one of them back, with revision 1 and the
 * late reading alone: the hour must not shrink to that. */
START_TEST(sources_that_are_gone_never_shrink_a_rollup)
{
    const struct rollup stored = hour_of((int64_t[]){2, 5}, 2);
    ck_assert_int_eq(verdict(stored, hour_of(NULL, 0)), ROLLUP_SOURCES_GONE);
    ck_assert_int_eq(verdict(stored, hour_of((int64_t[]){2}, 1)), ROLLUP_SOURCES_GONE);
    ck_assert_int_eq(verdict(stored, hour_of((int64_t[]){2, 1}, 2)), ROLLUP_SOURCES_GONE);
    ck_assert_int_eq(verdict(stored, hour_of((int64_t[]){1, 9, 9}, 3)), ROLLUP_SOURCES_GONE);
    struct rollup rich = stored;
    rich.stats.count = 100;
    ck_assert_int_eq(verdict(rich, hour_of((int64_t[]){2, 6}, 2)), ROLLUP_SOURCES_GONE);
}
END_TEST

UNIT_CASE(rollup)
{
    tcase_add_test(tc, levels_divide_without_rest);
    tcase_add_test(tc, hours_and_days_are_those_of_their_readings);
    tcase_add_test(tc, a_rollup_goes_on_from_what_is_settled);
    tcase_add_test(tc, places_are_bits_of_the_period);
    tcase_add_test(tc, a_source_counts_once_and_only_in_its_period);
    tcase_add_test(tc, final_when_the_period_is_over_and_all_its_sources_are_final);
    tcase_add_test(tc, the_state_with_later_sources_wins);
    tcase_add_test(tc, sources_that_are_gone_never_shrink_a_rollup);
}
