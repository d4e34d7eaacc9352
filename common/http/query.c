/* Percent-decoding and query parameters. */
#include "common/http/chars.h"
#include "common/http/request.h"

static long decode_escape(const char *p, const char *end)
{
    if (end - p < 3 || !http_char_is(p[1], CHAR_HEX) || !http_char_is(p[2], CHAR_HEX))
        return -1;
    unsigned byte = http_hex_value(p[1]) << 4 | http_hex_value(p[2]);
    return byte == 0 ? -1 : (long)byte;
}

long http_percent_decode(struct span in, bool form, char *out)
{
    const char *end = in.len ? in.p + in.len : in.p; /* NULL plus 0 is undefined in C */
    long n = 0;
    for (const char *p = in.p; p < end; p++) {
        char c = *p;
        if (c == '%') {
            long byte = decode_escape(p, end);
            if (byte < 0)
                return -1;
            c = (char)byte;
            p += 2;
        } else if (c == '+' && form) {
            c = ' ';
        }
        out[n++] = c;
    }
    return n;
}

struct span http_query_get(struct span query, const char *name, unsigned *count)
{
    struct span wanted = span_str(name), found = {0};
    const char *p = query.p, *end = query.len ? query.p + query.len : query.p;
    *count = 0;
    while (p < end) {
        const char *amp = memchr(p, '&', (size_t)(end - p));
        const char *stop = amp ? amp : end;
        const char *eq = memchr(p, '=', (size_t)(stop - p));
        const char *name_end = eq ? eq : stop;
        if (span_eq(span_of(p, (size_t)(name_end - p)), wanted) && (*count)++ == 0)
            found = span_of(eq ? eq + 1 : stop, eq ? (size_t)(stop - eq - 1) : 0);
        p = amp ? amp + 1 : end;
    }
    return found;
}
