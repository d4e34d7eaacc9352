/* Rollups over a real store: what two instances make of the windows, also when answers get lost. */
#include <stdio.h>
#include <stdlib.h>

#include "aggregator/rollup_mongo.h"
#include "aggregator/rollups.h"
#include "common/base/clock.h"
#include "common/mongo/lookup.h"
#include "common/store/documents.h"
#include "tests/store/fixture.h"

enum { HOUR = 3600000, DEVICES = 3, HOURS = 30, MINUTES = HOURS * 60, EVERY = 7 };

static const int64_t midnight = INT64_C(1795132800000); /* 2026-11-20T00:00:00Z */
static const char *const devices[DEVICES] = {"$dev.1", "a/b", "Ger\xc3\xa4t"};

struct instance {
    struct rollup_mongo *store;
    struct rollups *rollups;
};

static void instance_open(struct instance *i, struct mongo *mongo, const char *holder)
{
    const struct clock clock = clock_system();
    i->store = rollup_mongo_new(&(struct rollup_mongo_options){.mongo = mongo,
                                                               .windows = "aggregated_data",
                                                               .hours = "aggregated_1h",
                                                               .days = "aggregated_1d",
                                                               .state = "rollup_state"});
    const struct rollup_store port = rollup_mongo_port(i->store);
    i->rollups = rollups_new(&(struct rollups_config){.overlap_ms = 60000,
                                                      .grace_ms = 60000,
                                                      .lease_ms = 60000,
                                                      .holder = holder,
                                                      .page = 100,
                                                      .seed = 1},
                             &port, &clock);
}

static void instance_close(struct instance *i)
{
    rollups_free(i->rollups);
    rollup_mongo_free(i->store);
}

static void pass(struct instance *i)
{
    struct err e = {0};
    int rc = 1;
    while (rc > 0)
        rc = rollups_step(i->rollups, &e);
    ck_assert_msg(rc == 0, "%s: %s", err_name(rc), e.message);
}

/* --- windows: every EVERY-th minute of the two days, of each device */

struct windows {
    struct window w[DEVICES][MINUTES];
};

static struct sink_window fold(struct windows *all, int device, int minute, int64_t offset)
{
    struct window *w = &all->w[device][minute];
    int64_t start_ms = midnight + minute * WINDOW_DEFAULT_MS;
    if (w->rev == 0)
        window_init(w, start_ms);
    window_fold(w, device, offset, start_ms + offset, 0.1 * (double)(offset + device));
    return (struct sink_window){
        .device_id = span_str(devices[device]), .sensor = span_str("humidity"), .window = w};
}

static void write_windows(struct sink_window *items, size_t count)
{
    const struct clock clock = clock_system();
    MUST(fix.sink.write_windows(fix.sink.self, items, count, clock_wall_ms(&clock), E));
    for (size_t i = 0; i < count; i++)
        ck_assert(!items[i].lost);
}

static void write_late(struct windows *all, int device, int minute)
{
    struct sink_window item = fold(all, device, minute, 2);
    write_windows(&item, 1);
}

static struct windows *windows_new(void)
{
    struct windows *all = calloc(1, sizeof *all);
    ck_assert(all != NULL);
    for (int d = 0; d < DEVICES; d++) {
        struct sink_window item[MINUTES];
        size_t count = 0;
        for (int m = d; m < MINUTES; m += EVERY)
            item[count++] = fold(all, d, m, 1);
        write_windows(item, count);
    }
    return all;
}

static void windows_free(struct windows *all)
{
    for (int d = 0; d < DEVICES; d++)
        for (int m = 0; m < MINUTES; m++)
            window_deinit(&all->w[d][m]);
    free(all);
}

/* --- what the store holds */

static void take(void *arg, size_t item, const bson_t *doc)
{
    (void)item;
    ck_assert(document_rollup_decode(doc, arg));
}

static struct rollup stored(const char *collection, const struct rollup_level *level, int device,
                            int64_t start_ms)
{
    struct rollup r;
    char id[WINDOW_ID_MAX];
    rollup_init(&r, level, start_ms);
    struct mongo_lookup *l = mongo_lookup_new();
    mongo_lookup_add_utf8(l, id,
                          window_id(id, span_str(devices[device]), span_str("humidity"), start_ms));
    mongoc_client_t *client = mongo_pop(fix.direct);
    mongoc_collection_t *c = mongo_collection(fix.direct, client, collection);
    MUST(mongo_lookup_run(l, c, NULL, take, &r, E));
    mongoc_collection_destroy(c);
    mongo_push(fix.direct, client);
    mongo_lookup_free(l);
    return r;
}

static struct window_stats total(const struct windows *all, int device, int from, int to)
{
    struct window_stats sum = {.count = 0}, one;
    for (int m = from; m < to && m < MINUTES; m++) {
        window_total(&all->w[device][m], &one);
        window_stats_merge(&sum, &one);
    }
    return sum;
}

static void must_hold_rollups(const struct windows *all)
{
    ck_assert_int_eq(fixture_count("aggregated_1h"), DEVICES * HOURS);
    ck_assert_int_eq(fixture_count("aggregated_1d"), DEVICES * 2);
    for (int d = 0; d < DEVICES; d++) {
        for (int h = 0; h < HOURS; h++) {
            struct window_stats want = total(all, d, h * 60, h * 60 + 60);
            struct rollup r =
                stored("aggregated_1h", &rollup_hour, d, midnight + (int64_t)h * HOUR);
            ck_assert_msg(window_stats_equal(&r.stats, &want), "device %d, hour %d", d, h);
        }
        for (int day = 0; day < 2; day++) {
            struct window_stats want = total(all, d, day * 1440, day * 1440 + 1440);
            struct rollup r =
                stored("aggregated_1d", &rollup_day, d, midnight + day * INT64_C(24) * HOUR);
            ck_assert_msg(window_stats_equal(&r.stats, &want), "device %d, day %d", d, day);
        }
    }
}

/* --- the tests */

START_TEST(hours_and_days_follow_their_windows)
{
    struct windows *all = windows_new();
    struct instance i;
    instance_open(&i, fix.mongo, "one");
    pass(&i);
    must_hold_rollups(all);
    const struct rollups_stats *stats = rollups_stats(i.rollups);
    ck_assert_uint_eq(stats->written[ROLLUP_HOURS], DEVICES * HOURS);
    ck_assert_uint_eq(stats->written[ROLLUP_DAYS], DEVICES * 2);
    pass(&i); /* reads the same again and writes nothing */
    ck_assert_uint_eq(stats->written[ROLLUP_HOURS], DEVICES * HOURS);
    write_late(all, 1, 700);
    write_late(all, 2, 2 + EVERY);
    pass(&i);
    must_hold_rollups(all);
    ck_assert_uint_eq(stats->written[ROLLUP_HOURS], DEVICES * HOURS + 2);
    ck_assert_uint_eq(stats->written[ROLLUP_DAYS], DEVICES * 2 + 2);
    ck_assert_uint_eq(stats->unreadable, 0);
    instance_close(&i);
    windows_free(all);
}
END_TEST

static void empty(const char *collection)
{
    mongoc_client_t *client = mongo_pop(fix.direct);
    mongoc_collection_t *c = mongo_collection(fix.direct, client, collection);
    bson_t all = BSON_INITIALIZER;
    bson_error_t error;
    ck_assert_msg(mongoc_collection_delete_many(c, &all, NULL, NULL, &error), "%s", error.message);
    bson_destroy(&all);
    mongoc_collection_destroy(c);
    mongo_push(fix.direct, client);
}

START_TEST(emptied_rollups_are_made_anew)
{
    struct windows *all = windows_new();
    struct instance i;
    instance_open(&i, fix.mongo, "one");
    pass(&i);
    empty("aggregated_1h");
    empty("aggregated_1d");
    empty("rollup_state");
    ck_assert_int_eq(fixture_count("aggregated_1h"), 0);
    pass(&i);
    must_hold_rollups(all);
    instance_close(&i);
    windows_free(all);
}
END_TEST

START_TEST(a_pass_that_is_cut_off_is_taken_up_by_the_next)
{
    struct windows *all = windows_new();
    struct instance i;
    struct err e = {0};
    for (int steps = 3; steps < 60; steps += 9) { /* lost in the middle, the lease too */
        instance_open(&i, fix.mongo, "one");
        for (int k = 0; k < steps; k++)
            (void)!rollups_step(i.rollups, &e);
        instance_close(&i);
    }
    instance_open(&i, fix.mongo, "one");
    pass(&i);
    must_hold_rollups(all);
    instance_close(&i);
    windows_free(all);
}
END_TEST

START_TEST(only_one_has_the_lease)
{
    struct instance a, b;
    instance_open(&a, fix.mongo, "a");
    instance_open(&b, fix.mongo, "b");
    pass(&a);
    pass(&b);
    ck_assert(rollups_stats(a.rollups)->leading && !rollups_stats(b.rollups)->leading);
    ck_assert_int_gt(rollups_stats(b.rollups)->through_ms[ROLLUP_DAYS], 0);
    pass(&a);
    ck_assert(rollups_stats(a.rollups)->leading);
    rollups_retire(a.rollups);
    pass(&b);
    ck_assert(rollups_stats(b.rollups)->leading);
    pass(&a);
    ck_assert(!rollups_stats(a.rollups)->leading);
    instance_close(&a);
    instance_close(&b);
}
END_TEST

START_TEST(lost_answers_and_a_store_that_goes_away_change_nothing)
{
    struct windows *all = windows_new();
    struct instance i;
    struct err e = {0};
    instance_open(&i, fix.mongo, "one");
    for (int k = 0; k < 40; k++) {
        relay_set(fix.relay, k % 8 == 3 ? RELAY_LOSE_ANSWER : RELAY_PASS);
        (void)!rollups_step(i.rollups, &e);
    }
    relay_set(fix.relay, RELAY_CUT);
    err_clear(&e);
    int rc = 1;
    while (rc > 0)
        rc = rollups_step(i.rollups, &e);
    ck_assert_int_eq(rc, ERR_UNAVAILABLE);
    relay_set(fix.relay, RELAY_PASS);
    pass(&i);
    must_hold_rollups(all);
    instance_close(&i);
    windows_free(all);
}
END_TEST

void rollup_tests(TCase *tc)
{
    tcase_add_test(tc, hours_and_days_follow_their_windows);
    tcase_add_test(tc, emptied_rollups_are_made_anew);
    tcase_add_test(tc, a_pass_that_is_cut_off_is_taken_up_by_the_next);
    tcase_add_test(tc, only_one_has_the_lease);
    tcase_add_test(tc, lost_answers_and_a_store_that_goes_away_change_nothing);
}
