/* Allocation that never fails: out of memory ends the process in one place that says so. */
#ifndef WEIR_BASE_XMALLOC_H
#define WEIR_BASE_XMALLOC_H

#include <stddef.h>

/* Every result is owned by the caller and freed with free(). Sizes are in bytes; 0 is allowed. */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull, warn_unused_result));
/* As xrealloc for `count` elements; a product that overflows is out of memory too. */
void *xreallocarray(void *p, size_t count, size_t size)
    __attribute__((returns_nonnull, warn_unused_result));
/* For what is large and jumped about in: begins on a cache line, and asks for large pages from two
 * megabytes on. */
void *xmalloc_pages(size_t size) __attribute__((malloc, returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
void *xmemdup(const void *p, size_t len) __attribute__((malloc, returns_nonnull));

#endif
