/* What an HTTP server is made with: its limits and deadlines, and who is told of its work. */
#ifndef WEIR_HTTP_SERVER_OPTIONS_H
#define WEIR_HTTP_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/http/request.h"

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

/* ERR_INVALID when a limit that must be positive is not. */
WEIR_MUST_CHECK int http_server_options_check(const struct http_server_options *o, struct err *e);

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

#endif
