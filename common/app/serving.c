/* One HTTP server on one loop: the daemon's routes and those of health, counted in its metrics. */
#include "common/app/serving.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"

static void on_report(void *arg, const struct http_report *r)
{
    const struct serving *s = arg;
    http_metrics_report(s->metrics, r);
}

static void on_turn(void *arg)
{
    const struct serving *s = arg;
    s->turn(s->arg);
}

int serving_listen(struct serving *s, struct event_base *loop, const struct serving_routes *routes,
                   const struct http_server_options *http, struct err *e)
{
    const struct http_server_hooks hooks = {
        .arg = s, .report = on_report, .turn = s->turn ? on_turn : NULL};
    s->routes = xcalloc(routes->count + HEALTH_ROUTES, sizeof s->routes[0]);
    if (routes->count > 0)
        memcpy(s->routes, routes->rows, routes->count * sizeof s->routes[0]);
    health_routes(&s->health, s->routes + routes->count);
    s->router = http_router_new(s->routes, routes->count + HEALTH_ROUTES);
    int rc = http_server_new(&s->server, loop, s->router, http, &hooks, *s->health.clock, e);
    if (rc == 0)
        http_metrics_watch(s->metrics, s->server);
    return rc;
}

void serving_deinit(struct serving *s)
{
    http_server_free(s->server);
    http_router_free(s->router);
    free(s->routes);
    buf_deinit(&s->health.body);
    *s = (struct serving){0};
}
