/* Bytes that end at a page that may not be touched, so that reading past them ends the test. */
#include "tests/unit/http/guard.h"

#include <check.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void guard_init(struct guard *g, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    g->size = (size + page - 1) / page * page;
    void *map =
        mmap(NULL, g->size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(map != MAP_FAILED);
    g->start = map;
    ck_assert_int_eq(mprotect(g->start + g->size, page, PROT_NONE), 0);
}

void guard_deinit(struct guard *g)
{
    munmap(g->start, g->size + (size_t)sysconf(_SC_PAGESIZE));
}

char *guard_place(struct guard *g, const void *bytes, size_t len)
{
    ck_assert_uint_le(len, g->size);
    char *at = g->start + g->size - len;
    if (len > 0)
        memcpy(at, bytes, len);
    return at;
}
