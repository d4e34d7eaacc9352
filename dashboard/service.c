/* The dashboard as a service: routes, query threads and the store behind them. */
#include "dashboard/service.h"

#include <stdlib.h>

#include "common/app/key_keeper.h"
#include "common/app/log_bridge.h"
#include "common/base/xmalloc.h"
#include "common/mongo/mongo.h"
#include "common/store/schema.h"
#include "dashboard/fleet.h"
#include "dashboard/repository_mongo.h"
#include "dashboard/requests.h"

/* Queries end after 5 s in the store; what takes longer is a store that does not answer. */
enum { FLEET_PERIOD_S = 10, SOCKET_TIMEOUT_MS = 6000 };

struct service {
    const struct settings *settings; /* borrowed, as is the daemon */
    struct daemon *daemon;
    struct key_keeper *keys;
    struct guard guard;
    struct mongo *mongo;
    struct repository_mongo collections;
    struct repository repository;
    struct query_pool *pool;
    struct requests requests;
    struct fleet fleet;
    struct event *fleet_timer;
    struct http_route routes[REQUESTS_ROUTES_MAX];
    struct daemon_check check;
    struct daemon_spec spec;
};

static bool store_ready(void *arg, char *why, size_t why_size)
{
    struct service *s = arg;
    return mongo_ready(s->mongo, why, why_size);
}

static void collect(void *arg)
{
    struct service *s = arg;
    query_pool_collect(s->pool);
}

/* From a query thread. */
static void wake_loop(void *arg)
{
    struct service *s = arg;
    daemon_post(s->daemon, collect, s);
}

static void refresh_fleet(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct service *s = arg;
    fleet_refresh(&s->fleet, s->pool, clock_wall_ms(daemon_clock(s->daemon)));
}

static int start(void *arg, struct daemon *d, struct err *e)
{
    struct service *s = arg;
    const struct timeval period = {.tv_sec = FLEET_PERIOD_S};
    s->fleet_timer = event_new(daemon_loop(d), -1, EV_PERSIST, refresh_fleet, s);
    if (!s->fleet_timer || event_add(s->fleet_timer, &period) != 0)
        return err_set(e, ERR_IO, "no timer");
    refresh_fleet(-1, 0, s);
    return key_keeper_start(s->keys, "anyone who reaches the port may read everything", e);
}

static void describe(void *arg, struct buf *json)
{
    struct service *s = arg;
    key_keeper_describe(s->keys, json);
}

static void reload(void *arg, struct daemon *d)
{
    (void)d;
    struct service *s = arg;
    key_keeper_reload(s->keys);
}

static int open_store(struct service *s, struct err *e)
{
    const struct settings_mongo *m = &s->settings->mongo;
    const struct mongo_options options = {
        .url = m->url,
        .database = m->db,
        .app_name = "weir-dashboard",
        .max_clients = (unsigned)s->settings->query_threads + 1,
        .socket_timeout_ms = SOCKET_TIMEOUT_MS,
        .log = log_bridge_mongo,
        .log_arg = daemon_log(s->daemon),
    };
    int rc = mongo_new(&s->mongo, &options, e);
    s->collections = (struct repository_mongo){.mongo = s->mongo,
                                               .raw = m->raw_collection,
                                               .windows = m->agg_collection,
                                               .alerts = m->alerts_collection,
                                               .devices = STORE_DEVICES};
    s->repository = repository_mongo_port(&s->collections);
    return rc;
}

static void build_spec(struct service *s)
{
    s->check = (struct daemon_check){.name = "mongo", .arg = s, .ready = store_ready};
    s->spec = (struct daemon_spec){
        .name = "weir-dashboard",
        .routes = s->routes,
        .route_count = requests_routes(&s->requests, s->routes),
        .checks = &s->check,
        .check_count = 1,
        .arg = s,
        .start = start,
        .reload = reload,
        .describe = describe,
    };
}

int service_new(void **out, const void *settings, const struct options *options, struct daemon *d,
                struct err *e)
{
    (void)options;
    struct service *s = xcalloc(1, sizeof *s);
    s->settings = settings;
    s->daemon = d;
    int rc = key_keeper_new(&s->keys, &s->settings->auth, d, e);
    if (rc == 0)
        rc = open_store(s, e);
    if (rc) {
        service_free(s);
        return rc;
    }
    s->pool = query_pool_new((unsigned)s->settings->query_threads, (size_t)s->settings->query_queue,
                             wake_loop, s);
    guard_init(&s->guard, key_keeper_store(s->keys), daemon_clock(d),
               guard_metric(daemon_metrics(d)));
    s->requests = (struct requests){.repository = &s->repository,
                                    .pool = s->pool,
                                    .log = daemon_log(d),
                                    .clock = daemon_clock(d),
                                    .guard = &s->guard};
    requests_add_metrics(&s->requests, daemon_metrics(d));
    fleet_init(&s->fleet, &s->repository, daemon_metrics(d), s->requests.query_errors);
    build_spec(s);
    *out = s;
    return 0;
}

bool service_free(void *service)
{
    struct service *s = service;
    if (!s)
        return true;
    if (s->fleet_timer)
        event_free(s->fleet_timer);
    query_pool_free(s->pool);
    mongo_free(s->mongo);
    guard_deinit(&s->guard);
    key_keeper_free(s->keys);
    free(s);
    return true;
}

const struct daemon_spec *service_spec(void *service)
{
    const struct service *s = service;
    return &s->spec;
}
