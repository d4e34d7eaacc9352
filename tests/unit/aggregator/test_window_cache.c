/* The windows in memory: found again, dirty once, final by the watermark, evicted only when clean.
 */
#include <string.h>

#include "aggregator/window_cache.h"
#include "common/base/random.h"

#include "tests/unit/unit.h"

static struct window_cache cache;

static void set(void)
{
    window_cache_init(&cache, 1);
}

static void strike(void)
{
    window_cache_deinit(&cache);
}

static int64_t watermark;

static int64_t watermark_of(void *arg, int32_t partition)
{
    (void)arg;
    (void)partition;
    return watermark;
}

static const struct window_clock window_clock = {.open_ms = 65000, .watermark = watermark_of};

static struct window_entry *entry(const char *device, const char *sensor, int64_t start_ms)
{
    struct device_entry *d = window_cache_device(&cache, span_str(device));
    return window_cache_window(&cache, d, span_str(sensor), start_ms);
}

static struct window_entry *folded(const char *device, int64_t start_ms)
{
    struct window_entry *w = entry(device, "temperature_c", start_ms);
    w->loaded = true;
    const struct window_sample sample = {
        .offset = start_ms / 1000, .ts_ms = start_ms + 1, .value = 20};
    window_cache_fold_window(&cache, w, &sample);
    return w;
}

static void written(void)
{
    for (size_t i = 0; i < cache.dirty_windows.count; i++)
        ((struct window_entry *)cache.dirty_windows.item[i])->dirty = false;
    cache.dirty_windows.count = 0;
    for (size_t i = 0; i < cache.dirty_devices.count; i++)
        ((struct device_entry *)cache.dirty_devices.item[i])->dirty = false;
    cache.dirty_devices.count = 0;
    cache.round++;
}

START_TEST(the_same_key_is_the_same_entry)
{
    struct window_entry *w = folded("a", 60000);
    ck_assert_ptr_eq(w, folded("a", 60000));
    ck_assert_ptr_ne(w, folded("b", 60000));
    ck_assert_ptr_ne(w, folded("a", 120000));
    ck_assert_uint_eq(cache.dirty_windows.count, 3); /* each once */
    ck_assert_ptr_eq(window_cache_device(&cache, span_str("a")),
                     window_cache_device(&cache, span_str("a")));
}
END_TEST

START_TEST(a_window_is_final_when_the_watermark_is_past_its_grace)
{
    struct window_entry *w = folded("a", 60000);
    written();
    watermark = 60000 + 60000 + 5000 - 1;
    window_cache_sweep(&cache, &window_clock);
    ck_assert(!w->final);
    watermark++;
    window_cache_sweep(&cache, &window_clock);
    ck_assert(w->final && w->dirty);
    struct window window = {0};
    window_entry_unpack(w, &window);
    ck_assert(window.final);
    window_deinit(&window);
    written();
    window_cache_sweep(&cache, &window_clock); /* nothing is left to be said: it goes */
    ck_assert_uint_eq(cache.windows.table.count, 0);
    ck_assert_uint_eq(cache.dirty_windows.count, 0);
}
END_TEST

START_TEST(dirty_windows_are_never_evicted)
{
    for (int i = 0; i < 100; i++)
        folded("a", i * INT64_C(60000));
    window_cache_evict(&cache, 10);
    ck_assert_uint_eq(cache.windows.table.count, 100);
    written();
    window_cache_evict(&cache, 10);
    ck_assert_uint_eq(cache.windows.table.count, 10); /* and no more than needed */
}
END_TEST

START_TEST(what_was_touched_lately_stays_while_there_is_room)
{
    folded("old", 0);
    for (int i = 0; i < 100; i++)
        written();
    folded("new", 0);
    written();
    window_cache_evict(&cache, 1);
    ck_assert_uint_eq(cache.windows.table.count, 1);
    ck_assert(entry("new", "temperature_c", 0)->loaded);
}
END_TEST

/* A device stays as long as a window names it, and a sensor's name as long too. */
START_TEST(a_device_goes_after_its_windows)
{
    folded("a", 0);
    folded("a", 60000);
    folded("b", 0);
    written();
    cache.round += 100;
    window_cache_device(&cache, span_str("c"));
    cache.round += 100;
    window_cache_evict(&cache, 3); /* windows are three, so only the device without any goes */
    ck_assert_uint_eq(cache.windows.table.count, 3);
    ck_assert_uint_eq(cache.devices.table.count, 3);
    window_cache_evict(&cache, 2);
    ck_assert_uint_eq(cache.windows.table.count, 2);
    ck_assert_uint_eq(cache.names.pool.count, 1);
    window_cache_evict(&cache, 0);
    ck_assert_uint_eq(cache.windows.table.count, 0);
    ck_assert_uint_eq(cache.devices.table.count, 0);
    ck_assert_uint_eq(cache.names.pool.count, 0);
}
END_TEST

/* However many are too many, one call looks at a bounded number of entries. */
START_TEST(eviction_ends_where_nothing_may_go)
{
    enum { N = 50000 };
    for (int i = 0; i < N; i++)
        folded("a", i * INT64_C(60000));
    written();
    for (size_t i = 0; i < cache.windows.table.size; i++)
        if (i % 4096 && window_table_slot(&cache.windows, i))
            window_cache_mark_window(&cache, window_table_slot(&cache.windows, i));
    size_t free_to_go = N - cache.dirty_windows.count;
    for (int calls = 0; calls < 40; calls++)
        window_cache_evict(&cache, N - 1);
    ck_assert_uint_eq(cache.windows.table.count, N - 1); /* and no more than needed */
    for (int calls = 0; calls < 4; calls++)
        window_cache_evict(&cache, 0);
    ck_assert_uint_gt(free_to_go, 1);
    ck_assert_uint_eq(cache.windows.table.count, cache.dirty_windows.count);
}
END_TEST

static bool same_window(const struct window *a, const struct window *b)
{
    bool same = a->start_ms == b->start_ms && a->rev == b->rev && a->final == b->final &&
                a->late == b->late && a->shares == b->shares;
    for (unsigned k = 0; same && k < a->shares; k++)
        same = a->share[k].partition == b->share[k].partition &&
               a->share[k].src == b->share[k].src &&
               window_stats_equal(&a->share[k].stats, &b->share[k].stats);
    return same;
}

/* Packed and unpacked again and again, a window is the one that was never packed. */
START_TEST(packing_changes_nothing)
{
    struct window plain, again;
    window_init(&plain, 60000);
    window_init(&again, 0);
    for (int i = 0; i < 300; i++) {
        struct window_entry *w = entry("a", "s", 60000);
        double v = i % 7 ? 20.125 + i / 3.0 : 1e200 * i;
        const struct window_sample sample = {
            .partition = i % 3, .offset = i, .ts_ms = 60000 + i * 7, .value = v};
        window_fold(&plain, i % 3, i, sample.ts_ms, v);
        window_cache_fold_window(&cache, w, &sample);
        w->rev = plain.rev = i;
        w->final = plain.final = i > 200;
        window_entry_unpack(w, &again);
        ck_assert(same_window(&again, &plain));
        ck_assert_int_eq(window_entry_source(w), plain.share[plain.shares - 1].partition);
    }
    ck_assert_uint_gt(plain.late, 0);
    window_deinit(&plain);
    window_deinit(&again);
}
END_TEST

/* Some sequences stay with one partition, some come to a second one; values are of one size, or far
 * apart, so that their sums have no room; times leave the narrow form; offsets come again. */
static struct window_sample any_sample(struct rng *rng, int i, unsigned kind)
{
    bool odd = kind & 1 && rng_below(rng, 20) == 0;
    double value = rng_below(rng, 2000) / 8.0 - 50 + rng_below(rng, 10) / 10.0;
    return (struct window_sample){
        .partition = kind & 2 && i > 30,
        .offset = 2 + i - (int)rng_below(rng, 3),
        .ts_ms = 60000 + rng_below(rng, 60000) + (kind & 4 && odd ? INT64_C(3) << 31 : 0),
        .value = odd ? value * 1e40 : value,
    };
}

static bool fold_and_pack(struct window_entry *w, struct window *window,
                          const struct window_sample *s)
{
    window_entry_unpack(w, window);
    if (!window_fold(window, s->partition, s->offset, s->ts_ms, s->value))
        return false;
    window_table_pack(&cache.windows, w, window);
    return true;
}

/* Most folding is done on the packed bytes: they are the same as if the window was unpacked, folded
 * into and packed. */
START_TEST(folding_is_the_same_packed_and_unpacked)
{
    struct rng rng;
    struct window window;
    window_init(&window, 0);
    rng_seed(&rng, (uint64_t)_i);
    struct window_entry *a = entry("a", "s", 60000), *b = entry("b", "s", 60000);
    for (int i = 0; i < 60; i++) {
        struct window_sample s = any_sample(&rng, i, (unsigned)_i);
        bool changed = fold_and_pack(b, &window, &s);
        ck_assert_int_eq(window_cache_fold_window(&cache, a, &s), changed);
        ck_assert(a->empty == b->empty && a->apart == b->apart);
        ck_assert(a->apart || memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0);
        a->final = b->final = i > 50;
    }
    window_deinit(&window);
}
END_TEST

/* What has no room in the narrow form of a pack. */
START_TEST(a_window_of_any_size_is_packed)
{
    static const struct {
        uint64_t count, late;
        int64_t last_ms;
    } cases[] = {{(uint64_t)1 << 32, 0, 60001},
                 {7, (uint64_t)1 << 33, 60001},
                 {7, 3, INT64_MAX},
                 {7, 0, INT64_MIN + 60000}};
    struct window again;
    window_init(&again, 0);
    struct window_entry *w = entry("a", "s", 60000);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct window plain;
        window_init(&plain, 60000);
        window_fold(&plain, 5, 1, 60000, 1.5);
        plain.share[0].stats.count = cases[i].count;
        plain.share[0].stats.last_ms = cases[i].last_ms;
        plain.late = cases[i].late;
        window_table_pack(&cache.windows, w, &plain);
        window_entry_unpack(w, &again);
        ck_assert(same_window(&again, &plain));
        ck_assert_int_eq(window_entry_source(w), 5);
        window_deinit(&plain);
    }
    window_deinit(&again);
}
END_TEST

UNIT_CASE(window_cache)
{
    tcase_add_checked_fixture(tc, set, strike);
    tcase_add_test(tc, the_same_key_is_the_same_entry);
    tcase_add_test(tc, a_window_is_final_when_the_watermark_is_past_its_grace);
    tcase_add_test(tc, dirty_windows_are_never_evicted);
    tcase_add_test(tc, what_was_touched_lately_stays_while_there_is_room);
    tcase_add_test(tc, a_device_goes_after_its_windows);
    tcase_add_test(tc, eviction_ends_where_nothing_may_go);
    tcase_add_test(tc, packing_changes_nothing);
    tcase_add_loop_test(tc, folding_is_the_same_packed_and_unpacked, 0, 400);
    tcase_add_test(tc, a_window_of_any_size_is_packed);
}
