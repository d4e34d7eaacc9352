/* The devices in memory. */
#include "aggregator/device_table.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/xmalloc.h"

_Static_assert(sizeof(struct device_entry) <= 64, "an entry is one cache line");

/* --- blocks ----------------------------------------------------------------------------------- */

static struct pool *pool_for(struct device_table *t, size_t size)
{
    size_t i = (size + DEVICE_BLOCK_BYTES - 1) / DEVICE_BLOCK_BYTES;
    return i <= DEVICE_BLOCKS ? &t->blocks[i - 1] : NULL;
}

static size_t size_of(const struct device_entry *d)
{
    return d->id_len + (size_t)d->state_bytes;
}

static void take_bytes(struct device_table *t, struct device_entry *d)
{
    struct pool *pool = pool_for(t, size_of(d));
    d->block = pool ? pool_take(pool) : 0;
    d->bytes = pool ? pool_at(pool, d->block) : xmalloc(size_of(d));
    t->apart += pool ? 0 : 1;
}

static void give_bytes(struct device_table *t, const struct device_entry *d)
{
    struct pool *pool = pool_for(t, size_of(d));
    if (pool)
        pool_give(pool, d->block);
    else
        free(d->bytes);
    t->apart -= pool ? 0 : 1;
}

/* Keeps the id, not the state. */
static void resize(struct device_table *t, struct device_entry *d, size_t state_bytes)
{
    struct device_entry old = *d;
    d->state_bytes = (uint32_t)state_bytes;
    if (pool_for(t, size_of(d)) && pool_for(t, size_of(d)) == pool_for(t, size_of(&old)))
        return;
    take_bytes(t, d);
    memcpy(d->bytes, old.bytes, d->id_len);
    give_bytes(t, &old);
}

/* --- entries ---------------------------------------------------------------------------------- */

void device_table_init(struct device_table *t, uint64_t seed)
{
    *t = (struct device_table){.pool = {.item_bytes = 64}, .seed = seed};
    for (size_t i = 0; i < DEVICE_BLOCKS; i++)
        t->blocks[i].item_bytes = DEVICE_BLOCK_BYTES * (i + 1);
}

/* Only what is of the heap has to be looked for. */
void device_table_deinit(struct device_table *t)
{
    for (size_t i = 0; i < t->table.size && t->apart > 0; i++) {
        uint32_t handle = t->table.slot[i].handle;
        if (handle && !device_table_at(t, handle)->block)
            give_bytes(t, device_table_at(t, handle));
    }
    handle_table_deinit(&t->table);
    pool_deinit(&t->pool);
    for (size_t i = 0; i < DEVICE_BLOCKS; i++)
        pool_deinit(&t->blocks[i]);
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
    take_bytes(t, d);
    memcpy(d->bytes, id.p, id.len);
    handle_table_add(&t->table, (uint32_t)hash, handle);
    return d;
}

static bool is_it(const struct device_entry *d, struct span id, uint64_t hash)
{
    return d->hash == hash && span_eq(device_entry_id(d), id);
}

struct device_entry *device_table_take(struct device_table *t, struct span id, uint64_t hash,
                                       struct device_entry *guess)
{
    uint32_t handle;
    if (guess && is_it(guess, id, hash))
        return guess;
    for (size_t at = (uint32_t)hash;
         (handle = handle_table_next(&t->table, (uint32_t)hash, &at));) {
        struct device_entry *d = device_table_at(t, handle);
        if (is_it(d, id, hash))
            return d;
    }
    return add(t, id, hash);
}

void device_table_remove(struct device_table *t, size_t slot)
{
    uint32_t handle = t->table.slot[slot].handle;
    handle_table_remove(&t->table, slot);
    give_bytes(t, device_table_at(t, handle));
    pool_give(&t->pool, handle);
}

/* --- fetching ahead --------------------------------------------------------------------------- */

void device_table_prefetch(const struct device_table *t, uint64_t hash)
{
    handle_table_prefetch(&t->table, (uint32_t)hash);
}

struct device_entry *device_table_guess(const struct device_table *t, uint64_t hash)
{
    size_t at = (uint32_t)hash;
    uint32_t handle = handle_table_next(&t->table, (uint32_t)hash, &at);
    return handle ? device_table_at(t, handle) : NULL;
}

void device_entry_prefetch(const struct device_entry *d)
{
    for (size_t i = 0; i < size_of(d); i += 64)
        __builtin_prefetch(d->bytes + i);
}

/* --- the last state --------------------------------------------------------------------------- */

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

enum pack_fold device_entry_fold(struct device_entry *d, int32_t partition, int64_t offset,
                                 const struct reading *r)
{
    return d->state_bytes ? device_pack_fold(d->bytes + d->id_len, partition, offset, r)
                          : PACK_UNFIT;
}

void device_entry_unpack(const struct device_entry *d, struct device_state *out)
{
    if (d->state_bytes)
        device_unpack(out, d->bytes + d->id_len);
    else
        clear(out);
    out->rev = d->rev;
}

void device_table_pack(struct device_table *t, struct device_entry *d,
                       const struct device_state *state)
{
    size_t size = device_pack_size(state);
    if (size != d->state_bytes)
        resize(t, d, size);
    device_pack(state, d->bytes + d->id_len);
    d->rev = state->rev;
}
