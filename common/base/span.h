/* A borrowed run of bytes: pointer and length, never owned, not NUL-terminated. */
#ifndef WEIR_BASE_SPAN_H
#define WEIR_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
    const char *p; /* borrowed; may be NULL when len is 0 */
    size_t len;    /* bytes */
};

static inline struct span span_of(const char *p, size_t len)
{
    return (struct span){.p = p, .len = len};
}

static inline struct span span_str(const char *s)
{
    return (struct span){.p = s, .len = s ? strlen(s) : 0};
}

static inline bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool span_is(struct span a, const char *s)
{
    return span_eq(a, span_str(s));
}

/* As a C string, cut to `size` - 1 bytes; size > 0. */
static inline void span_copy(struct span s, char *out, size_t size)
{
    size_t len = s.len < size ? s.len : size - 1;
    if (len > 0)
        memcpy(out, s.p, len);
    out[len] = '\0';
}

/* ASCII only, as HTTP field names want it. */
bool span_ieq(struct span a, struct span b);

#endif
