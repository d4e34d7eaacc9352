/* The sink against a real store: inserts, races, lost answers, and a store that is away. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/xmalloc.h"
#include "common/store/schema.h"
#include "tests/store/fixture.h"

enum { BATCH = 50 };

/* --- readings */

struct batch {
    struct reading reading[BATCH];
    char device[BATCH][24];
    struct sink_raw raw[BATCH], *pointer[BATCH];
};

static struct batch *batch_new(void)
{
    struct clock clock = clock_system();
    struct batch *b = xcalloc(1, sizeof *b);
    for (int i = 0; i < BATCH; i++) {
        struct reading *r = &b->reading[i];
        snprintf(b->device[i], sizeof b->device[i], "$dev.%d", i);
        r->device_id = span_str(b->device[i]);
        r->ts_ms = 1763719200000 + i;
        r->received_at_ms = clock_wall_ms(&clock);
        r->sensor[r->sensors++] =
            (struct reading_sensor){.name = span_str("temperature_c"), .value = 20 + i};
        r->sensor[r->sensors++] = (struct reading_sensor){.name = span_str("_id"), .value = i};
        b->raw[i] =
            (struct sink_raw){.reading = r, .id = reading_id(r), .partition = 3, .offset = i};
        b->pointer[i] = &b->raw[i];
    }
    return b;
}

static void all_are(const struct batch *b, enum raw_outcome outcome)
{
    for (int i = 0; i < BATCH; i++)
        ck_assert_msg(b->raw[i].outcome == outcome, "item %d: %d", i, (int)b->raw[i].outcome);
}

START_TEST(readings_are_stored_once)
{
    struct batch *b = batch_new();
    MUST(fixture_insert(b->raw, BATCH, E));
    all_are(b, RAW_STORED);
    MUST(fixture_insert(b->raw, BATCH, E));
    all_are(b, RAW_EXISTS);
    ck_assert_int_eq(fixture_count("telemetry_raw"), BATCH);
    free(b);
}
END_TEST

START_TEST(origins_tell_a_replay_from_a_second_sending)
{
    struct batch *b = batch_new();
    MUST(fixture_insert(b->raw, BATCH, E));
    b->raw[1].partition = 4, b->raw[1].offset = 900;
    b->reading[2].sensor[0].value = -1; /* the same id with other contents */
    MUST(fixture_insert(b->raw, BATCH, E));
    all_are(b, RAW_EXISTS);
    MUST(fix.sink.read_origins(fix.sink.self, b->pointer, BATCH, E));
    for (int i = 0; i < BATCH; i++) {
        ck_assert_int_eq(b->raw[i].found_partition, 3);
        ck_assert_int_eq(b->raw[i].found_offset, i);
        ck_assert_msg(b->raw[i].same_contents == (i != 2), "item %d", i);
    }
    free(b);
}
END_TEST

START_TEST(one_reading_twice_in_a_batch_is_stored_once)
{
    struct batch *b = batch_new();
    b->raw[7].reading = b->raw[6].reading;
    b->raw[7].id = b->raw[6].id;
    MUST(fixture_insert(b->raw, BATCH, E));
    ck_assert_int_eq(b->raw[6].outcome, RAW_STORED);
    ck_assert_int_eq(b->raw[7].outcome, RAW_EXISTS);
    ck_assert_int_eq(fixture_count("telemetry_raw"), BATCH - 1);
    MUST(fixture_insert(b->raw, BATCH, E));
    MUST(fix.sink.read_origins(fix.sink.self, b->pointer, BATCH, E));
    ck_assert_int_eq(b->raw[6].found_offset, 6);
    ck_assert_int_eq(b->raw[7].found_offset, 6);
    free(b);
}
END_TEST

START_TEST(a_document_that_is_gone_is_unknown_again)
{
    struct batch *b = batch_new();
    MUST(fixture_insert(b->raw, BATCH - 1, E));
    MUST(fix.sink.read_origins(fix.sink.self, b->pointer, BATCH, E));
    ck_assert_int_eq(b->raw[BATCH - 2].outcome, RAW_EXISTS);
    ck_assert_int_eq(b->raw[BATCH - 1].outcome, RAW_UNKNOWN);
    free(b);
}
END_TEST

START_TEST(a_lost_answer_stores_nothing_twice)
{
    struct batch *b = batch_new();
    struct err e = {0};
    relay_set(fix.relay, RELAY_LOSE_ANSWER);
    int rc = fixture_insert(b->raw, BATCH, &e);
    ck_assert_msg(rc == 0 || rc == ERR_UNAVAILABLE, "%s", err_name(rc));
    MUST(fixture_insert(b->raw, BATCH, E));
    MUST(fix.sink.read_origins(fix.sink.self, b->pointer, BATCH, E));
    for (int i = 0; i < BATCH; i++)
        ck_assert(b->raw[i].found_offset == i && b->raw[i].same_contents);
    ck_assert_int_eq(fixture_count("telemetry_raw"), BATCH);
    free(b);
}
END_TEST

START_TEST(an_insertion_goes_on_while_nobody_waits)
{
    struct batch *b = batch_new();
    relay_set(fix.relay, RELAY_FREEZE);
    fix.sink.insert_begin(fix.sink.self, b->raw, BATCH);
    memset(b->reading, 0, sizeof b->reading); /* it has all it needs */
    ck_assert_int_eq(fix.sink.insert_finish(fix.sink.self, b->raw, BATCH, 20, NULL), ERR_TIMEOUT);
    relay_set(fix.relay, RELAY_PASS);
    MUST(fix.sink.insert_finish(fix.sink.self, b->raw, BATCH, 10000, E));
    all_are(b, RAW_STORED);
    ck_assert_int_eq(fixture_count("telemetry_raw"), BATCH);
    free(b);
}
END_TEST

START_TEST(an_abandoned_insertion_is_nobodys_answer)
{
    enum { HALF = BATCH / 2 };
    struct batch *b = batch_new();
    relay_set(fix.relay, RELAY_FREEZE);
    fix.sink.insert_begin(fix.sink.self, b->raw, HALF);
    ck_assert_int_eq(fix.sink.insert_finish(fix.sink.self, b->raw, HALF, 20, NULL), ERR_TIMEOUT);
    fix.sink.insert_abandon(fix.sink.self);
    fix.sink.insert_begin(fix.sink.self, b->raw + HALF, HALF);
    fix.sink.insert_abandon(fix.sink.self); /* this one never left */
    relay_set(fix.relay, RELAY_PASS);
    MUST(fixture_insert(b->raw + HALF, HALF, E));
    for (int i = 0; i < BATCH; i++)
        ck_assert_msg(b->raw[i].outcome == (i < HALF ? RAW_UNKNOWN : RAW_STORED), "item %d", i);
    ck_assert_int_eq(fixture_count("telemetry_raw"), BATCH); /* it came late */
    MUST(fixture_insert(b->raw, BATCH, E));
    MUST(fix.sink.read_origins(fix.sink.self, b->pointer, BATCH, E));
    for (int i = 0; i < BATCH; i++)
        ck_assert(b->raw[i].found_offset == i && b->raw[i].same_contents);
    free(b);
}
END_TEST

/* --- windows */

/* A window of one device with readings 1..n of partition 3. */
static void fill_window(struct window *w, int n)
{
    window_init(w, 1763719200000);
    for (int i = 1; i <= n; i++)
        ck_assert(window_fold(w, 3, i, 1763719200000 + i, 0.1 * i));
}

static struct sink_window item_of(struct window *w, const char *device)
{
    return (struct sink_window){
        .device_id = span_str(device), .sensor = span_str("humidity"), .window = w};
}

static void must_hold(const char *device, const struct window *expected)
{
    struct window w;
    window_init(&w, expected->start_ms);
    struct sink_window item = item_of(&w, device);
    MUST(fix.sink.read_windows(fix.sink.self, &item, 1, E));
    ck_assert(item.found);
    ck_assert_int_eq(w.rev, expected->rev);
    ck_assert_uint_eq(w.shares, expected->shares);
    ck_assert_int_eq(w.share[0].src, expected->share[0].src);
    ck_assert(window_stats_equal(&w.share[0].stats, &expected->share[0].stats));
    window_deinit(&w);
}

START_TEST(windows_are_inserted_and_replaced)
{
    struct window w[2];
    fill_window(&w[0], 3);
    fill_window(&w[1], 4);
    struct sink_window items[] = {item_of(&w[0], "$a.b"), item_of(&w[1], "dev-2")};
    MUST(fix.sink.write_windows(fix.sink.self, items, 1, 1000, E));
    ck_assert(!items[0].lost && w[0].rev == 1);
    window_fold(&w[0], 3, 9, 1763719200999, 7);
    MUST(fix.sink.write_windows(fix.sink.self, items, 2, 2000, E));
    ck_assert(!items[0].lost && w[0].rev == 2 && !items[1].lost && w[1].rev == 1);
    must_hold("$a.b", &w[0]);
    must_hold("dev-2", &w[1]);
    window_deinit(&w[0]);
    window_deinit(&w[1]);
}
END_TEST

START_TEST(absent_windows_are_not_found)
{
    struct window w;
    window_init(&w, 0);
    struct sink_window item = item_of(&w, "nobody");
    MUST(fix.sink.read_windows(fix.sink.self, &item, 1, E));
    ck_assert(!item.found && w.rev == 0 && w.shares == 0);
    window_deinit(&w);
}
END_TEST

/* Three windows in one batch; somebody else has moved the middle one, from the same rev. */
START_TEST(only_the_first_writer_wins)
{
    struct window mine[3], theirs;
    struct sink_window items[3];
    static const char *const devices[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        fill_window(&mine[i], 2);
        items[i] = item_of(&mine[i], devices[i]);
    }
    MUST(fix.sink.write_windows(fix.sink.self, items, 3, 1000, E));
    fill_window(&theirs, 5);
    theirs.rev = 1;
    struct sink_window other = item_of(&theirs, "b");
    MUST(fix.sink.write_windows(fix.sink.self, &other, 1, 1500, E));
    ck_assert(!other.lost && theirs.rev == 2);
    for (int i = 0; i < 3; i++)
        window_fold(&mine[i], 3, 3, 1763719200500, 1);
    MUST(fix.sink.write_windows(fix.sink.self, items, 3, 2000, E));
    ck_assert(!items[0].lost && items[1].lost && !items[2].lost);
    ck_assert(mine[0].rev == 2 && mine[1].rev == 1 && mine[2].rev == 2);
    must_hold("a", &mine[0]);
    must_hold("b", &theirs);
    must_hold("c", &mine[2]);
    for (int i = 0; i < 3; i++)
        window_deinit(&mine[i]);
    window_deinit(&theirs);
}
END_TEST

START_TEST(of_two_inserts_one_loses)
{
    struct window mine, theirs;
    fill_window(&mine, 2);
    fill_window(&theirs, 3);
    struct sink_window a = item_of(&theirs, "d"), b = item_of(&mine, "d");
    MUST(fix.sink.write_windows(fix.sink.self, &a, 1, 1000, E));
    MUST(fix.sink.write_windows(fix.sink.self, &b, 1, 1000, E));
    ck_assert(!a.lost && b.lost);
    ck_assert_int_eq(mine.rev, 0);
    must_hold("d", &theirs);
    window_deinit(&mine);
    window_deinit(&theirs);
}
END_TEST

START_TEST(a_replace_of_what_is_gone_is_lost)
{
    struct window w;
    fill_window(&w, 2);
    w.rev = 3;
    struct sink_window item = item_of(&w, "gone");
    MUST(fix.sink.write_windows(fix.sink.self, &item, 1, 1000, E));
    ck_assert(item.lost && w.rev == 3);
    ck_assert_int_eq(fixture_count("aggregated_data"), 0);
    window_deinit(&w);
}
END_TEST

/* Four windows that begin at once, of two partitions, one of them final, one of them late. */
START_TEST(open_windows_are_found_by_partition_and_time)
{
    static const char *const devices[] = {"o1", "o2", "o3", "o4"};
    struct sink_key found[4];
    size_t count = 0;
    for (int i = 0; i < 4; i++) {
        struct window w;
        window_init(&w, 1763719200000 + (i == 3 ? 60000 : 0));
        window_fold(&w, i == 1 ? 30 : 3, 1, w.start_ms, 1);
        w.final = i == 2;
        struct sink_window item = item_of(&w, devices[i]);
        MUST(fix.sink.write_windows(fix.sink.self, &item, 1, 1000, E));
        window_deinit(&w);
    }
    MUST(fix.sink.find_open(fix.sink.self, 3, 1763719200000, found, 4, &count, E));
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(found[0].device_id, "o1");
    ck_assert_str_eq(found[0].sensor, "humidity");
    ck_assert_int_eq(found[0].start_ms, 1763719200000);
    MUST(fix.sink.find_open(fix.sink.self, 3, 1763719260000, found, 4, &count, E));
    ck_assert_uint_eq(count, 2);
    MUST(fix.sink.find_open(fix.sink.self, 3, 1763719260000, found, 1, &count, E));
    ck_assert_uint_eq(count, 1);
}
END_TEST

START_TEST(a_store_has_an_identity_once_it_is_set_up)
{
    char first[SINK_IDENTITY_MAX], again[SINK_IDENTITY_MAX];
    struct store_schema_options options = {
        .raw = "telemetry_raw", .windows = "aggregated_data", .alerts = "alerts"};
    struct err e = {0};
    ck_assert_int_eq(fix.sink.identity(fix.sink.self, first, &e), ERR_NOT_FOUND);
    for (int i = 0; i < 2; i++)
        MUST(store_schema_apply(fix.mongo, &options, 1000, E));
    MUST(fix.sink.identity(fix.sink.self, first, E));
    ck_assert_uint_eq(strlen(first), 24);
    fixture_drop_database();
    MUST(store_schema_apply(fix.mongo, &options, 1000, E));
    MUST(fix.sink.identity(fix.sink.self, again, E));
    ck_assert_str_ne(first, again);
}
END_TEST

/* The answer to a replace gets lost; the same call again must not lose or double anything. */
START_TEST(a_repeated_write_finds_its_own)
{
    struct window w;
    fill_window(&w, 2);
    struct sink_window item = item_of(&w, "e");
    MUST(fix.sink.write_windows(fix.sink.self, &item, 1, 1000, E));
    window_fold(&w, 3, 3, 1763719200500, 1);
    struct err e = {0};
    relay_set(fix.relay, RELAY_LOSE_ANSWER);
    int rc = fix.sink.write_windows(fix.sink.self, &item, 1, 2000, &e);
    ck_assert_msg(rc == 0 || rc == ERR_UNAVAILABLE, "%s", err_name(rc));
    if (rc)
        MUST(fix.sink.write_windows(fix.sink.self, &item, 1, 2000, E));
    ck_assert(!item.lost);
    ck_assert_int_eq(w.rev, 2);
    must_hold("e", &w);
    window_deinit(&w);
}
END_TEST

START_TEST(many_windows_at_once)
{
    enum { MANY = 3000 };
    struct window *w = xcalloc(MANY, sizeof *w);
    struct sink_window *items = xcalloc(MANY, sizeof *items);
    char(*devices)[24] = xcalloc(MANY, sizeof *devices);
    for (int i = 0; i < MANY; i++) {
        fill_window(&w[i], 2);
        snprintf(devices[i], sizeof devices[i], "many-%d", i);
        items[i] = item_of(&w[i], devices[i]);
    }
    MUST(fix.sink.write_windows(fix.sink.self, items, MANY, 1000, E));
    MUST(fix.sink.write_windows(fix.sink.self, items, MANY, 2000, E));
    MUST(fix.sink.read_windows(fix.sink.self, items, MANY, E));
    for (int i = 0; i < MANY; i++) {
        ck_assert(items[i].found && !items[i].lost && w[i].rev == 2);
        window_deinit(&w[i]);
    }
    free(devices);
    free(items);
    free(w);
}
END_TEST

/* --- devices and the ledger */

START_TEST(devices_are_written_by_compare_and_set)
{
    struct batch *b = batch_new();
    struct device_state mine, theirs;
    device_state_init(&mine, b->reading[0].device_id);
    device_state_init(&theirs, b->reading[0].device_id);
    device_state_fold(&mine, 3, 0, &b->reading[0]);
    struct sink_device a = {.state = &mine}, c = {.state = &theirs};
    MUST(fix.sink.write_devices(fix.sink.self, &a, 1, E));
    ck_assert(!a.lost && mine.rev == 1);
    MUST(fix.sink.read_devices(fix.sink.self, &c, 1, E));
    ck_assert(c.found && theirs.rev == 1);
    ck_assert_int_eq(theirs.share[0].src, 0);
    device_state_fold(&theirs, 3, 1, &b->reading[0]);
    device_state_fold(&mine, 3, 1, &b->reading[0]);
    MUST(fix.sink.write_devices(fix.sink.self, &c, 1, E));
    ck_assert(!c.lost && theirs.rev == 2);
    mine.skew_ms++; /* or the bytes would be the same, and nothing lost */
    MUST(fix.sink.write_devices(fix.sink.self, &a, 1, E));
    ck_assert(a.lost && mine.rev == 1);
    device_state_deinit(&mine);
    device_state_deinit(&theirs);
    free(b);
}
END_TEST

/* The losers of one call. */
static unsigned write_ledger(const struct ledger *l, int64_t expected_next)
{
    struct sink_ledger item = {.ledger = *l, .expected_next = expected_next};
    MUST(fix.sink.write_ledgers(fix.sink.self, &item, 1, 1000, E));
    return item.lost;
}

START_TEST(the_ledger_moves_for_one_owner_only)
{
    struct ledger l,
        mine = {
            .partition = 3, .first = 0, .next_offset = 10, .stored = 10, .watermark_ms = INT64_MIN};
    struct err e = {0};
    ck_assert_int_eq(fix.sink.read_ledger(fix.sink.self, 3, &l, &e), ERR_NOT_FOUND);
    ck_assert(!write_ledger(&mine, -1));
    err_clear(&e);
    struct ledger theirs = mine;
    theirs.stored = 9, theirs.dead = 1;
    ck_assert(write_ledger(&theirs, -1));
    mine.next_offset = 20, mine.stored = 20;
    ck_assert(!write_ledger(&mine, 10));
    err_clear(&e);
    theirs.next_offset = 15;
    ck_assert(write_ledger(&theirs, 10));
    MUST(fix.sink.read_ledger(fix.sink.self, 3, &l, E));
    ck_assert_int_eq(memcmp(&l, &mine, sizeof l), 0);
}
END_TEST

/* --- a store that is away */

/* Runs every call and returns the longest time one took, in ms. All must say ERR_UNAVAILABLE. */
static int64_t all_unavailable(void)
{
    struct clock clock = clock_system();
    struct batch *b = batch_new();
    struct window w;
    fill_window(&w, 1);
    struct sink_window item = item_of(&w, "x");
    struct sink_ledger l = {.ledger = {.partition = 1}, .expected_next = -1};
    uint64_t longest = 0;
    for (int call = 0; call < 4; call++) {
        struct err e = {0};
        uint64_t start = clock_monotonic_ms(&clock);
        int rc = call == 0   ? fixture_insert(b->raw, BATCH, &e)
                 : call == 1 ? fix.sink.read_windows(fix.sink.self, &item, 1, &e)
                 : call == 2 ? fix.sink.write_windows(fix.sink.self, &item, 1, 1, &e)
                             : fix.sink.write_ledgers(fix.sink.self, &l, 1, 1, &e);
        uint64_t took = clock_monotonic_ms(&clock) - start;
        ck_assert_msg(rc == ERR_UNAVAILABLE, "call %d: %s", call, err_name(rc));
        ck_assert_str_ne(e.message, "");
        longest = took > longest ? took : longest;
    }
    all_are(b, RAW_UNKNOWN);
    window_deinit(&w);
    free(b);
    return (int64_t)longest;
}

START_TEST(a_killed_store_is_unavailable_in_bounded_time_and_comes_back)
{
    struct batch *b = batch_new();
    MUST(fixture_insert(b->raw, BATCH, E));
    relay_set(fix.relay, RELAY_CUT);
    ck_assert_int_lt(all_unavailable(), 6000);
    relay_set(fix.relay, RELAY_PASS);
    MUST(fixture_insert(b->raw, BATCH, E));
    all_are(b, RAW_EXISTS);
    free(b);
}
END_TEST

START_TEST(a_frozen_store_is_unavailable_in_bounded_time)
{
    struct batch *b = batch_new();
    MUST(fixture_insert(b->raw, BATCH, E));
    relay_set(fix.relay, RELAY_FREEZE);
    ck_assert_int_lt(all_unavailable(), 8000);
    free(b);
}
END_TEST

void sink_tests(TCase *tc)
{
    tcase_add_test(tc, readings_are_stored_once);
    tcase_add_test(tc, origins_tell_a_replay_from_a_second_sending);
    tcase_add_test(tc, one_reading_twice_in_a_batch_is_stored_once);
    tcase_add_test(tc, a_document_that_is_gone_is_unknown_again);
    tcase_add_test(tc, a_lost_answer_stores_nothing_twice);
    tcase_add_test(tc, an_insertion_goes_on_while_nobody_waits);
    tcase_add_test(tc, an_abandoned_insertion_is_nobodys_answer);
    tcase_add_test(tc, windows_are_inserted_and_replaced);
    tcase_add_test(tc, absent_windows_are_not_found);
    tcase_add_test(tc, only_the_first_writer_wins);
    tcase_add_test(tc, of_two_inserts_one_loses);
    tcase_add_test(tc, a_replace_of_what_is_gone_is_lost);
    tcase_add_test(tc, open_windows_are_found_by_partition_and_time);
    tcase_add_test(tc, a_store_has_an_identity_once_it_is_set_up);
    tcase_add_test(tc, a_repeated_write_finds_its_own);
    tcase_add_test(tc, many_windows_at_once);
    tcase_add_test(tc, devices_are_written_by_compare_and_set);
    tcase_add_test(tc, the_ledger_moves_for_one_owner_only);
    tcase_add_test(tc, a_killed_store_is_unavailable_in_bounded_time_and_comes_back);
    tcase_add_test(tc, a_frozen_store_is_unavailable_in_bounded_time);
}
