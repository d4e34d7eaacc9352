/* A hash table of handles: open addressing with linear probing, and each slot holds the hash beside
 * the handle, so that what does not match is seldom looked at. Eight bytes a slot, eleven to
 * twenty-two an entry. What a handle stands for, and whether it is the one, is the caller's. */
#ifndef WEIR_AGGREGATOR_HANDLE_TABLE_H
#define WEIR_AGGREGATOR_HANDLE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct handle_slot {
    uint32_t hash;
    uint32_t handle; /* 0 = empty */
};

/* Zero-initialise. The hashes have to be seeded: whoever could choose them could choose that all
 * are the same. */
struct handle_table {
    struct handle_slot *slot; /* owned */
    size_t size, count;       /* size is 0 or a power of two */
};

/* Puts in a handle that is not there. Growing, which doubles the slots, walks through old and new
 * ones in their order: 5 ms for a million entries. */
void handle_table_add(struct handle_table *t, uint32_t hash, uint32_t handle);
/* Takes the handle of that slot out; another one may have moved into the slot afterwards. */
void handle_table_remove(struct handle_table *t, size_t slot);
/* The same for a handle that is there. */
void handle_table_remove_handle(struct handle_table *t, uint32_t hash, uint32_t handle);
void handle_table_deinit(struct handle_table *t);

/* The next handle with that hash, from *at on, which begins as the hash; 0 = there are no more. */
static inline uint32_t handle_table_next(const struct handle_table *t, uint32_t hash, size_t *at)
{
    size_t mask = t->size - 1;
    while (t->size) {
        const struct handle_slot *s = &t->slot[(*at)++ & mask];
        if (s->handle == 0 || s->hash == hash)
            return s->handle;
    }
    return 0;
}

static inline void handle_table_prefetch(const struct handle_table *t, uint32_t hash)
{
    if (t->size)
        __builtin_prefetch(&t->slot[hash & (t->size - 1)]);
}

#endif
