/* A hash table of windows: linear probing, and removal that shifts back what stands behind. */
#include "aggregator/window_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/xmalloc.h"

enum { SIZE_MIN = 64 };

struct span window_entry_sensor(const struct window_entry *w)
{
    return span_of(w->text, w->sensor_len);
}

struct span window_entry_device(const struct window_entry *w)
{
    return span_of(w->text + w->sensor_len + 1, w->device_len);
}

static uint32_t hash_of(const struct window_table *t, struct span device_id, struct span sensor,
                        int64_t start_ms)
{
    return (uint32_t)hash_table(device_id, hash_table(sensor, t->seed ^ (uint64_t)start_ms));
}

static bool is_it(const struct window_entry *w, uint32_t hash, struct span device_id,
                  struct span sensor, int64_t start_ms)
{
    return w->hash == hash && w->start_ms == start_ms &&
           span_eq(window_entry_device(w), device_id) && span_eq(window_entry_sensor(w), sensor);
}

struct window_entry *window_table_find(const struct window_table *t, struct span device_id,
                                       struct span sensor, int64_t start_ms)
{
    if (!t->size)
        return NULL;
    uint32_t hash = hash_of(t, device_id, sensor, start_ms);
    size_t mask = t->size - 1;
    for (size_t i = hash & mask; t->slot[i]; i = (i + 1) & mask)
        if (is_it(t->slot[i], hash, device_id, sensor, start_ms))
            return t->slot[i];
    return NULL;
}

void window_table_prefetch(const struct window_table *t, struct span device_id, struct span sensor,
                           int64_t start_ms, enum window_prefetch step)
{
    if (!t->size)
        return;
    size_t i = hash_of(t, device_id, sensor, start_ms) & (t->size - 1);
    const struct window_entry *w = step == PREFETCH_SLOT ? NULL : t->slot[i];
    if (step == PREFETCH_SLOT) {
        __builtin_prefetch(&t->slot[i]);
    } else if (w && step == PREFETCH_ENTRY) {
        __builtin_prefetch(w);
        __builtin_prefetch((const char *)w + 64);
    } else if (w && w->packed) {
        __builtin_prefetch(w->packed);
        __builtin_prefetch(w->packed + 64);
    }
}

static void put(struct window_table *t, struct window_entry *w)
{
    size_t mask = t->size - 1, i = w->hash & mask;
    while (t->slot[i])
        i = (i + 1) & mask;
    t->slot[i] = w;
}

/* Seven eighths full: eighteen bytes an entry at most. */
static void grow(struct window_table *t)
{
    struct window_table old = *t;
    t->size = old.size ? old.size * 2 : SIZE_MIN;
    t->slot = xcalloc(t->size, sizeof(struct window_entry *));
    for (size_t i = 0; i < old.size; i++)
        if (old.slot[i])
            put(t, old.slot[i]);
    free(old.slot);
}

struct window_entry *window_table_add(struct window_table *t, struct span device_id,
                                      struct span sensor, int64_t start_ms)
{
    if (t->count >= t->size / 8 * 7)
        grow(t);
    struct window_entry *w =
        xcalloc(1, offsetof(struct window_entry, text) + sensor.len + device_id.len + 2);
    w->start_ms = start_ms;
    w->source = -1;
    w->hash = hash_of(t, device_id, sensor, start_ms);
    w->sensor_len = (uint8_t)sensor.len;
    w->device_len = (uint8_t)device_id.len;
    memcpy(w->text, sensor.p, sensor.len);
    memcpy(w->text + sensor.len + 1, device_id.p, device_id.len);
    put(t, w);
    t->count++;
    return w;
}

void window_table_remove(struct window_table *t, size_t slot)
{
    size_t mask = t->size - 1, hole = slot;
    for (size_t i = (slot + 1) & mask; t->slot[i]; i = (i + 1) & mask) {
        size_t home = t->slot[i]->hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) { /* it may stand in the hole */
            t->slot[hole] = t->slot[i];
            hole = i;
        }
    }
    t->slot[hole] = NULL;
    t->count--;
}

void window_table_deinit(struct window_table *t)
{
    free(t->slot);
    t->slot = NULL;
    t->size = t->count = 0;
}
