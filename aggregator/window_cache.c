/* The windows and last states held in memory. */
#include "aggregator/window_cache.h"

#include <stdlib.h>

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

void window_cache_init(struct window_cache *c, uint64_t seed)
{
    *c = (struct window_cache){.round = 0};
    window_table_init(&c->windows, seed);
    device_table_init(&c->devices, seed + 1);
    sensor_names_init(&c->names, seed + 2);
}

void window_cache_deinit(struct window_cache *c)
{
    window_table_deinit(&c->windows);
    device_table_deinit(&c->devices);
    sensor_names_deinit(&c->names);
    window_deinit(&c->window);
    device_state_deinit(&c->device);
    entry_list_deinit(&c->dirty_windows);
    entry_list_deinit(&c->dirty_devices);
}

/* --- finding ---------------------------------------------------------------------------------- */

struct device_entry *window_cache_take_device(struct window_cache *c, struct span device_id,
                                              uint64_t hash, struct device_entry *guess)
{
    struct device_entry *d = device_table_take(&c->devices, device_id, hash, guess);
    d->touched = c->round;
    return d;
}

struct device_entry *window_cache_device(struct window_cache *c, struct span device_id)
{
    return window_cache_take_device(c, device_id, device_table_hash(&c->devices, device_id), NULL);
}

struct window_key window_cache_key(struct window_cache *c, const struct device_entry *d,
                                   struct span sensor, int64_t start_ms)
{
    uint32_t name = sensor_names_handle(&c->names, sensor);
    return window_table_key(&c->windows, d->handle, d->hash, name, start_ms);
}

static struct window_entry *add_window(struct window_cache *c, const struct window_key *key)
{
    sensor_names_hold(&c->names, key->sensor);
    device_table_at(&c->devices, key->device)->windows++;
    return window_table_add(&c->windows, key);
}

struct window_entry *window_cache_take_window(struct window_cache *c, const struct window_key *key,
                                              struct window_entry *guess)
{
    struct window_entry *w = window_table_find(&c->windows, key, guess);
    if (!w)
        w = add_window(c, key);
    w->touched = (uint16_t)c->round;
    return w;
}

struct window_entry *window_cache_window(struct window_cache *c, struct device_entry *d,
                                         struct span sensor, int64_t start_ms)
{
    struct window_key key = window_cache_key(c, d, sensor, start_ms);
    return window_cache_take_window(c, &key, NULL);
}

struct span window_cache_device_id(const struct window_cache *c, const struct window_entry *w)
{
    return device_entry_id(device_table_at(&c->devices, w->device));
}

struct span window_cache_sensor(const struct window_cache *c, const struct window_entry *w)
{
    return sensor_names_text(&c->names, w->sensor);
}

/* The device's; sensors are few. */
void window_cache_prefetch_names(const struct window_cache *c, const struct window_entry *w)
{
    __builtin_prefetch(device_table_at(&c->devices, w->device));
}

/* --- changing --------------------------------------------------------------------------------- */

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

static bool fold_unpacked(struct window_cache *c, struct window_entry *w,
                          const struct window_sample *s)
{
    window_entry_unpack(w, &c->window);
    if (!window_fold(&c->window, s->partition, s->offset, s->ts_ms, s->value))
        return false;
    window_table_pack(&c->windows, w, &c->window);
    return true;
}

bool window_cache_fold_window(struct window_cache *c, struct window_entry *w,
                              const struct window_sample *sample)
{
    enum pack_fold done = window_entry_fold(w, sample);
    bool changed = done == PACK_UNFIT ? fold_unpacked(c, w, sample) : done == PACK_FOLDED;
    if (changed)
        window_cache_mark_window(c, w);
    return changed;
}

static bool fold_unpacked_device(struct window_cache *c, struct device_entry *d, int32_t partition,
                                 int64_t offset, const struct reading *r)
{
    device_entry_unpack(d, &c->device);
    if (!device_state_fold(&c->device, partition, offset, r))
        return false;
    device_table_pack(&c->devices, d, &c->device);
    return true;
}

bool window_cache_fold_device(struct window_cache *c, struct device_entry *d, int32_t partition,
                              int64_t offset, const struct reading *r)
{
    enum pack_fold done = device_entry_fold(d, partition, offset, r);
    bool changed =
        done == PACK_UNFIT ? fold_unpacked_device(c, d, partition, offset, r) : done == PACK_FOLDED;
    if (changed)
        window_cache_mark_device(c, d);
    return changed;
}

/* --- becoming final, and leaving -------------------------------------------------------------- */

void window_cache_finalize(struct window_cache *c, struct window_entry *w,
                           const struct window_clock *clock)
{
    if (!w->loaded || w->final)
        return;
    int32_t source = window_entry_source(w);
    int64_t mark = source < 0 ? INT64_MIN : clock->watermark(clock->arg, source);
    if (mark == INT64_MIN || w->start_ms + clock->open_ms > mark)
        return;
    w->final = true;
    window_cache_mark_window(c, w);
}

static void drop_window(struct window_cache *c, size_t slot)
{
    const struct window_entry *w = window_table_slot(&c->windows, slot);
    device_table_at(&c->devices, w->device)->windows--;
    sensor_names_drop(&c->names, w->sensor);
    window_table_remove(&c->windows, slot);
}

/* Looks at the slot under the hand, and moves on unless another entry has come into it. */
static void look(struct window_cache *c, const struct window_clock *clock)
{
    enum { AHEAD = 16 };
    size_t ahead = (c->hand + AHEAD) & (c->windows.table.size - 1);
    __builtin_prefetch(window_table_slot(&c->windows, ahead));
    struct window_entry *w = window_table_slot(&c->windows, c->hand);
    if (w)
        window_cache_finalize(c, w, clock);
    if (w && w->final && !w->dirty)
        drop_window(c, c->hand);
    else
        c->hand++;
}

enum { LOOKS_MIN = 20000 };

void window_cache_sweep(struct window_cache *c, const struct window_clock *clock)
{
    enum { PARTS = 30 };
    size_t size = c->windows.table.size, todo = size / PARTS < LOOKS_MIN ? LOOKS_MIN : size / PARTS;
    for (todo = todo > size ? size : todo; todo > 0; todo--) {
        if (c->hand >= size)
            c->hand = 0;
        look(c, clock);
    }
}

static bool evict_window(struct window_cache *c, size_t slot, uint32_t idle_rounds)
{
    const struct window_entry *w = window_table_slot(&c->windows, slot);
    if (!w || w->dirty || (uint16_t)(c->round - w->touched) < idle_rounds)
        return false;
    drop_window(c, slot);
    return true;
}

static bool evict_device(struct window_cache *c, size_t slot, uint32_t idle_rounds)
{
    uint32_t handle = c->devices.table.slot[slot].handle;
    const struct device_entry *d = handle ? device_table_at(&c->devices, handle) : NULL;
    if (!d || d->windows || d->dirty || c->round - d->touched < idle_rounds)
        return false;
    device_table_remove(&c->devices, slot);
    return true;
}

/* Each turn of the hand that leaves too many asks for less idleness: 64 rounds, 8, then 1. */
static void evict(struct window_cache *c, struct eviction *e, const struct handle_table *t,
                  size_t max,
                  bool (*try_slot)(struct window_cache *c, size_t slot, uint32_t idle_rounds))
{
    enum { IDLE_ROUNDS = 64, STEP = 8, LOOKS_EACH = 8 };
    if (t->count <= max || !e->idle_rounds)
        e->idle_rounds = IDLE_ROUNDS;
    size_t looks = t->count > max ? LOOKS_MIN + LOOKS_EACH * (t->count - max) : 0;
    for (; looks > 0 && t->count > max; looks--) {
        if (e->slot >= t->size) {
            e->slot = 0;
            e->idle_rounds = e->idle_rounds > STEP ? e->idle_rounds / STEP : 1;
        }
        if (!try_slot(c, e->slot, e->idle_rounds))
            e->slot++;
    }
}

void window_cache_evict(struct window_cache *c, size_t max)
{
    evict(c, &c->evict_windows, &c->windows.table, max, evict_window);
    evict(c, &c->evict_devices, &c->devices.table, max, evict_device);
}
