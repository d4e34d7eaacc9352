/* One HTTP server on one loop: the daemon's routes and those of health, counted in its metrics. */
#ifndef WEIR_APP_SERVING_H
#define WEIR_APP_SERVING_H

#include "common/app/health.h"
#include "common/app/http_metrics.h"

/* Zero-initialise; then everything below `metrics` is set by serving_listen. */
struct serving {
    struct health health;
    struct http_metrics *metrics; /* borrowed; shared by all servings of the daemon */
    void (*turn)(void *arg);      /* as in struct daemon_spec; may be NULL */
    void *arg;                    /* of `turn`; borrowed */
    struct http_route *routes;    /* owned: the daemon's and those of health */
    struct http_router *router;
    struct http_server *server;
};

/* Which of the daemon's routes; the rows are copied, their arguments borrowed. */
struct serving_routes {
    const struct http_route *rows;
    size_t count;
};

/* The server is there afterwards; its requests come when the loop runs. */
WEIR_MUST_CHECK int serving_listen(struct serving *s, struct event_base *loop,
                                   const struct serving_routes *routes,
                                   const struct http_server_options *http, struct err *e);
void serving_deinit(struct serving *s);

#endif
