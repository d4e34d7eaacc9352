/* The windows in memory: found again, dirty once, final by the watermark, evicted only when clean.
 */
#include "aggregator/window_cache.h"
#include "tests/unit/unit.h"

static int64_t watermark;

static int64_t watermark_of(void *arg, int32_t partition)
{
    (void)arg;
    (void)partition;
    return watermark;
}

static struct window_entry *folded(struct window_cache *c, const char *device, int64_t start_ms)
{
    struct window_entry *w =
        window_cache_window(c, span_str(device), span_str("temperature_c"), start_ms);
    w->loaded = true;
    if (window_fold(&w->window, 0, start_ms / 1000, start_ms + 1, 20))
        window_cache_mark_window(c, w);
    return w;
}

static void written(struct window_cache *c)
{
    for (size_t i = 0; i < c->dirty_windows.count; i++)
        ((struct window_entry *)c->dirty_windows.item[i])->dirty = false;
    c->dirty_windows.count = 0;
    c->round++;
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
    window_cache_finalize(&c, 65000, watermark_of, NULL);
    ck_assert(!w->window.final);
    watermark++;
    window_cache_finalize(&c, 65000, watermark_of, NULL);
    ck_assert(w->window.final && w->dirty);
    written(&c);
    window_cache_finalize(&c, 65000, watermark_of, NULL);
    ck_assert(!w->dirty); /* said once */
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
    ck_assert_uint_eq(map_count(c.windows), 100);
    written(&c);
    window_cache_evict(&c, 10);
    ck_assert_uint_eq(map_count(c.windows), 10); /* and no more than needed */
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
    c.dirty_windows.count = 0;
    window_cache_window(&c, span_str("new"), span_str("temperature_c"), 0)->dirty = false;
    window_cache_evict(&c, 1);
    ck_assert_uint_eq(map_count(c.windows), 1);
    ck_assert(window_cache_window(&c, span_str("new"), span_str("temperature_c"), 0)->loaded);
    window_cache_deinit(&c);
}
END_TEST

UNIT_CASE(window_cache)
{
    tcase_add_test(tc, the_same_key_is_the_same_entry);
    tcase_add_test(tc, a_window_is_final_when_the_watermark_is_past_its_grace);
    tcase_add_test(tc, dirty_windows_are_never_evicted);
    tcase_add_test(tc, what_was_touched_lately_stays_while_there_is_room);
}
