/* The devices in memory. */
#include "aggregator/device_table.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/xmalloc.h"
#include "common/model/device_pack.h"

_Static_assert(sizeof(struct device_entry) <= 64, "an entry is one cache line");

void device_table_init(struct device_table *t, uint64_t seed)
{
    *t = (struct device_table){.pool = {.item_bytes = 64}, .seed = seed};
}

void device_table_deinit(struct device_table *t)
{
    for (size_t i = 0; i < t->table.size; i++)
        if (t->table.slot[i].handle)
            free(device_table_at(t, t->table.slot[i].handle)->bytes);
    handle_table_deinit(&t->table);
    pool_deinit(&t->pool);
}

uint64_t device_table_hash(const struct device_table *t, struct span id)
{
    return hash_table(id, t->seed);
}

struct span device_entry_id(const struct device_entry *d)
{
    return span_of((const char *)d->bytes, d->id_len);
}

static struct device_entry *add(struct device_table *t, struct span id, uint64_t hash)
{
    uint32_t handle = pool_take(&t->pool);
    struct device_entry *d = device_table_at(t, handle);
    d->handle = handle;
    d->hash = hash;
    d->id_len = (uint8_t)id.len;
    d->bytes = xmemdup(id.p, id.len);
    handle_table_add(&t->table, (uint32_t)hash, handle);
    return d;
}

struct device_entry *device_table_take(struct device_table *t, struct span id, uint64_t hash)
{
    uint32_t handle;
    for (size_t at = (uint32_t)hash;
         (handle = handle_table_next(&t->table, (uint32_t)hash, &at));) {
        struct device_entry *d = device_table_at(t, handle);
        if (d->hash == hash && span_eq(device_entry_id(d), id))
            return d;
    }
    return add(t, id, hash);
}

void device_table_remove(struct device_table *t, size_t slot)
{
    uint32_t handle = t->table.slot[slot].handle;
    handle_table_remove(&t->table, slot);
    free(device_table_at(t, handle)->bytes);
    pool_give(&t->pool, handle);
}

/* --- fetching ahead -----------------------------------------------------------------------------
 */

void device_table_prefetch_slot(const struct device_table *t, uint64_t hash)
{
    handle_table_prefetch(&t->table, (uint32_t)hash);
}

static struct device_entry *likely(const struct device_table *t, uint64_t hash)
{
    size_t at = (uint32_t)hash;
    uint32_t handle = handle_table_next(&t->table, (uint32_t)hash, &at);
    return handle ? device_table_at(t, handle) : NULL;
}

void device_table_prefetch_entry(const struct device_table *t, uint64_t hash)
{
    const struct device_entry *d = likely(t, hash);
    if (d)
        __builtin_prefetch(d);
}

void device_entry_prefetch(const struct device_entry *d)
{
    for (size_t i = 0; i < d->id_len + (size_t)d->state_bytes; i += 64)
        __builtin_prefetch(d->bytes + i);
}

void device_table_prefetch_state(const struct device_table *t, uint64_t hash)
{
    const struct device_entry *d = likely(t, hash);
    if (d)
        device_entry_prefetch(d);
}

/* --- the last state -----------------------------------------------------------------------------
 */

/* An empty one, whose arrays are kept to be used again. */
static void clear(struct device_state *state)
{
    struct device_state kept = *state;
    device_state_init(state, span_of(NULL, 0));
    state->sensor = kept.sensor;
    state->sensors_cap = kept.sensors_cap;
    state->share = kept.share;
    state->shares_cap = kept.shares_cap;
}

void device_entry_unpack(const struct device_entry *d, struct device_state *out)
{
    if (d->state_bytes)
        device_unpack(out, d->bytes + d->id_len);
    else
        clear(out);
    out->rev = d->rev;
}

void device_entry_pack(struct device_entry *d, const struct device_state *state)
{
    size_t size = device_pack_size(state);
    if (size != d->state_bytes)
        d->bytes = xrealloc(d->bytes, d->id_len + size);
    d->state_bytes = (uint32_t)size;
    device_pack(state, d->bytes + d->id_len);
    d->rev = state->rev;
}
