/* What a handler sees of a request, and how it answers: at once, later, or without an end. Handlers
 * run on the loop's thread, and all of this must be called there. */
#ifndef WEIR_HTTP_HANDLER_H
#define WEIR_HTTP_HANDLER_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/http/request.h"
#include "common/http/router.h"

/* The head and body are valid until the handler returns. To use them later, copy. */
const struct http_head *http_exchange_head(const struct http_exchange *ex);
struct span http_exchange_body(const struct http_exchange *ex);
struct span http_exchange_param(const struct http_exchange *ex, unsigned i); /* raw */
const struct http_match *http_exchange_match(const struct http_exchange *ex);
/* Client address as text, without port. */
const char *http_exchange_peer(const struct http_exchange *ex);
/* 16 hex digits, unique in the process, also with several servers: each counts on from a random
 * number of 64 bits. Sent back as X-Request-Id. */
const char *http_exchange_request_id(const struct http_exchange *ex);
/* Whether the route's `admit` was asked before the body came, and said yes. */
bool http_exchange_admitted(const struct http_exchange *ex);

struct http_answer {
    int status;
    const char *content_type; /* constant; NULL = application/json */
    struct span body;         /* copied */
    const char *headers;      /* further complete lines "Name: value\r\n"; NULL = none; copied */
};

/* Answers and gives the exchange up; to be called exactly once for each exchange, from the handler
 * or later. If the client is gone meanwhile it is only given up. */
void http_reply(struct http_exchange *ex, const struct http_answer *a);

/* An error; all texts are borrowed for the call. */
struct http_problem {
    int status;
    const char *code;    /* a fixed word ("queue_full"); NULL = that of the status */
    const char *detail;  /* a sentence; NULL = the text of the status */
    int retry_after_s;   /* 0 = no Retry-After */
    const char *headers; /* further complete lines, as in http_answer */
    struct span members; /* further JSON members (`"errors":[...]`) as they are to appear;
                            empty = none; HTTP_PROBLEM alone has them */
};

/* Answers with an error in the style of the route. */
void http_reply_problem(struct http_exchange *ex, const struct http_problem *p);
/* The same, short. */
void http_reply_error(struct http_exchange *ex, int status, const char *code, const char *detail,
                      int retry_after_s);

/* --- An answer that goes on: server-sent events. --- */

/* Begins an answer without Content-Length; a->body is its first part, and the connection ends with
 * it. The exchange stays with the caller until http_stream_end or until `gone` is called: the
 * client has left or does not read. False when it has left already; then the exchange has been
 * given up and `gone` is not called. A draining server waits for its streams: end them. */
WEIR_MUST_CHECK bool http_stream_begin(struct http_exchange *ex, const struct http_answer *a,
                                       void (*gone)(void *arg), void *arg);

/* Appends to the answer. False when the client reads too slowly: more than 256 KiB wait for it and
 * nothing was appended; skip these bytes or end the stream. */
bool http_stream_send(struct http_exchange *ex, struct span bytes);

/* Ends the answer and gives the exchange up. */
void http_stream_end(struct http_exchange *ex);

#endif
