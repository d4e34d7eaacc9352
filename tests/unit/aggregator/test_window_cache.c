/* The windows in memory: found again, dirty once, final by the watermark, evicted only when clean.
 */
#include "aggregator/window_cache.h"

#include <stdlib.h>

#include "common/base/random.h"
#include "tests/unit/unit.h"

static int64_t watermark;

static int64_t watermark_of(void *arg, int32_t partition)
{
    (void)arg;
    (void)partition;
    return watermark;
}

static const struct window_clock window_clock = {.open_ms = 65000, .watermark = watermark_of};

static struct window_entry *folded(struct window_cache *c, const char *device, int64_t start_ms)
{
    struct window_entry *w =
        window_cache_window(c, span_str(device), span_str("temperature_c"), start_ms);
    w->loaded = true;
    if (window_fold(w->window, 0, start_ms / 1000, start_ms + 1, 20))
        window_cache_mark_window(c, w);
    return w;
}

static void written(struct window_cache *c)
{
    for (size_t i = 0; i < c->dirty_windows.count; i++)
        ((struct window_entry *)c->dirty_windows.item[i])->dirty = false;
    c->dirty_windows.count = 0;
    c->round++;
    window_cache_pack_all(c);
}

START_TEST(the_same_key_is_the_same_entry)
{
    struct window_cache c;
    window_cache_init(&c, 1);
    struct window_entry *w = folded(&c, "a", 60000);
    ck_assert_ptr_eq(w, folded(&c, "a", 60000));
    ck_assert_ptr_ne(w, folded(&c, "b", 60000));
    ck_assert_ptr_ne(w, folded(&c, "a", 120000));
    ck_assert_uint_eq(c.dirty_windows.count, 3); /* each once */
    ck_assert_ptr_eq(window_cache_device(&c, span_str("a")),
                     window_cache_device(&c, span_str("a")));
    window_cache_deinit(&c);
}
END_TEST

START_TEST(a_window_is_final_when_the_watermark_is_past_its_grace)
{
    struct window_cache c;
    window_cache_init(&c, 1);
    struct window_entry *w = folded(&c, "a", 60000);
    written(&c);
    watermark = 60000 + 60000 + 5000 - 1;
    window_cache_sweep(&c, &window_clock);
    ck_assert(!w->final);
    watermark++;
    window_cache_sweep(&c, &window_clock);
    ck_assert(w->final && w->dirty);
    ck_assert(window_cache_open(&c, w)->final);
    written(&c);
    window_cache_sweep(&c, &window_clock); /* nothing is left to be said: it goes */
    ck_assert_uint_eq(c.windows.count, 0);
    ck_assert_uint_eq(c.dirty_windows.count, 0);
    window_cache_deinit(&c);
}
END_TEST

START_TEST(dirty_windows_are_never_evicted)
{
    struct window_cache c;
    window_cache_init(&c, 1);
    for (int i = 0; i < 100; i++)
        folded(&c, "a", i * 60000);
    window_cache_evict(&c, 10);
    ck_assert_uint_eq(c.windows.count, 100);
    written(&c);
    window_cache_evict(&c, 10);
    ck_assert_uint_eq(c.windows.count, 10); /* and no more than needed */
    window_cache_deinit(&c);
}
END_TEST

START_TEST(what_was_touched_lately_stays_while_there_is_room)
{
    struct window_cache c;
    window_cache_init(&c, 1);
    folded(&c, "old", 0);
    for (int i = 0; i < 100; i++)
        written(&c);
    folded(&c, "new", 0);
    written(&c);
    window_cache_evict(&c, 1);
    ck_assert_uint_eq(c.windows.count, 1);
    ck_assert(window_cache_window(&c, span_str("new"), span_str("temperature_c"), 0)->loaded);
    window_cache_deinit(&c);
}
END_TEST

/* Packed and unpacked again and again, a window is the one that was never packed. */
START_TEST(packing_changes_nothing)
{
    struct window_cache c;
    window_cache_init(&c, 1);
    struct window plain;
    window_init(&plain, 60000);
    for (int i = 0; i < 300; i++) {
        struct window_entry *w = window_cache_window(&c, span_str("a"), span_str("s"), 60000);
        w->loaded = true;
        double v = i % 7 ? 20.125 + i / 3.0 : 1e200 * i;
        window_fold(w->window, i % 3, i, 60000 + i * 7, v);
        window_fold(&plain, i % 3, i, 60000 + i * 7, v);
        w->window->rev = plain.rev = i;
        w->window->final = plain.final = i > 200;
        window_cache_pack_all(&c);
        ck_assert_ptr_null(w->window);
        const struct window *again = window_cache_open(&c, w);
        ck_assert(again->start_ms == plain.start_ms && again->rev == i);
        ck_assert(again->final == plain.final && again->late == plain.late);
        ck_assert_uint_eq(again->shares, plain.shares);
        for (unsigned k = 0; k < plain.shares; k++) {
            ck_assert_int_eq(again->share[k].partition, plain.share[k].partition);
            ck_assert_int_eq(again->share[k].src, plain.share[k].src);
            ck_assert(window_stats_equal(&again->share[k].stats, &plain.share[k].stats));
        }
    }
    struct window_entry *w = window_cache_window(&c, span_str("a"), span_str("s"), 60000);
    w->window->share[0].stats.count = (uint64_t)1 << 32; /* too much for a pack */
    window_cache_pack_all(&c);
    ck_assert_uint_eq(w->window->share[0].stats.count, (uint64_t)1 << 32);
    window_deinit(&plain);
    window_cache_deinit(&c);
}
END_TEST

/* Entries come and go, and those that are left are found, wherever the others stood. */
START_TEST(the_table_finds_what_is_left)
{
    enum { N = 3000 };
    static bool there[N];
    struct window_table t = {.seed = 7};
    struct rng rng;
    rng_seed(&rng, 5);
    for (int i = 0; i < 20000; i++) {
        int64_t key = rng_below(&rng, N);
        struct window_entry *w = window_table_find(&t, span_str("d"), span_str("s"), key);
        ck_assert((w != NULL) == there[key]);
        if (!w)
            w = window_table_add(&t, span_str("d"), span_str("s"), key);
        size_t slot = 0;
        while (there[key] && t.slot[slot] != w)
            slot++;
        if (there[key]) {
            window_table_remove(&t, slot);
            free(w);
        }
        there[key] = !there[key];
    }
    for (size_t i = 0; i < t.size; i++)
        free(t.slot[i]);
    window_table_deinit(&t);
}
END_TEST

UNIT_CASE(window_cache)
{
    tcase_add_test(tc, the_same_key_is_the_same_entry);
    tcase_add_test(tc, a_window_is_final_when_the_watermark_is_past_its_grace);
    tcase_add_test(tc, dirty_windows_are_never_evicted);
    tcase_add_test(tc, what_was_touched_lately_stays_while_there_is_room);
    tcase_add_test(tc, packing_changes_nothing);
    tcase_add_test(tc, the_table_finds_what_is_left);
}
