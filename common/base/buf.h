/* A growable run of bytes that its holder owns; the one string builder of the project. */
#ifndef WEIR_BASE_BUF_H
#define WEIR_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/span.h"

/* All zero is a valid empty buffer. `data` is not NUL-terminated unless buf_cstr was called. */
struct buf {
    char *data; /* owned */
    size_t len; /* bytes in use */
    size_t cap; /* bytes allocated */
};

void buf_init(struct buf *b);
void buf_deinit(struct buf *b); /* frees, leaves a valid empty buffer */
void buf_clear(struct buf *b);  /* len = 0, keeps the memory */

/* Allocates what buf_reserve lacks. */
char *buf_grow(struct buf *b, size_t extra);

/* Makes room for `extra` more bytes and returns where they go; buf_commit says how many came. */
static inline char *buf_reserve(struct buf *b, size_t extra)
{
    return extra <= b->cap - b->len && b->data ? b->data + b->len : buf_grow(b, extra);
}

static inline void buf_commit(struct buf *b, size_t added)
{
    b->len += added;
}

/* Inline, so that a constant piece of text is a few moves. */
static inline void buf_append(struct buf *b, const void *p, size_t len)
{
    if (len > 0) {
        memcpy(buf_reserve(b, len), p, len);
        b->len += len;
    }
}

static inline void buf_span(struct buf *b, struct span s)
{
    buf_append(b, s.p, s.len);
}

static inline void buf_str(struct buf *b, const char *s)
{
    buf_append(b, s, strlen(s));
}

static inline void buf_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->len++;
}

void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first `n` bytes (n <= len) by moving the rest down. */
void buf_consume(struct buf *b, size_t n);

/* NUL-terminates (the NUL is not counted in len) and returns data; valid until the next change. */
const char *buf_cstr(struct buf *b);

static inline struct span buf_view(const struct buf *b)
{
    return span_of(b->data, b->len);
}

/* JSON output. Strings must be valid UTF-8; control characters, quote and backslash are escaped. */
void buf_json_string(struct buf *b, struct span s);
/* Shortest text that reads back as the same double; "null" when not finite. */
void buf_json_double(struct buf *b, double v);
void buf_json_i64(struct buf *b, int64_t v);

#endif
