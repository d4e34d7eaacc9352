/* Routes as a table: method and path template to handler. Pure. */
#ifndef WEIR_HTTP_ROUTER_H
#define WEIR_HTTP_ROUTER_H

#include "common/base/span.h"
#include "common/http/request.h"

struct http_exchange;
typedef void (*http_handler)(struct http_exchange *ex, void *arg);

/* How errors of this route look to its users (contract.md section 3). */
enum http_error_style {
    HTTP_PROBLEM,       /* application/problem+json, RFC 9457 */
    HTTP_DETAIL,        /* {"detail": ...}: the routes of the older systems */
    HTTP_DETAIL_FAMILY, /* the same, also for paths that no route has but whose first segment is
                           this route's; only in the table, a match says HTTP_DETAIL */
    HTTP_INFLUX,        /* {"code":"invalid","message":...}, as InfluxDB 2 does */
    HTTP_INFLUX_1,      /* {"error":...}, as InfluxDB 1 does */
};

/* May the body come? Asked at most once, when the head is complete and the body is not here yet:
 * before "100 Continue", and before memory is held for the body. Only head, match, peer and
 * request id may be looked at. True: go on; the exchange was lent for the question. False: it has
 * answered with http_reply*; that goes out in order, and then the connection is closed, because
 * the body is not read. A body that came together with its head is handed to the handler without
 * this question. */
typedef bool (*http_admission)(struct http_exchange *ex, void *arg);

struct http_route {
    enum http_method method;
    const char *path; /* "/devices/{id}/telemetry"; {x} matches one non-empty segment */
    http_handler handler;
    void *arg; /* borrowed */
    enum http_error_style errors;
    http_admission admit; /* NULL: every body may come */
    bool vital;           /* health: answered also when the budgets of the server are used up */
};

enum { HTTP_PARAMS_MAX = 4 };

struct http_match {
    const struct http_route *route;     /* NULL: no route (404) or not this method (405) */
    bool path_known;                    /* the path exists, the method does not */
    char allow[80];                     /* "GET, HEAD, POST", for 405 and OPTIONS */
    struct span param[HTTP_PARAMS_MAX]; /* raw, in the order of the template */
    unsigned params;
    enum http_error_style
        errors; /* of the route, of the path's first route, or of the family; else HTTP_PROBLEM */
};

struct http_router; /* an index over the rows; build once */

/* The rows are borrowed and must outlive the router. */
struct http_router *http_router_new(const struct http_route *routes, size_t count);
void http_router_free(struct http_router *r);
/* HEAD is answered by GET routes. OPTIONS without a row gives path_known and `allow`. */
void http_router_find(const struct http_router *r, enum http_method method, struct span path,
                      struct http_match *out);

#endif
