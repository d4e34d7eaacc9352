/* Views recomputed from readings: equal to those of an aggregator however far it is, and nothing
 * that it is writing is taken for wrong. */
#include "tools/ctl/recount.h"

#include <string.h>

#include "common/base/random.h"
#include "tests/unit/unit.h"

enum { RECORDS = 40, PARTITIONS = 2 };

static struct reading record(int32_t partition, int64_t offset)
{
    struct reading r = {.device_id = span_str("dev-1"),
                        .ts_ms = 1000 * ((offset * 7) % 60),
                        .received_at_ms = 5000 + offset,
                        .sensors = 2};
    r.sensor[0] = (struct reading_sensor){.name = span_str("a"), .value = (double)offset / 7};
    r.sensor[1] = (struct reading_sensor){.name = span_str("b"), .value = (double)partition};
    return r;
}

/* What an aggregator has stored that has done `done[p]` records of each partition. */
static void aggregate(struct minute *m, struct device_state *d, const int64_t done[PARTITIONS])
{
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int64_t o = 0; o < done[p]; o++) {
            struct reading r = record(p, o);
            device_state_fold(d, p, o, &r);
            for (unsigned k = 0; k < r.sensors; k++) {
                struct minute_window *w = minute_sensor(m, r.sensor[k].name);
                w->stored = true;
                window_fold(&w->have, p, o, r.ts_ms, r.sensor[k].value);
            }
        }
    }
}

/* Reads `there[p]` records of each partition back, in an order of its own. */
static void recompute(struct minute *m, struct device_state *want, const struct device_state *have,
                      const struct recount *r, const int64_t there[PARTITIONS])
{
    for (int64_t i = RECORDS; i-- > 0;) {
        int64_t o = (i * 11) % RECORDS;
        for (int32_t p = 0; p < PARTITIONS; p++) {
            struct reading reading = record(p, o);
            if (o >= there[p])
                continue;
            minute_fold(m, r, &reading, p, o);
            recount_device(want, have, r, &reading, p, o);
        }
    }
}

struct stage {
    struct minute m;
    struct recount r;
    struct device_state have, want;
};

static void stage_init(struct stage *s, const int64_t next[PARTITIONS])
{
    memset(s, 0, sizeof *s);
    recount_init(&s->r, PARTITIONS);
    memcpy(s->r.next, next, PARTITIONS * sizeof *next);
    minute_begin(&s->m, 0);
    device_state_init(&s->have, span_str("dev-1"));
    device_state_init(&s->want, span_str("dev-1"));
}

static void stage_deinit(struct stage *s)
{
    minute_deinit(&s->m);
    recount_deinit(&s->r);
    device_state_deinit(&s->have);
    device_state_deinit(&s->want);
}

static bool all_equal(const struct stage *s)
{
    struct difference d;
    for (unsigned i = 0; i < s->m.count; i++)
        if (window_differs(&s->m.item[i], &d))
            return false;
    return !device_differs(&s->have, &s->want, &d);
}

/* Ledger at most where the views are, views at most where the readings are: an aggregator at any
 * moment of its work. */
START_TEST(an_aggregator_at_any_moment_is_right)
{
    struct rng rng;
    rng_seed(&rng, 7);
    for (int round = 0; round < 2000; round++) {
        int64_t next[PARTITIONS], done[PARTITIONS], there[PARTITIONS];
        for (int p = 0; p < PARTITIONS; p++) {
            there[p] = rng_below(&rng, RECORDS + 1);
            done[p] = rng_below(&rng, (uint32_t)there[p] + 1);
            next[p] = rng_below(&rng, (uint32_t)done[p] + 1);
        }
        struct stage s;
        stage_init(&s, next);
        aggregate(&s.m, &s.have, done);
        recompute(&s.m, &s.want, &s.have, &s.r, there);
        ck_assert(all_equal(&s));
        stage_deinit(&s);
    }
}
END_TEST

/* The ledger says that a record is done, and a view is without it. */
START_TEST(a_view_behind_its_ledger_differs)
{
    const int64_t next[PARTITIONS] = {20, 10}, done[PARTITIONS] = {20, 9},
                  there[PARTITIONS] = {30, 10};
    struct stage s;
    struct difference d;
    stage_init(&s, next);
    aggregate(&s.m, &s.have, done);
    recompute(&s.m, &s.want, &s.have, &s.r, there);
    ck_assert(window_differs(&s.m.item[0], &d));
    ck_assert_str_eq(d.field, "count");
    ck_assert_str_eq(d.stored, "29");
    ck_assert_str_eq(d.expected, "30");
    ck_assert(device_differs(&s.have, &s.want, &d));
    ck_assert_str_eq(d.field, "readings");
    stage_deinit(&s);
}
END_TEST

START_TEST(a_window_that_is_not_there_differs_only_when_it_must_be)
{
    const int64_t there[PARTITIONS] = {5, 0};
    for (int64_t next = 0; next < 2; next++) {
        const int64_t known[PARTITIONS] = {next, 0};
        struct stage s;
        struct difference d;
        stage_init(&s, known);
        recompute(&s.m, &s.want, &s.have, &s.r, there);
        ck_assert_int_eq(window_differs(&s.m.item[0], &d), next > 0);
        if (next > 0)
            ck_assert_str_eq(d.stored, "nothing");
        ck_assert(!window_may_have_expired(&s.m.item[0]));
        stage_deinit(&s);
    }
}
END_TEST

/* Readings expire before their windows: what holds more than is left may be right. */
START_TEST(expired_readings_excuse_more_never_less)
{
    const int64_t none[PARTITIONS] = {0, 0}, ten[PARTITIONS] = {10, 0}, nine[PARTITIONS] = {9, 0};
    struct stage more, less;
    stage_init(&more, none);
    aggregate(&more.m, &more.have, ten);
    recompute(&more.m, &more.want, &more.have, &more.r, nine);
    ck_assert(window_may_have_expired(&more.m.item[0]));
    stage_init(&less, ten);
    aggregate(&less.m, &less.have, nine);
    recompute(&less.m, &less.want, &less.have, &less.r, ten);
    ck_assert(!window_may_have_expired(&less.m.item[0]));
    stage_deinit(&more);
    stage_deinit(&less);
}
END_TEST

START_TEST(readings_are_counted_below_the_ledger_alone)
{
    struct recount r;
    recount_init(&r, 2);
    r.next[1] = 3;
    for (int64_t o = 4; o >= 0; o--) {
        struct reading reading = record(0, o);
        recount_note(&r, &reading, 0, o);
        recount_note(&r, &reading, 1, o);
        recount_note(&r, &reading, 2, o); /* a partition that the topic has not */
        recount_note(&r, &reading, -1, o);
    }
    ck_assert(r.stored[0] == 0 && r.oldest[0] == INT64_MAX);
    ck_assert(r.stored[1] == 3 && r.oldest[1] == 5000);
    recount_deinit(&r);
}
END_TEST

UNIT_CASE(recount)
{
    tcase_add_test(tc, an_aggregator_at_any_moment_is_right);
    tcase_add_test(tc, a_view_behind_its_ledger_differs);
    tcase_add_test(tc, a_window_that_is_not_there_differs_only_when_it_must_be);
    tcase_add_test(tc, expired_readings_excuse_more_never_less);
    tcase_add_test(tc, readings_are_counted_below_the_ledger_alone);
}
