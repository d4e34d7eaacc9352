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
};

struct http_route {
    enum http_method method;
    const char *path; /* "/devices/{id}/telemetry"; {x} matches one non-empty segment */
    http_handler handler;
    void *arg; /* borrowed */
    enum http_error_style errors;
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
