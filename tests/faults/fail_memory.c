/* Preloaded into a program: allocations, which fail when they are told to. Apart from fail_calls.c,
 * because the sanitizers bring allocators of their own. */
#include <errno.h>
#include <stdlib.h>

#include "tests/faults/fail_calls.h"

/* The allocator of glibc under its other names: dlsym may allocate, so it cannot be asked. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

static struct fail_call on_malloc = {.name = "malloc"}, on_calloc = {.name = "calloc"},
                        on_realloc = {.name = "realloc"};

static bool fails(struct fail_call *call)
{
    int error;
    if (!fail_now(call, &error))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails(&on_malloc) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(&on_calloc) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
    return fails(&on_realloc) ? NULL : __libc_realloc(p, size);
}
