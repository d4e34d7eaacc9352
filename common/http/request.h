/* A strict HTTP/1.1 request parser (RFC 9110, RFC 9112) as pure functions over bytes. */
#ifndef WEIR_HTTP_REQUEST_H
#define WEIR_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/span.h"

enum { HTTP_HEADERS_MAX = 100 };

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_PATCH,
    HTTP_OPTIONS,
    HTTP_OTHER, /* a valid token that no route knows */
};
const char *http_method_name(enum http_method m); /* "GET"; "OTHER" */

struct http_header {
    struct span name, value; /* as sent; value without surrounding white space */
};

enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED };

/* Spans point into the bytes given to http_parse_head. */
struct http_head {
    enum http_method method;
    struct span method_text, target; /* as sent */
    struct span path; /* raw path: starts with '/', percent-escapes checked but not decoded; "*" for
                         OPTIONS */
    struct span query; /* raw, without '?'; empty when none */
    unsigned minor;    /* HTTP/1.<minor>: 0 or 1 */
    struct http_header header[HTTP_HEADERS_MAX];
    unsigned headers;
    enum http_framing framing;
    uint64_t content_length; /* bytes; with HTTP_LENGTH */
    bool keep_alive, expect_continue;
    struct span host, content_type, content_encoding; /* empty when absent */
};

struct http_limits {
    size_t request_line_bytes; /* 8 KiB; more is 414 */
    size_t head_bytes;         /* 16 KiB of headers; more is 431 */
    size_t body_bytes;         /* MAX_BODY; more is 413 */
};

/* Why a request is refused: the status to answer before closing, and a sentence. */
struct http_refusal {
    int status;         /* 400, 413, 414, 417, 431, 501, 505 */
    const char *reason; /* constant: "two Content-Length fields" */
};

/* Returns the bytes of the head (request line, headers, empty line) when it is complete, 0 when
 * more bytes are needed, -1 when it is malformed or over a limit (see refusal; h->path is empty
 * or already that of the request, for an answer in the style of its route). Never reads past len.
 * Bytes given again after 0 may have grown; `from` (start with 0) remembers where to go on looking
 * for the end, so that dripped input costs linear time. */
long http_parse_head(struct http_head *h, const char *bytes, size_t len, size_t *from,
                     const struct http_limits *limits, struct http_refusal *refusal);

/* First value of a field, by case-insensitive name; empty span with p NULL when absent. */
struct span http_head_get(const struct http_head *h, const char *name);

/* The chunked coding, decoded in place of a stream. Zero-initialise. Extensions and trailers are
 * checked and ignored. */
struct http_chunked {
    uint8_t state;
    uint64_t left;
    size_t trailer_bytes, line_bytes;
};

/* Consumes up to `len` bytes and reports the run of body bytes at *data. Returns the bytes
 * consumed (0 = needs more), -1 when malformed. *done is set after the last chunk and trailers.
 * Call again with the rest until it returns 0 or sets *done. */
long http_chunked_next(struct http_chunked *c, const char *bytes, size_t len, struct span *data,
                       bool *done, struct http_refusal *refusal);

/* Percent-decodes (and '+' as space when `form`). `out` needs in.len bytes. Returns the length or
 * -1 for a bad escape or %00. */
long http_percent_decode(struct span in, bool form, char *out);

/* Value of a query parameter, raw; p NULL when absent. *count = how often it appears. */
struct span http_query_get(struct span query, const char *name, unsigned *count);

#endif
