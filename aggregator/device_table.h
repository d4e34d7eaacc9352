/* The devices in memory: id and last state of each, packed. Pure. */
#ifndef WEIR_AGGREGATOR_DEVICE_TABLE_H
#define WEIR_AGGREGATOR_DEVICE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregator/handle_table.h"
#include "aggregator/pool.h"
#include "common/base/span.h"
#include "common/model/device_pack.h"
#include "common/model/device_state.h"

/* One cache line. It stays where it is until it is removed. */
struct device_entry {
    uint8_t *bytes;       /* the id, then its last state by device_pack, if there is one */
    int64_t rev;          /* of the last state */
    uint64_t hash;        /* of the id */
    uint32_t handle;      /* of this entry */
    uint32_t windows;     /* that name it: as long as there are any, it stays */
    uint32_t touched;     /* flush round of the last use */
    uint32_t state_bytes; /* 0 = no state yet */
    uint32_t block;       /* handle of `bytes` in the pool of its size; 0 = of the heap, owned */
    uint8_t id_len;
    bool loaded; /* the stored state, if any, is in it */
    bool dirty;  /* on the dirty list */
};

/* Ids and states in blocks of 32 bytes, 64, ... 512; larger ones, of a dozen sensors, are of the
 * heap. */
enum { DEVICE_BLOCK_BYTES = 32, DEVICE_BLOCKS = 16 };

struct device_table {
    struct pool pool, blocks[DEVICE_BLOCKS];
    size_t apart; /* entries with bytes of the heap */
    struct handle_table table;
    uint64_t seed;
};

void device_table_init(struct device_table *t, uint64_t seed);
void device_table_deinit(struct device_table *t);

/* The hash of an id, made once a reading and good for all that is kept of the device. */
uint64_t device_table_hash(const struct device_table *t, struct span id);

/* The entry, made (not loaded) if it is not there; 1 to 128 bytes. `guess` may be it, or NULL. */
struct device_entry *device_table_take(struct device_table *t, struct span id, uint64_t hash,
                                       struct device_entry *guess);
/* Takes the entry of that slot out; another one may have moved into the slot afterwards. */
void device_table_remove(struct device_table *t, size_t slot);

/* To bring what taking it touches closer to the processor, in steps, each of which needs that the
 * one before has had time to arrive: the slot; which entry it may be, or NULL, to be prefetched by
 * the caller; id and state of that entry. */
void device_table_prefetch(const struct device_table *t, uint64_t hash);
struct device_entry *device_table_guess(const struct device_table *t, uint64_t hash);
void device_entry_prefetch(const struct device_entry *d);

static inline struct device_entry *device_table_at(const struct device_table *t, uint32_t handle)
{
    return pool_at(&t->pool, handle);
}

struct span device_entry_id(const struct device_entry *d);
/* device_state_fold without unpacking, where that can be done; as device_pack_fold. */
enum pack_fold device_entry_fold(struct device_entry *d, int32_t partition, int64_t offset,
                                 const struct reading *r);
/* Its last state into `out` (initialised), without the id. */
void device_entry_unpack(const struct device_entry *d, struct device_state *out);
void device_table_pack(struct device_table *t, struct device_entry *d,
                       const struct device_state *state);

#endif
