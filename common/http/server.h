/* The HTTP server: connections on a libevent loop, answers in order, limits and deadlines. */
#ifndef WEIR_HTTP_SERVER_H
#define WEIR_HTTP_SERVER_H

#include <event2/event.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/http/request.h"
#include "common/http/router.h"

struct http_server_options {
    const char *listen; /* "0.0.0.0:8001", "[::]:8001", ":8001" (all IPv4), "8001" */
    struct http_limits limits;
    unsigned max_connections;             /* 20000; beyond: 503 and closed at once */
    unsigned max_connections_per_address; /* 0 = none, the default: an ingress has one address;
                                             beyond: 429. IPv6 counts by /64 */
    unsigned max_pipelined;        /* 64: requests of one connection in flight; more wait unread */
    unsigned max_in_flight;        /* 10000 requests of all connections together, until their answer
                                      is handed to the kernel; beyond: 503 with Retry-After, before
                                      the body where it is not here yet */
    size_t max_buffered_bytes;     /* 256 MiB, of all connections together: requests being read
                                      and answers not yet taken; beyond: 503 with Retry-After, and
                                      who does not read its answers is closed */
    int64_t header_deadline_ms;    /* 10 s, absolute, from the first byte of a request; a fresh
                                      connection has as long for its first byte */
    int64_t body_deadline_ms;      /* 10 s plus body size / min_rate */
    int64_t body_min_rate_bytes_s; /* 1024 */
    int64_t idle_ms;               /* 60 s between requests of a kept connection */
    int64_t write_deadline_ms;     /* 20 s for a peer that does not read its answer */
    bool reuse_port;               /* SO_REUSEPORT, for several workers */
    bool gather;                   /* rest between turns while many requests are in flight, for
                                      handlers that answer later: see gather.h; false */
};

/* All fields set to the numbers above. */
struct http_server_options http_server_defaults(const char *listen);

/* Reported once for each answered (or refused) request, for metrics and access logs. */
struct http_report {
    const char *route;  /* template, or "unmatched"; never text from a client */
    const char *method; /* name from http_method_name */
    int status;
    /* From the first byte of the request to the answer handed to the kernel. */
    uint64_t duration_ns;
    size_t body_bytes, answer_bytes;
};

struct http_server_hooks {
    void *arg;                                              /* borrowed */
    void (*report)(void *arg, const struct http_report *r); /* may be NULL */
    /* After each turn of the loop in which requests were handled: flush what was batched. May be
     * NULL. */
    void (*turn)(void *arg);
};

struct http_server;

/* Listens at once; the requests come when the loop runs. base, router are borrowed; the clock is
 * for deadlines and durations. */
WEIR_MUST_CHECK int http_server_new(struct http_server **out, struct event_base *base,
                                    const struct http_router *router,
                                    const struct http_server_options *options,
                                    const struct http_server_hooks *hooks, struct clock clock,
                                    struct err *e);
uint16_t http_server_port(const struct http_server *s); /* the real one when 0 was asked for */
/* These two on any thread. */
unsigned http_server_connections(const struct http_server *s);
/* Handled requests whose answer is not yet handed to the kernel. */
unsigned http_server_in_flight(const struct http_server *s);

/* A farewell before the drain: goes on listening and serving, but each answer says "Connection:
 * close", so that clients move away by themselves; idle connections stay open until their next
 * request. Requests that were pipelined behind one that is answered are answered first. */
void http_server_retire(struct http_server *s);
/* Stops listening; idle connections are closed, the others after their answer ("Connection:
 * close"). A request that has begun has 3 s to come completely, then it is answered 503.
 * http_server_in_flight tells when it is done. */
void http_server_drain(struct http_server *s);
/* Closes everything. Exchanges still unanswered are detached: answering them is harmless. */
void http_server_free(struct http_server *s);

/* --- One request and its answer. Handlers run on the loop's thread, and so must http_reply. --- */

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

const char *http_status_text(int status);

#endif
