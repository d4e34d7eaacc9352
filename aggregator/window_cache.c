/* The windows and last states held in memory. */
#include "aggregator/window_cache.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"

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

static char *copy_text(struct span s)
{
    char *text = xmalloc(s.len + 1);
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    return text;
}

static void free_window(void *entry)
{
    struct window_entry *w = entry;
    window_deinit(&w->window);
    free(w->device_id);
    free(w->sensor);
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
    *c = (struct window_cache){.windows = map_new(seed), .devices = map_new(seed + 1)};
}

void window_cache_deinit(struct window_cache *c)
{
    map_free(c->windows, free_window);
    map_free(c->devices, free_device);
    entry_list_deinit(&c->dirty_windows);
    entry_list_deinit(&c->dirty_devices);
}

struct window_entry *window_cache_window(struct window_cache *c, struct span device_id,
                                         struct span sensor, int64_t start_ms)
{
    char id[WINDOW_ID_MAX];
    struct span key = span_of(id, window_id(id, device_id, sensor, start_ms));
    struct window_entry *w = map_get(c->windows, key);
    if (!w) {
        w = xcalloc(1, sizeof *w);
        window_init(&w->window, start_ms);
        w->device_id = copy_text(device_id);
        w->sensor = copy_text(sensor);
        map_put(c->windows, key, w);
    }
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

struct finalize {
    struct window_cache *cache;
    int64_t open_ms;
    int64_t (*watermark)(void *arg, int32_t partition);
    void *arg;
};

static bool finalize_one(void *arg, struct span key, void *value)
{
    (void)key;
    struct finalize *f = arg;
    struct window_entry *w = value;
    if (!w->loaded || w->window.final || w->window.shares == 0)
        return true;
    int64_t mark = f->watermark(f->arg, w->window.share[w->window.shares - 1].partition);
    if (mark != INT64_MIN && w->window.start_ms + f->open_ms <= mark) {
        w->window.final = true;
        window_cache_mark_window(f->cache, w);
    }
    return true;
}

void window_cache_finalize(struct window_cache *c, int64_t open_ms,
                           int64_t (*watermark)(void *arg, int32_t partition), void *arg)
{
    struct finalize f = {.cache = c, .open_ms = open_ms, .watermark = watermark, .arg = arg};
    map_each(c->windows, finalize_one, &f);
}

struct eviction {
    struct window_cache *cache;
    uint32_t idle_rounds; /* evict what was not touched for so many rounds ... */
    bool final_only;
    size_t max; /* ... until so many are left; the oldest go first */
};

static bool evict_window(void *arg, struct span key, void *value)
{
    const struct eviction *e = arg;
    struct window_entry *w = value;
    bool idle = e->cache->round - w->touched >= e->idle_rounds;
    if (!w->dirty && idle && (w->window.final || !e->final_only)) {
        map_remove(e->cache->windows, key);
        free_window(w);
    }
    return map_count(e->cache->windows) > e->max;
}

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
    /* Final windows rarely come back; of the others the recently used go last. */
    struct eviction final = {.cache = c, .final_only = true};
    map_each(c->windows, evict_window, &final);
    for (uint32_t idle = 64; idle >= 1; idle /= 8) {
        struct eviction sweep = {.cache = c, .idle_rounds = idle, .max = max};
        if (map_count(c->windows) > max)
            map_each(c->windows, evict_window, &sweep);
        if (map_count(c->devices) > max)
            map_each(c->devices, evict_device, &sweep);
    }
}
