/* A growable run of bytes: growth by doubling, formatted text, and JSON output. */
#include "common/base/buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json_string.h"
#include "common/base/num.h"
#include "common/base/xmalloc.h"

enum { CAP_MIN = 64 };

void buf_init(struct buf *b)
{
    *b = (struct buf){0};
}

void buf_deinit(struct buf *b)
{
    free(b->data);
    buf_init(b);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
}

char *buf_grow(struct buf *b, size_t extra)
{
    if (extra > SIZE_MAX / 2 - b->len) {
        return xreallocarray(b->data, SIZE_MAX, 2); /* says "out of memory" */
    }
    size_t need = b->len + extra;
    size_t cap = b->cap < CAP_MIN ? CAP_MIN : b->cap * 2;
    b->cap = cap < need ? need : cap;
    b->data = xrealloc(b->data, b->cap);
    return b->data + b->len;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    char *at = buf_reserve(b, CAP_MIN);
    size_t room = b->cap - b->len;
    int len = vsnprintf(at, room, fmt, args);
    if (len >= 0 && (size_t)len >= room) {
        at = buf_reserve(b, (size_t)len + 1);
        len = vsnprintf(at, (size_t)len + 1, fmt, again);
    }
    va_end(again);
    va_end(args);
    b->len += len > 0 ? (size_t)len : 0;
}

void buf_consume(struct buf *b, size_t n)
{
    if (n > 0 && n < b->len) {
        memmove(b->data, b->data + n, b->len - n);
    }
    b->len -= n;
}

const char *buf_cstr(struct buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return b->data;
}

static void append_escaped(struct buf *b, unsigned char c)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the byte, its letter */
    for (const char *pair = shorts; *pair; pair += 2) {
        if ((unsigned char)pair[0] == c) {
            buf_append(b, (const char[]){'\\', pair[1]}, 2);
            return;
        }
    }
    static const char hex[] = "0123456789abcdef";
    buf_append(b, (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

void buf_json_string(struct buf *b, struct span s)
{
    buf_char(b, '"');
    while (s.len > 0) {
        size_t plain = json_plain_length(s);
        buf_append(b, s.p, plain);
        if (plain == s.len) {
            break;
        }
        append_escaped(b, (unsigned char)s.p[plain]);
        s = span_of(s.p + plain + 1, s.len - plain - 1);
    }
    buf_char(b, '"');
}

void buf_json_double(struct buf *b, double v)
{
    if (!isfinite(v)) {
        buf_str(b, "null");
        return;
    }
    char text[NUM_TEXT_MAX];
    buf_append(b, text, num_format(v, text));
}

void buf_json_i64(struct buf *b, int64_t v)
{
    char text[NUM_TEXT_MAX];
    buf_append(b, text, num_format_i64(v, text));
}
