/* The least server on common/http: answers POST /ingest with 202. Usage: bench_http PORT */
#include <event2/event.h>
#include <stdio.h>

#include "common/base/err.h"
#include "common/http/handler.h"
#include "common/http/server.h"

static void accept_reading(struct http_exchange *ex, void *arg)
{
    (void)arg;
    http_reply(ex, &(struct http_answer){.status = 202, .body = span_str("{\"accepted\":1}")});
}

static const struct http_route routes[] = {
    {.method = HTTP_POST, .path = "/ingest", .handler = accept_reading},
    {.method = HTTP_POST, .path = "/api/v1/readings", .handler = accept_reading},
};

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    struct err e = {0};
    struct http_server *server = NULL;
    struct event_config *config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(config);
    struct http_router *router = http_router_new(routes, sizeof routes / sizeof routes[0]);
    struct http_server_options options = http_server_defaults(argv[1]);
    if (http_server_new(&server, base, router, &options, NULL, clock_system(), &e) < 0) {
        fprintf(stderr, "%s\n", e.message);
        return 1;
    }
    event_base_dispatch(base);
    http_server_free(server);
    http_router_free(router);
    event_base_free(base);
    event_config_free(config);
    return 0;
}
