/* An HTTP/1.1 response parser: status, length, and whether the connection stays. */
#include "tools/load/response.h"

#include <stdint.h>
#include <string.h>

#include "common/base/num.h"
#include "common/base/span.h"

struct head {
    int status;
    bool close, keep_alive, has_length, coded;
    int64_t length;
};

/* "HTTP/1.1 200 OK" */
static bool parse_status_line(struct span line, struct head *h)
{
    int64_t status;
    if (line.len < 12 || memcmp(line.p, "HTTP/1.", 7) != 0 || line.p[8] != ' ' ||
        (line.p[7] != '0' && line.p[7] != '1') || (line.len > 12 && line.p[12] != ' ') ||
        !num_parse_i64(span_of(line.p + 9, 3), 100, 599, &status)) {
        return false;
    }
    h->status = (int)status;
    h->close = line.p[7] == '0';
    return true;
}

static struct span trim(struct span s)
{
    while (s.len > 0 && (*s.p == ' ' || *s.p == '\t')) {
        s = span_of(s.p + 1, s.len - 1);
    }
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

static bool parse_field(struct span line, struct head *h)
{
    const char *colon = memchr(line.p, ':', line.len);
    if (!colon || colon == line.p) {
        return false;
    }
    struct span name = span_of(line.p, (size_t)(colon - line.p));
    struct span value = trim(span_of(colon + 1, (size_t)(line.p + line.len - colon - 1)));
    if (span_ieq(name, span_str("Content-Length"))) {
        bool again = h->has_length;
        h->has_length = true;
        return !again && num_parse_i64(value, 0, INT64_MAX, &h->length);
    }
    if (span_ieq(name, span_str("Transfer-Encoding"))) {
        h->coded = true;
    } else if (span_ieq(name, span_str("Connection"))) {
        h->close = span_ieq(value, span_str("close")) ||
                   (h->close && !span_ieq(value, span_str("keep-alive")));
    }
    return true;
}

/* Returns the bytes of the head with its empty line, 0 = incomplete, -1 = malformed. */
static long parse_head(struct head *h, const char *bytes, size_t len)
{
    *h = (struct head){0};
    const char *at = bytes, *end = bytes + len;
    for (;;) {
        const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        if (!newline) {
            return len > RESPONSE_HEAD_MAX ? -1 : 0;
        }
        if (newline == at || newline[-1] != '\r') {
            return -1;
        }
        struct span line = span_of(at, (size_t)(newline - 1 - at));
        if (line.len == 0) {
            return h->status > 0 ? newline + 1 - bytes : -1;
        }
        if (!(at == bytes ? parse_status_line(line, h) : parse_field(line, h))) {
            return -1;
        }
        at = newline + 1;
    }
}

static bool has_no_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}

long response_parse(struct response *r, const char *bytes, size_t len)
{
    *r = (struct response){0};
    size_t used = 0;
    struct head h;
    do {
        long head = parse_head(&h, bytes + used, len - used);
        if (head <= 0) {
            return head;
        }
        used += (size_t)head;
    } while (h.status < 200);
    r->status = h.status;
    r->close = h.close;
    if (has_no_body(h.status)) {
        return (long)used;
    }
    if (h.coded || h.length > RESPONSE_MAX || len - used > RESPONSE_MAX) {
        return -1;
    }
    if (!h.has_length) {
        r->until_close = true;
        r->close = true;
        return 0;
    }
    return len - used < (size_t)h.length ? 0 : (long)(used + (size_t)h.length);
}
