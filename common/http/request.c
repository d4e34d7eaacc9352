/* Finds the head of a request in a run of bytes and takes its request line apart. */
#include "common/http/request.h"

#include "common/http/chars.h"
#include "common/http/parse.h"

static const char *const method_names[] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_DELETE] = "DELETE", [HTTP_PATCH] = "PATCH",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "OTHER",
};

const char *http_method_name(enum http_method m)
{
    return method_names[m];
}

static enum http_method method_of(struct span text)
{
    for (int m = HTTP_GET; m < HTTP_OTHER; m++)
        if (span_is(text, method_names[m]))
            return (enum http_method)m;
    return HTTP_OTHER;
}

/* HTTP/1.0 and HTTP/1.1; other well-formed versions are 505, anything else is not HTTP. */
static int parse_version(struct http_head *h, struct span text, struct http_refusal *refusal)
{
    if (text.len != 8 || memcmp(text.p, "HTTP/", 5) != 0 || text.p[6] != '.' ||
        !http_char_is(text.p[5], CHAR_DIGIT) || !http_char_is(text.p[7], CHAR_DIGIT))
        return http_refuse(refusal, 400, "malformed HTTP version");
    if (text.p[5] != '1' || text.p[7] > '1')
        return http_refuse(refusal, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    h->minor = (unsigned)(text.p[7] - '0');
    return 0;
}

/* method SP target SP version, with exactly one space each (RFC 9112 section 3). */
static int parse_request_line(struct http_head *h, struct span line, struct http_refusal *refusal)
{
    const char *end = line.p + line.len;
    const char *space = memchr(line.p, ' ', line.len);
    const char *last = memrchr(line.p, ' ', line.len);
    if (!space || space == last)
        return http_refuse(refusal, 400, "malformed request line");
    h->method_text = span_of(line.p, (size_t)(space - line.p));
    if (!http_chars_all(h->method_text, CHAR_TOKEN))
        return http_refuse(refusal, 400, "malformed method");
    h->method = method_of(h->method_text);
    h->target = span_of(space + 1, (size_t)(last - space - 1));
    /* The version first: an HTTP/2 preface has a target that HTTP/1.1 does not know. */
    if (parse_version(h, span_of(last + 1, (size_t)(end - last - 1)), refusal) < 0)
        return -1;
    return http_parse_target(h, refusal);
}

/* Where the request line begins: after one empty line at most (RFC 9112 section 2.2). Something
 * that cannot begin a method is refused at its first byte, so that a TLS greeting does not wait
 * for the deadline. Returns the offset, -1 when refused; *more when the bytes do not tell yet. */
static int find_start(const char *bytes, size_t len, bool *more, struct http_refusal *refusal)
{
    size_t start = 0;
    if (len > 0 && bytes[0] == '\r') {
        if (len > 1 && bytes[1] != '\n')
            return http_refuse(refusal, 400, "bare CR");
        start = 2;
    }
    *more = len <= start;
    if (!*more && !http_char_is(bytes[start], CHAR_TOKEN))
        return http_refuse(refusal, 400, "malformed method");
    return (int)start;
}

/* The end of the request line: the offset behind its LF, 0 when it has not come, -1 when refused.
 * Lengths are judged before line ends, as dripped bytes show them. */
static long find_line_end(const char *bytes, size_t len, size_t start,
                          const struct http_limits *limits, struct http_refusal *refusal)
{
    const char *lf = memchr(bytes + start, '\n', len - start);
    size_t at = lf ? (size_t)(lf - bytes) : len;
    if (at - start > limits->request_line_bytes + 1)
        return http_refuse(refusal, 414, "request line too long");
    if (!lf)
        return 0;
    if (lf[-1] != '\r')
        return http_refuse(refusal, 400, "line ends in a bare LF");
    return (long)at + 1;
}

/* The end of the head: the offset behind its empty line, 0 when it has not come, -1 when refused.
 * `fields` is where the header section begins. */
static long find_head_end(const char *bytes, size_t len, size_t fields, size_t *from,
                          const struct http_limits *limits, struct http_refusal *refusal)
{
    size_t at = *from > fields ? *from : fields;
    for (;;) {
        const char *lf = memchr(bytes + at, '\n', len - at);
        at = lf ? (size_t)(lf - bytes) : len;
        if (at - fields > limits->head_bytes + 1)
            return http_refuse(refusal, 431, "header section too large");
        if (!lf)
            break;
        if (lf[-1] != '\r')
            return http_refuse(refusal, 400, "line ends in a bare LF");
        at++;
        if (lf[-2] == '\n')
            return (long)at;
    }
    *from = len;
    return 0;
}

/*  POST /ingest?x=1 HTTP/1.1 CRLF  Host: a CRLF  ...: ... CRLF  CRLF  body
 *  ^ start                         ^ fields                           ^ end
 */
long http_parse_head(struct http_head *h, const char *bytes, size_t len, size_t *from,
                     const struct http_limits *limits, struct http_refusal *refusal)
{
    bool more;
    h->path = h->query = h->host = h->method_text = (struct span){0};
    h->method = HTTP_OTHER;
    h->minor = 1;
    int start = find_start(bytes, len, &more, refusal);
    if (start < 0 || more)
        return start < 0 ? -1 : 0;
    long fields = find_line_end(bytes, len, (size_t)start, limits, refusal);
    if (fields <= 0)
        return fields;
    struct span line = span_of(bytes + start, (size_t)(fields - start) - 2);
    if (parse_request_line(h, line, refusal) < 0)
        return -1;
    long end = find_head_end(bytes, len, (size_t)fields, from, limits, refusal);
    if (end <= 0)
        return end;
    struct span lines = span_of(bytes + fields, (size_t)(end - fields) - 2);
    if (http_parse_fields(h, lines, limits, refusal) < 0)
        return -1;
    return end;
}

struct span http_head_get(const struct http_head *h, const char *name)
{
    struct span wanted = span_str(name);
    for (unsigned i = 0; i < h->headers; i++)
        if (h->header[i].name.len == wanted.len && span_ieq(h->header[i].name, wanted))
            return h->header[i].value;
    return (struct span){0};
}
