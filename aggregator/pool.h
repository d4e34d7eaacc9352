/* Items of one size, known by a handle of four bytes: half a pointer, for what a million entries
 * say of each other. An item never moves. Large pools ask for large pages, because who jumps about
 * in a gigabyte waits for the page tables as long as for the memory. */
#ifndef WEIR_AGGREGATOR_POOL_H
#define WEIR_AGGREGATOR_POOL_H

#include <stddef.h>
#include <stdint.h>

/* The first chunk holds 64 items, each further one twice as many, up to 65,536. */
enum { POOL_FIRST_BITS = 6, POOL_CHUNK_BITS = 16 };

/* Zero-initialise, and give it a size; items of 64 bytes or a multiple stand on cache lines. */
struct pool {
    size_t item_bytes;
    char **chunk; /* owned, and so are they */
    size_t chunks;
    uint32_t made;  /* items that were ever handed out */
    uint32_t spare; /* given back last, and leading to the others; 0 = none */
    uint32_t count; /* handed out now */
};

/* An item, all zero; never 0. */
uint32_t pool_take(struct pool *p);
void pool_give(struct pool *p, uint32_t handle);
void pool_deinit(struct pool *p); /* O(chunks); whatever was taken is gone */

struct pool_place {
    size_t chunk, item;
};

/* Counted as if 64 more stood before the first, so that chunks begin at powers of two, and from the
 * full size on at multiples of it. */
static inline struct pool_place pool_place(uint32_t handle)
{
    uint32_t n = handle - 1 + (1u << POOL_FIRST_BITS);
    if (n >> POOL_CHUNK_BITS)
        return (struct pool_place){.chunk = (n >> POOL_CHUNK_BITS) + POOL_CHUNK_BITS -
                                            POOL_FIRST_BITS - 1,
                                   .item = n & ((1u << POOL_CHUNK_BITS) - 1)};
    unsigned top = 31u - (unsigned)__builtin_clz(n);
    return (struct pool_place){.chunk = top - POOL_FIRST_BITS, .item = n - (1u << top)};
}

static inline void *pool_at(const struct pool *p, uint32_t handle)
{
    struct pool_place at = pool_place(handle);
    return p->chunk[at.chunk] + at.item * p->item_bytes;
}

#endif
