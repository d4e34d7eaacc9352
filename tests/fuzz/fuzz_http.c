/* The request parser and the chunked coding: whole or in pieces the verdict is the same, and what
 * was understood can be written down and is understood the same again. */
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/http/request.h"
#include "tests/fuzz/fuzz.h"

static const struct http_limits limits = {
    .request_line_bytes = 512, .head_bytes = 1024, .body_bytes = 1000};

/* --- heads --- */

struct verdict {
    long used;
    int status; /* of the refusal */
};

static struct verdict parse(struct http_head *h, struct span bytes, size_t *from)
{
    struct http_refusal refusal = {0};
    struct verdict v = {.used = http_parse_head(h, bytes.p, bytes.len, from, &limits, &refusal)};
    if (v.used >= 0) {
        fuzz_require((size_t)v.used <= bytes.len, "%ld bytes used of %zu", v.used, bytes.len);
        return v;
    }
    v.status = refusal.status;
    fuzz_require(refusal.reason && refusal.reason[0], "refused without a reason");
    fuzz_require(v.status == 400 || v.status == 413 || v.status == 414 || v.status == 417 ||
                     v.status == 431 || v.status == 501 || v.status == 505,
                 "refused with %d", v.status);
    return v;
}

/* Each time in memory of its own, as a connection's buffer moves when it grows. */
static struct verdict parse_in_pieces(struct span bytes, uint8_t choice)
{
    static struct http_head h;
    struct verdict v = {0};
    struct fuzz_pieces pieces;
    size_t len = 0, from = 0;
    fuzz_pieces_init(&pieces, choice);
    while (len < bytes.len && v.used == 0) {
        len += fuzz_pieces_next(&pieces, bytes.len - len);
        char *copy = fuzz_copy(span_of(bytes.p, len));
        v = parse(&h, span_of(copy, len), &from);
        free(copy);
    }
    return v;
}

static void check_inside(struct span part, struct span head)
{
    fuzz_require(part.len == 0 || (part.p >= head.p && part.p + part.len <= head.p + head.len),
                 "a part of the head lies outside of it");
}

static void check_head(const struct http_head *h, struct span head)
{
    fuzz_require(h->headers <= HTTP_HEADERS_MAX && h->minor <= 1, "%u fields of HTTP/1.%u",
                 h->headers, h->minor);
    fuzz_require(h->path.len > 0 && (h->path.p[0] == '/' || span_is(h->path, "*")), "no path");
    fuzz_require(h->framing == HTTP_LENGTH ? h->content_length <= limits.body_bytes
                                           : h->content_length == 0,
                 "a length of %llu", (unsigned long long)h->content_length);
    check_inside(h->method_text, head);
    check_inside(h->target, head);
    check_inside(h->query, head);
    for (unsigned i = 0; i < h->headers; i++) {
        check_inside(h->header[i].name, head);
        check_inside(h->header[i].value, head);
        fuzz_require(h->header[i].name.len > 0, "a field without a name");
    }
}

static bool same_head(const struct http_head *a, const struct http_head *b)
{
    bool same = a->method == b->method && span_eq(a->method_text, b->method_text) &&
                span_eq(a->target, b->target) && span_eq(a->path, b->path) &&
                span_eq(a->query, b->query) && a->minor == b->minor && a->headers == b->headers &&
                a->framing == b->framing && a->content_length == b->content_length &&
                a->keep_alive == b->keep_alive && a->expect_continue == b->expect_continue &&
                span_eq(a->host, b->host) && span_eq(a->content_type, b->content_type) &&
                span_eq(a->content_encoding, b->content_encoding);
    for (unsigned i = 0; same && i < a->headers; i++)
        same = span_eq(a->header[i].name, b->header[i].name) &&
               span_eq(a->header[i].value, b->header[i].value);
    return same;
}

/* The plainest way to send this request is understood as it was: nothing hides between the
 * fields. White space may make the difference to a limit, so a refusal for size is none. */
static void write_head_again(const struct http_head *h)
{
    static struct http_head again;
    struct buf text = {0};
    size_t from = 0;
    buf_span(&text, h->method_text);
    buf_char(&text, ' ');
    buf_span(&text, h->target);
    buf_printf(&text, " HTTP/1.%u\r\n", h->minor);
    for (unsigned i = 0; i < h->headers; i++) {
        buf_span(&text, h->header[i].name);
        buf_str(&text, ": ");
        buf_span(&text, h->header[i].value);
        buf_str(&text, "\r\n");
    }
    buf_str(&text, "\r\n");
    struct verdict v = parse(&again, buf_view(&text), &from);
    bool same = v.used == (long)text.len && same_head(h, &again);
    bool too_long = v.status == 431 || v.status == 414;
    fuzz_require(same || too_long, "written again and understood otherwise (%ld, %d): %s", v.used,
                 v.status, buf_cstr(&text));
    buf_deinit(&text);
}

/* --- bodies --- */

enum outcome { WANTS_MORE, COMPLETE, REFUSED };

struct decoded {
    struct buf body;
    size_t used;
    enum outcome outcome;
    int status;
};

/* False when nothing more is to be fed. */
static bool feed(struct http_chunked *c, struct decoded *d, struct span bytes)
{
    while (bytes.len > 0) {
        struct http_refusal refusal = {0};
        struct span data;
        bool done = false;
        long n = http_chunked_next(c, bytes.p, bytes.len, &data, &done, &refusal);
        if (n < 0) {
            d->outcome = REFUSED;
            d->status = refusal.status;
            fuzz_require(refusal.reason && (d->status == 400 || d->status == 431), "refused: %d",
                         d->status);
            return false;
        }
        fuzz_require(n > 0 && (size_t)n <= bytes.len, "%ld bytes used of %zu", n, bytes.len);
        check_inside(data, span_of(bytes.p, (size_t)n));
        buf_span(&d->body, data);
        d->used += (size_t)n;
        bytes = span_of(bytes.p + n, bytes.len - (size_t)n);
        if (done) {
            d->outcome = COMPLETE;
            return false;
        }
    }
    return true;
}

static void decode_in_pieces(struct decoded *d, struct span bytes, uint8_t choice)
{
    struct http_chunked c = {0};
    struct fuzz_pieces pieces;
    size_t at = 0;
    bool more = true;
    fuzz_pieces_init(&pieces, choice);
    while (at < bytes.len && more) {
        size_t n = fuzz_pieces_next(&pieces, bytes.len - at);
        char *copy = fuzz_copy(span_of(bytes.p + at, n));
        more = feed(&c, d, span_of(copy, n));
        free(copy);
        at += n;
    }
}

/* The same body in one plain chunk is the same body. */
static void chunk_again(const struct buf *body)
{
    struct http_chunked c = {0};
    struct decoded again = {.outcome = WANTS_MORE};
    struct buf text = {0};
    if (body->len > 0)
        buf_printf(&text, "%zx\r\n", body->len);
    buf_span(&text, buf_view(body));
    buf_str(&text, body->len > 0 ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
    feed(&c, &again, buf_view(&text));
    fuzz_require(again.outcome == COMPLETE && again.used == text.len &&
                     span_eq(buf_view(&again.body), buf_view(body)),
                 "a body chunked again is another one");
    buf_deinit(&again.body);
    buf_deinit(&text);
}

static void check_chunked(struct span bytes, uint8_t choice)
{
    struct http_chunked c = {0};
    struct decoded whole = {.outcome = WANTS_MORE}, pieces = {.outcome = WANTS_MORE};
    feed(&c, &whole, bytes);
    decode_in_pieces(&pieces, bytes, choice);
    fuzz_require(whole.outcome == pieces.outcome && whole.status == pieces.status,
                 "whole %d (%d), in pieces %d (%d)", (int)whole.outcome, whole.status,
                 (int)pieces.outcome, pieces.status);
    if (whole.outcome != REFUSED)
        fuzz_require(whole.used == pieces.used &&
                         span_eq(buf_view(&whole.body), buf_view(&pieces.body)),
                     "another body in pieces");
    if (whole.outcome == COMPLETE)
        chunk_again(&whole.body);
    buf_deinit(&whole.body);
    buf_deinit(&pieces.body);
}

/* --- targets --- */

/* Decoding is refused or gives what, encoded in full, decodes to the same. */
static void check_escapes(struct span text, bool form)
{
    struct buf encoded = {0};
    char *once = fuzz_copy(text);
    long n = http_percent_decode(text, form, once);
    fuzz_require(n <= (long)text.len, "decoding grew");
    if (n >= 0) {
        for (long i = 0; i < n; i++)
            buf_printf(&encoded, "%%%02X", (unsigned char)once[i]);
        char *twice = fuzz_copy(buf_view(&encoded));
        long m = http_percent_decode(buf_view(&encoded), form, twice);
        fuzz_require(m == n && span_eq(span_of(once, (size_t)n), span_of(twice, (size_t)n)),
                     "encoded and decoded is another");
        free(twice);
    }
    free(once);
    buf_deinit(&encoded);
}

static void check_request(struct span bytes, uint8_t choice)
{
    static struct http_head h;
    size_t from = 0;
    struct verdict whole = parse(&h, bytes, &from);
    struct verdict pieces = parse_in_pieces(bytes, choice);
    fuzz_require(whole.used == pieces.used && whole.status == pieces.status,
                 "whole %ld (%d), in pieces %ld (%d)", whole.used, whole.status, pieces.used,
                 pieces.status);
    if (whole.used <= 0)
        return;
    size_t head = (size_t)whole.used;
    check_head(&h, span_of(bytes.p, head));
    write_head_again(&h);
    check_escapes(h.path, false);
    check_escapes(h.query, true);
    if (h.framing == HTTP_CHUNKED)
        check_chunked(span_of(bytes.p + head, bytes.len - head), choice);
}

/* An odd choice: a whole request. An even one: a chunked body alone. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = fuzz_input(data, size);
    if (in.choice % 2)
        check_request(in.bytes, in.choice);
    else
        check_chunked(in.bytes, in.choice);
    return 0;
}
