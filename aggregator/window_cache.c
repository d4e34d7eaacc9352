/* The windows and last states held in memory. */
#include "aggregator/window_cache.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"
#include "common/model/window_pack.h"

void entry_list_add(struct entry_list *l, void *entry)
{
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 256;
        l->item = xreallocarray(l->item, l->cap, sizeof *l->item);
    }
    l->item[l->count++] = entry;
}

void entry_list_deinit(struct entry_list *l)
{
    free(l->item);
    *l = (struct entry_list){0};
}

/* --- packing ----------------------------------------------------------------------------------
 */

/* Windows with room for one share, kept for the next ones that are worked on. */
enum { SPARE_MAX = 4096 };

static void free_unpacked(struct window *w)
{
    window_deinit(w);
    free(w);
}

static struct window *take_spare(struct window_cache *c)
{
    return c->spare.count ? c->spare.item[--c->spare.count] : xcalloc(1, sizeof(struct window));
}

static void give_spare(struct window_cache *c, struct window *w)
{
    if (c->spare.count < SPARE_MAX && w->shares_cap <= WINDOW_SHARES_INLINE)
        entry_list_add(&c->spare, w);
    else
        free_unpacked(w);
}

struct window *window_cache_open(struct window_cache *c, struct window_entry *w)
{
    if (w->window)
        return w->window;
    struct window *window = take_spare(c);
    window->start_ms = w->start_ms;
    window->rev = w->rev;
    window->final = w->final;
    window->late = window->shares = 0;
    if (w->packed_size)
        window_unpack(window, w->packed);
    w->window = window;
    if (!w->listed)
        entry_list_add(&c->unpacked, w);
    w->listed = true;
    return window;
}

/* A window that cannot be packed stays as it is. */
void window_cache_pack(struct window_cache *c, struct window_entry *w)
{
    struct window *window = w->window;
    size_t size = window ? window_pack_size(window) : 0;
    if (size == 0 || w->dirty || !w->loaded || size > UINT16_MAX)
        return;
    if (size != w->packed_size)
        w->packed = xrealloc(w->packed, size);
    w->packed_size = (uint16_t)size;
    window_pack(window, w->packed);
    w->rev = window->rev;
    w->final = window->final;
    w->source = window->shares ? window->share[window->shares - 1].partition : -1;
    w->window = NULL;
    give_spare(c, window);
}

void window_cache_pack_all(struct window_cache *c)
{
    size_t left = 0;
    for (size_t i = 0; i < c->unpacked.count; i++) {
        struct window_entry *w = c->unpacked.item[i];
        window_cache_pack(c, w);
        w->listed = w->window != NULL;
        if (w->listed)
            c->unpacked.item[left++] = w;
    }
    c->unpacked.count = left;
}

/* --- entries ----------------------------------------------------------------------------------
 */

static void free_window(struct window_entry *w)
{
    if (w->window)
        free_unpacked(w->window);
    free(w->packed);
    free(w);
}

static void free_device(void *entry)
{
    struct device_entry *d = entry;
    device_state_deinit(&d->state);
    free(d);
}

void window_cache_init(struct window_cache *c, uint64_t seed)
{
    *c = (struct window_cache){.windows = {.seed = seed}, .devices = map_new(seed + 1)};
}

void window_cache_deinit(struct window_cache *c)
{
    for (size_t i = 0; i < c->windows.size; i++)
        if (c->windows.slot[i])
            free_window(c->windows.slot[i]);
    window_table_deinit(&c->windows);
    map_free(c->devices, free_device);
    for (size_t i = 0; i < c->spare.count; i++)
        free_unpacked(c->spare.item[i]);
    entry_list_deinit(&c->spare);
    entry_list_deinit(&c->unpacked);
    entry_list_deinit(&c->dirty_windows);
    entry_list_deinit(&c->dirty_devices);
}

struct window_entry *window_cache_window(struct window_cache *c, struct span device_id,
                                         struct span sensor, int64_t start_ms)
{
    struct window_entry *w = window_table_find(&c->windows, device_id, sensor, start_ms);
    if (!w)
        w = window_table_add(&c->windows, device_id, sensor, start_ms);
    window_cache_open(c, w);
    w->touched = c->round;
    return w;
}

struct device_entry *window_cache_device(struct window_cache *c, struct span device_id)
{
    struct device_entry *d = map_get(c->devices, device_id);
    if (!d) {
        d = xcalloc(1, sizeof *d);
        device_state_init(&d->state, device_id);
        map_put(c->devices, device_id, d);
    }
    d->touched = c->round;
    return d;
}

void window_cache_mark_window(struct window_cache *c, struct window_entry *w)
{
    if (w->dirty)
        return;
    w->dirty = true;
    entry_list_add(&c->dirty_windows, w);
}

void window_cache_mark_device(struct window_cache *c, struct device_entry *d)
{
    if (d->dirty)
        return;
    d->dirty = true;
    entry_list_add(&c->dirty_devices, d);
}

/* --- becoming final, and leaving --------------------------------------------------------------
 */

static bool is_final(const struct window_entry *w)
{
    return w->window ? w->window->final : w->final;
}

static int32_t source_of(const struct window_entry *w)
{
    const struct window *window = w->window;
    return !window ? w->source : window->shares ? window->share[window->shares - 1].partition : -1;
}

void window_cache_finalize(struct window_cache *c, struct window_entry *w,
                           const struct window_clock *clock)
{
    int32_t source = source_of(w);
    if (!w->loaded || is_final(w) || source < 0)
        return;
    int64_t mark = clock->watermark(clock->arg, source);
    if (mark == INT64_MIN || w->start_ms + clock->open_ms > mark)
        return;
    w->final = true;
    if (w->window)
        w->window->final = true;
    window_cache_mark_window(c, w);
}

static void drop_slot(struct window_cache *c, size_t slot)
{
    struct window_entry *w = c->windows.slot[slot];
    window_table_remove(&c->windows, slot);
    free_window(w);
}

static bool may_go(const struct window_entry *w)
{
    return !w->dirty && !w->listed;
}

/* Looks at the slot under the hand, and moves on unless another entry has come into it. */
static void look(struct window_cache *c, const struct window_clock *clock)
{
    struct window_entry *w = c->windows.slot[c->hand];
    if (w)
        window_cache_finalize(c, w, clock);
    if (w && is_final(w) && may_go(w))
        drop_slot(c, c->hand);
    else
        c->hand++;
}

void window_cache_sweep(struct window_cache *c, const struct window_clock *clock)
{
    enum { AT_LEAST = 20000, PARTS = 30 };
    size_t todo = c->windows.size / PARTS < AT_LEAST ? AT_LEAST : c->windows.size / PARTS;
    if (todo > c->windows.size)
        todo = c->windows.size;
    for (; todo > 0; todo--) {
        if (c->hand >= c->windows.size)
            c->hand = 0;
        look(c, clock);
    }
}

/* Those not touched for so many rounds, until `max` are left. */
static void evict_idle(struct window_cache *c, uint32_t idle_rounds, size_t max)
{
    for (size_t i = 0; i < c->windows.size && c->windows.count > max;) {
        const struct window_entry *w = c->windows.slot[i];
        if (w && may_go(w) && c->round - w->touched >= idle_rounds)
            drop_slot(c, i);
        else
            i++;
    }
}

struct eviction {
    struct window_cache *cache;
    uint32_t idle_rounds;
    size_t max;
};

static bool evict_device(void *arg, struct span key, void *value)
{
    const struct eviction *e = arg;
    struct device_entry *d = value;
    if (!d->dirty && e->cache->round - d->touched >= e->idle_rounds) {
        map_remove(e->cache->devices, key);
        free_device(d);
    }
    return map_count(e->cache->devices) > e->max;
}

void window_cache_evict(struct window_cache *c, size_t max)
{
    for (uint32_t idle = 64; idle >= 1; idle /= 8) {
        struct eviction sweep = {.cache = c, .idle_rounds = idle, .max = max};
        evict_idle(c, idle, max);
        if (map_count(c->devices) > max)
            map_each(c->devices, evict_device, &sweep);
    }
}
