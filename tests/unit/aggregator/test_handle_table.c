/* The tables in memory against naive models: whatever comes and goes, in whatever order, is found
 * when it is there and only then. */
#include "aggregator/handle_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "aggregator/device_table.h"
#include "aggregator/pool.h"
#include "aggregator/sensor_names.h"
#include "common/base/clock.h"
#include "common/base/random.h"
#include "tests/unit/unit.h"

static bool found(const struct handle_table *t, uint32_t hash, uint32_t handle)
{
    uint32_t h;
    for (size_t at = hash; (h = handle_table_next(t, hash, &at));)
        if (h == handle)
            return true;
    return false;
}

/* Few different hashes, among them those of the last slots, so that runs are long and go round the
 * end of the table. */
static uint32_t crowded(uint32_t handle, uint32_t hashes)
{
    return UINT32_MAX - handle % hashes * 3;
}

static void come_and_go(uint32_t seed, uint32_t keys, uint32_t hashes)
{
    enum { STEPS = 4000 };
    bool *there = calloc(keys + 1, sizeof *there);
    size_t count = 0;
    struct handle_table t = {0};
    struct rng rng;
    rng_seed(&rng, seed);
    for (int i = 0; i < STEPS; i++) {
        uint32_t handle = 1 + rng_below(&rng, keys), hash = crowded(handle, hashes);
        ck_assert(found(&t, hash, handle) == there[handle]);
        if (there[handle])
            handle_table_remove_handle(&t, hash, handle);
        else
            handle_table_add(&t, hash, handle);
        there[handle] = !there[handle];
        count += there[handle] ? 1 : (size_t)-1;
        ck_assert_uint_eq(t.count, count);
    }
    for (uint32_t handle = 1; handle <= keys; handle++)
        ck_assert(found(&t, crowded(handle, hashes), handle) == there[handle]);
    handle_table_deinit(&t);
    free(there);
}

START_TEST(the_table_finds_what_is_left)
{
    for (uint32_t seed = 1; seed <= 20; seed++) {
        come_and_go(seed, 40, 1);     /* all of one hash */
        come_and_go(seed, 40, 7);     /* round the end of the smallest table */
        come_and_go(seed, 3000, 900); /* and of larger ones */
        come_and_go(seed, 3000, 3000);
    }
}
END_TEST

/* What a hand does: it stays at a slot as long as entries come into it, and misses none. */
START_TEST(a_hand_that_removes_misses_nothing)
{
    struct handle_table t = {0};
    for (uint32_t handle = 1; handle <= 1000; handle++)
        handle_table_add(&t, crowded(handle, 97), handle);
    size_t turns = 0;
    for (; t.count > 0 && turns < 3; turns++)
        for (size_t slot = 0; slot < t.size;)
            if (t.slot[slot].handle)
                handle_table_remove(&t, slot);
            else
                slot++;
    ck_assert_uint_eq(t.count, 0);
    ck_assert_uint_le(turns, 2); /* one more for what had gone round the end */
    handle_table_deinit(&t);
}
END_TEST

/* The longest halt that a million entries bring about: the table is doubled in one go. */
START_TEST(growing_to_a_million_never_halts_for_long)
{
    enum { N = 1000000, LONGEST_MS = 500 };
    struct clock clock = clock_system();
    struct handle_table t = {0};
    uint64_t longest_ns = 0;
    for (uint32_t handle = 1; handle <= N; handle++) {
        bool grows = t.count >= t.size / 4 * 3;
        uint64_t before = grows ? clock_monotonic_ns(&clock) : 0;
        handle_table_add(&t, handle * 2654435761u, handle);
        uint64_t took = grows ? clock_monotonic_ns(&clock) - before : 0;
        longest_ns = took > longest_ns ? took : longest_ns;
    }
    printf("a table of %d entries: the longest halt to grow %.1f ms\n", N,
           (double)longest_ns / 1e6);
    ck_assert_uint_le(longest_ns / 1000000, LONGEST_MS);
    handle_table_deinit(&t);
}
END_TEST

/* Items are zero when they are handed out, keep their place, and no two are one. */
START_TEST(the_pool_hands_out_each_item_once)
{
    enum { N = 5000 };
    static uint32_t handle[N];
    static uint32_t *place[N];
    struct pool p = {.item_bytes = 24};
    struct rng rng;
    rng_seed(&rng, 3);
    uint32_t count = 0;
    for (int i = 0; i < 40000; i++) {
        uint32_t k = rng_below(&rng, N);
        if (handle[k]) {
            ck_assert_ptr_eq(place[k], pool_at(&p, handle[k]));
            ck_assert_uint_eq(place[k][5], k + 1);
            pool_give(&p, handle[k]);
            handle[k] = 0;
            count--;
        } else {
            handle[k] = pool_take(&p);
            place[k] = pool_at(&p, handle[k]);
            ck_assert(place[k][0] == 0 && place[k][5] == 0);
            place[k][0] = place[k][5] = k + 1;
            count++;
        }
        ck_assert_uint_eq(p.count, count);
    }
    ck_assert_uint_le(p.made, N); /* what was given back is used first */
    pool_deinit(&p);
}
END_TEST

/* Ids with zeros, of all lengths, and that differ in one bit only. */
static size_t hostile_id(struct rng *rng, char id[READING_DEVICE_ID_MAX])
{
    static const size_t lengths[] = {1, 2, 8, 63, 64, 65, 127, 128};
    size_t len = lengths[rng_below(rng, sizeof lengths / sizeof lengths[0])];
    memset(id, rng_below(rng, 2) ? '\0' : 'a', len);
    id[rng_below(rng, (uint32_t)len)] ^= (char)(1 << rng_below(rng, 7));
    return len;
}

START_TEST(devices_are_told_apart_whatever_they_are_called)
{
    enum { N = 600 };
    static char id[N][READING_DEVICE_ID_MAX];
    static size_t len[N];
    static struct device_entry *entry[N];
    struct device_table t;
    struct rng rng;
    device_table_init(&t, 9);
    rng_seed(&rng, 4);
    size_t different = 0;
    for (int i = 0; i < N; i++) {
        len[i] = hostile_id(&rng, id[i]);
        struct span span = span_of(id[i], len[i]);
        entry[i] =
            device_table_take(&t, span, device_table_hash(&t, span), i ? entry[i - 1] : NULL);
        ck_assert(span_eq(device_entry_id(entry[i]), span));
        bool known = false;
        for (int k = 0; k < i; k++) {
            bool same = span_eq(span, span_of(id[k], len[k]));
            ck_assert((entry[k] == entry[i]) == same);
            known = known || same;
        }
        different += !known;
        ck_assert_uint_eq(t.table.count, different);
    }
    device_table_deinit(&t);
}
END_TEST

/* Two ids of one hash, as nobody can make them who does not know the seed. */
START_TEST(a_hash_alone_is_no_device)
{
    struct device_table t;
    device_table_init(&t, 1);
    struct device_entry *a = device_table_take(&t, span_str("a"), 77, NULL);
    struct device_entry *b = device_table_take(&t, span_str("b"), 77, a);
    ck_assert_ptr_ne(a, b);
    ck_assert_ptr_eq(a, device_table_take(&t, span_str("a"), 77, NULL));
    ck_assert_ptr_eq(b, device_table_take(&t, span_str("b"), 77, device_table_guess(&t, 77)));
    device_table_deinit(&t);
}
END_TEST

START_TEST(a_sensor_name_goes_with_the_last_who_holds_it)
{
    struct sensor_names n;
    sensor_names_init(&n, 1);
    uint32_t a = sensor_names_handle(&n, span_str("temperature_c"));
    sensor_names_hold(&n, a);
    sensor_names_hold(&n, a);
    uint32_t b = sensor_names_handle(&n, span_str("humidity"));
    sensor_names_hold(&n, b);
    ck_assert_uint_ne(a, b);
    sensor_names_drop(&n, a);
    ck_assert_uint_eq(a, sensor_names_handle(&n, span_str("temperature_c")));
    ck_assert(span_is(sensor_names_text(&n, a), "temperature_c"));
    sensor_names_drop(&n, a);
    ck_assert_uint_eq(n.pool.count, 1);
    ck_assert(span_is(sensor_names_text(&n, b), "humidity"));
    sensor_names_deinit(&n);
}
END_TEST

UNIT_CASE(handle_table)
{
    tcase_add_test(tc, the_table_finds_what_is_left);
    tcase_add_test(tc, a_hand_that_removes_misses_nothing);
    tcase_add_test(tc, growing_to_a_million_never_halts_for_long);
    tcase_add_test(tc, the_pool_hands_out_each_item_once);
    tcase_add_test(tc, devices_are_told_apart_whatever_they_are_called);
    tcase_add_test(tc, a_hash_alone_is_no_device);
    tcase_add_test(tc, a_sensor_name_goes_with_the_last_who_holds_it);
}
