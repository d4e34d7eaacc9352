/* Preloaded into a program: allocations, which fail when they are told to. Apart from fail_calls.c,
 * because the sanitizers bring allocators of their own. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/fail_calls.h"

/* The allocator of glibc under its other names: dlsym may allocate, so it cannot be asked. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

static struct fail_call on_malloc = {.name = "malloc"}, on_calloc = {.name = "calloc"},
                        on_realloc = {.name = "realloc"};

/* Libraries that are known not to look whether they got memory, and are called once, at start. */
static bool is_spared(const void *caller)
{
    Dl_info at;
    return dladdr(caller, &at) && at.dli_fname && strstr(at.dli_fname, "libsasl2") != NULL;
}

static bool fails(struct fail_call *call, const void *caller)
{
    int error;
    if (!fail_now(call, &error) || is_spared(caller))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails(&on_malloc, __builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(&on_calloc, __builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
    return fails(&on_realloc, __builtin_return_address(0)) ? NULL : __libc_realloc(p, size);
}
