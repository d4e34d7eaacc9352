/* A hash table of handles: linear probing, and removal that shifts back what stands behind. */
#include "aggregator/handle_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"

enum { SIZE_MIN = 64 };

static void put(struct handle_table *t, struct handle_slot s)
{
    size_t mask = t->size - 1, i = s.hash & mask;
    while (t->slot[i].handle)
        i = (i + 1) & mask;
    t->slot[i] = s;
}

static void grow(struct handle_table *t)
{
    struct handle_table old = *t;
    t->size = old.size ? old.size * 2 : SIZE_MIN;
    t->slot = xmalloc_pages(t->size * sizeof *t->slot);
    memset(t->slot, 0, t->size * sizeof *t->slot);
    for (size_t i = 0; i < old.size; i++)
        if (old.slot[i].handle)
            put(t, old.slot[i]);
    free(old.slot);
}

/* Three quarters full at most: then a search that finds nothing looks at nine slots. */
void handle_table_add(struct handle_table *t, uint32_t hash, uint32_t handle)
{
    if (t->count >= t->size / 4 * 3)
        grow(t);
    put(t, (struct handle_slot){.hash = hash, .handle = handle});
    t->count++;
}

void handle_table_remove(struct handle_table *t, size_t slot)
{
    size_t mask = t->size - 1, hole = slot;
    for (size_t i = (slot + 1) & mask; t->slot[i].handle; i = (i + 1) & mask) {
        size_t home = t->slot[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) { /* it may stand in the hole */
            t->slot[hole] = t->slot[i];
            hole = i;
        }
    }
    t->slot[hole].handle = 0;
    t->count--;
}

void handle_table_remove_handle(struct handle_table *t, uint32_t hash, uint32_t handle)
{
    size_t mask = t->size - 1, i = hash & mask;
    while (t->slot[i].handle != handle)
        i = (i + 1) & mask;
    handle_table_remove(t, i);
}

void handle_table_deinit(struct handle_table *t)
{
    free(t->slot);
    *t = (struct handle_table){0};
}
