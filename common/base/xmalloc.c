/* Allocation that never fails: out of memory ends the process here. */
#include "common/base/xmalloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A daemon without memory cannot answer anyone; its supervisor starts it again, and every effect
 * that was acknowledged is durable elsewhere. */
__attribute__((noreturn)) static void out_of_memory(size_t count, size_t size)
{
    fprintf(stderr, "out of memory: %zu times %zu bytes\n", count, size);
    abort();
}

void *xmalloc(size_t size)
{
    void *p = malloc(size > 0 ? size : 1);
    if (!p) {
        out_of_memory(1, size);
    }
    return p;
}

void *xmalloc_pages(size_t size)
{
    enum { LINE = 64, PAGE = 4096, LARGE_PAGE = 2 << 20 };
    void *p = aligned_alloc(LINE, (size + LINE - 1) / LINE * LINE);
    if (!p) {
        out_of_memory(1, size);
    }
    if (size >= LARGE_PAGE) { /* a wish: it works without */
        size_t skip = (size_t)(-(uintptr_t)p & (PAGE - 1));
        madvise((char *)p + skip, size - skip, MADV_HUGEPAGE);
    }
    return p;
}

void *xcalloc(size_t count, size_t size)
{
    void *p = count > 0 && size > 0 ? calloc(count, size) : calloc(1, 1);
    if (!p) {
        out_of_memory(count, size);
    }
    return p;
}

void *xrealloc(void *p, size_t size)
{
    void *moved = realloc(p, size > 0 ? size : 1);
    if (!moved) {
        out_of_memory(1, size);
    }
    return moved;
}

void *xreallocarray(void *p, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size) {
        out_of_memory(count, size);
    }
    return xrealloc(p, count * size);
}

char *xstrdup(const char *s)
{
    return xmemdup(s, strlen(s) + 1);
}

void *xmemdup(const void *p, size_t len)
{
    void *copy = xmalloc(len);
    if (len > 0) {
        memcpy(copy, p, len);
    }
    return copy;
}
