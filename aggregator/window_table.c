/* The windows in memory by their key. */
#include "aggregator/window_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/xmalloc.h"

_Static_assert(sizeof(struct window_entry) == 128, "an entry is two cache lines");

/* Memory of its own, when it has any. */
static uint8_t *apart(const struct window_entry *w)
{
    uint8_t *bytes;
    memcpy(&bytes, w->bytes, sizeof bytes);
    return bytes;
}

static void free_apart(struct window_table *t, struct window_entry *w)
{
    if (!w->apart)
        return;
    free(apart(w));
    w->apart = false;
    t->apart--;
}

void window_table_init(struct window_table *t, uint64_t seed)
{
    *t = (struct window_table){.pool = {.item_bytes = sizeof(struct window_entry)}, .seed = seed};
}

/* Hardly ever has an entry memory of its own, so hardly ever are they looked at. */
void window_table_deinit(struct window_table *t)
{
    for (size_t i = 0; i < t->table.size && t->apart > 0; i++)
        if (t->table.slot[i].handle)
            free_apart(t, window_table_slot(t, i));
    handle_table_deinit(&t->table);
    pool_deinit(&t->pool);
}

/* The sensors of one device and minute lie in neighbouring slots, so that who comes with one
 * reading is found with one look at the memory; eight of them at most, or who makes up names could
 * make the runs as long as he likes. */
enum { NEIGHBOURS = 8, NEIGHBOUR_SHIFT = 29 };

struct window_key window_table_key(const struct window_table *t, uint32_t device,
                                   uint64_t device_hash, uint32_t sensor, int64_t start_ms)
{
    uint64_t key[] = {device_hash, sensor / NEIGHBOURS, (uint64_t)start_ms};
    uint32_t hash = (uint32_t)hash_table(span_of((const char *)key, sizeof key), t->seed) ^
                    sensor % NEIGHBOURS << NEIGHBOUR_SHIFT;
    return (struct window_key){
        .device = device, .sensor = sensor, .hash = hash, .start_ms = start_ms};
}

struct window_entry *window_table_slot(const struct window_table *t, size_t slot)
{
    uint32_t handle = t->table.slot[slot].handle;
    return handle ? pool_at(&t->pool, handle) : NULL;
}

static bool is_it(const struct window_entry *w, const struct window_key *key)
{
    return w->device == key->device && w->sensor == key->sensor && w->start_ms == key->start_ms;
}

struct window_entry *window_table_find(const struct window_table *t, const struct window_key *key,
                                       struct window_entry *guess)
{
    uint32_t handle;
    if (guess && is_it(guess, key))
        return guess;
    for (size_t at = key->hash; (handle = handle_table_next(&t->table, key->hash, &at));) {
        struct window_entry *w = pool_at(&t->pool, handle);
        if (is_it(w, key))
            return w;
    }
    return NULL;
}

void window_table_prefetch(const struct window_table *t, const struct window_key *key)
{
    handle_table_prefetch(&t->table, key->hash);
}

struct window_entry *window_table_guess(const struct window_table *t, const struct window_key *key)
{
    size_t at = key->hash;
    uint32_t handle = handle_table_next(&t->table, key->hash, &at);
    return handle ? pool_at(&t->pool, handle) : NULL;
}

void window_entry_prefetch(const struct window_entry *w)
{
    __builtin_prefetch(w);
    __builtin_prefetch((const char *)w + 64);
}

struct window_entry *window_table_add(struct window_table *t, const struct window_key *key)
{
    uint32_t handle = pool_take(&t->pool);
    struct window_entry *w = pool_at(&t->pool, handle);
    w->start_ms = key->start_ms;
    w->device = key->device;
    w->sensor = key->sensor;
    w->empty = true;
    handle_table_add(&t->table, key->hash, handle);
    return w;
}

void window_table_remove(struct window_table *t, size_t slot)
{
    uint32_t handle = t->table.slot[slot].handle;
    free_apart(t, pool_at(&t->pool, handle));
    handle_table_remove(&t->table, slot);
    pool_give(&t->pool, handle);
}

/* --- packing ---------------------------------------------------------------------------------- */

static const uint8_t *packed(const struct window_entry *w)
{
    return w->apart ? apart(w) : w->bytes;
}

void window_entry_unpack(const struct window_entry *w, struct window *out)
{
    out->start_ms = w->start_ms;
    out->rev = w->rev;
    out->final = w->final;
    out->late = out->shares = 0;
    if (!w->empty)
        window_unpack(out, packed(w));
}

void window_table_pack(struct window_table *t, struct window_entry *w, struct window *window)
{
    size_t size = window_pack_size(window);
    if (size > sizeof w->bytes) {
        window_compress(window);
        size = window_pack_size(window);
    }
    free_apart(t, w);
    if (size <= sizeof w->bytes) {
        window_pack(window, w->bytes);
    } else {
        uint8_t *bytes = xmalloc(size);
        window_pack(window, bytes);
        memcpy(w->bytes, &bytes, sizeof bytes);
        w->apart = true;
        t->apart++;
    }
    w->empty = false;
    w->rev = window->rev;
    w->final = window->final;
}

enum pack_fold window_entry_fold(struct window_entry *w, const struct window_sample *sample)
{
    enum pack_fold done = PACK_UNFIT;
    if (w->empty && !w->final)
        done = window_pack_begin(w->bytes, sizeof w->bytes, w->start_ms, sample);
    else if (!w->apart && !w->final)
        done = window_pack_fold(w->bytes, sizeof w->bytes, w->start_ms, sample);
    w->empty = w->empty && done != PACK_FOLDED;
    return done;
}

int32_t window_entry_source(const struct window_entry *w)
{
    return w->empty ? -1 : window_pack_source(packed(w));
}
