/* Items of one size in chunks. */
#include "aggregator/pool.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"

static void add_chunk(struct pool *p)
{
    size_t bits = POOL_FIRST_BITS + p->chunks;
    size_t items = (size_t)1 << (bits < POOL_CHUNK_BITS ? bits : POOL_CHUNK_BITS);
    p->chunk = xreallocarray(p->chunk, p->chunks + 1, sizeof *p->chunk);
    p->chunk[p->chunks++] = xmalloc_pages(items * p->item_bytes);
}

uint32_t pool_take(struct pool *p)
{
    uint32_t handle = p->spare ? p->spare : ++p->made;
    if (pool_place(handle).chunk == p->chunks)
        add_chunk(p);
    void *item = pool_at(p, handle);
    if (p->spare)
        memcpy(&p->spare, item, sizeof p->spare);
    memset(item, 0, p->item_bytes);
    p->count++;
    return handle;
}

void pool_give(struct pool *p, uint32_t handle)
{
    memcpy(pool_at(p, handle), &p->spare, sizeof p->spare);
    p->spare = handle;
    p->count--;
}

void pool_deinit(struct pool *p)
{
    for (size_t i = 0; i < p->chunks; i++)
        free(p->chunk[i]);
    free(p->chunk);
    *p = (struct pool){.item_bytes = p->item_bytes};
}
