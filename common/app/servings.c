/* All that serves the daemon's port: its own loop and the side loops, as one. */
#include "common/app/servings.h"

#include <stdio.h>
#include <string.h>

void servings_add_metrics(struct servings *s, struct metrics *m)
{
    http_metrics_add(&s->metrics, m);
}

static unsigned share(unsigned all, unsigned loops)
{
    return all / loops + (all % loops > 0);
}

/* Each loop's part of the limits, rounded up. The kernel spreads connections about evenly. */
static struct http_server_options share_of(const struct http_server_options *all, unsigned loops)
{
    struct http_server_options part = *all;
    part.max_connections = share(all->max_connections, loops);
    part.max_connections_per_address = share(all->max_connections_per_address, loops);
    part.max_in_flight = share(all->max_in_flight, loops);
    part.max_buffered_bytes = all->max_buffered_bytes / loops;
    part.reuse_port = loops > 1;
    return part;
}

/* Sockets that share a port would share it with those of another instance too, and a second start
 * by mistake would go unnoticed. So the port is first taken for this process alone. */
static int check_port_is_free(struct event_base *loop, const struct http_server_options *http,
                              struct clock clock, struct err *e)
{
    struct http_server *probe = NULL;
    struct http_server_options alone = *http;
    alone.reuse_port = false;
    int rc = http_server_new(&probe, loop, NULL, &alone, NULL, clock, e);
    http_server_free(probe);
    return rc;
}

/* The sides listen where the daemon's own loop does, also when it was free to choose. */
static void name_port(struct servings *s, const char *listen)
{
    const char *colon = strrchr(listen, ':');
    int host = colon ? (int)(colon - listen) : 0;
    snprintf(s->listen, sizeof s->listen, "%.*s:%u", host, listen, http_server_port(s->own.server));
}

static int listen_at_own(struct servings *s, const struct servings_options *o,
                         const struct http_server_options *http, struct err *e)
{
    const struct serving_routes routes = {.rows = o->spec->routes, .count = o->spec->route_count};
    s->own = (struct serving){
        .health = o->health, .metrics = &s->metrics, .turn = o->spec->turn, .arg = o->spec->arg};
    if (http->reuse_port) {
        int rc = check_port_is_free(o->loop, http, *o->health.clock, e);
        if (rc != 0)
            return rc;
    }
    return serving_listen(&s->own, o->loop, &routes, http, e);
}

static int add_side(struct servings *s, const struct servings_options *o,
                    const struct http_server_options *http, struct err *e)
{
    const struct side_loop_options options = {.side = &o->spec->sides[s->sides],
                                              .number = (unsigned)s->sides + 1,
                                              .fail = o->fail,
                                              .daemon = o->daemon,
                                              .health = o->health,
                                              .metrics = &s->metrics,
                                              .http = http,
                                              .route_count = o->spec->route_count};
    int rc = side_loop_new(&s->side[s->sides], &options, e);
    s->sides += rc == 0;
    return rc;
}

int servings_listen(struct servings *s, const struct servings_options *o, struct err *e)
{
    const unsigned loops = (unsigned)o->spec->side_count + 1;
    if (loops > DAEMON_LOOPS_MAX)
        return err_set(e, ERR_INVALID, "%u loops; at most %d are possible", loops,
                       DAEMON_LOOPS_MAX);
    struct http_server_options http = share_of(o->http, loops);
    int rc = listen_at_own(s, o, &http, e);
    if (rc == 0)
        name_port(s, http.listen);
    http.listen = s->listen;
    while (rc == 0 && s->sides + 1 < loops)
        rc = add_side(s, o, &http, e);
    return rc;
}

void servings_run_sides(struct servings *s)
{
    for (size_t i = 0; i < s->sides; i++)
        side_loop_run(s->side[i]);
}

void servings_retire(struct servings *s)
{
    http_server_retire(s->own.server);
    for (size_t i = 0; i < s->sides; i++)
        side_loop_retire(s->side[i]);
}

void servings_drain(struct servings *s)
{
    http_server_drain(s->own.server);
    for (size_t i = 0; i < s->sides; i++)
        side_loop_drain(s->side[i]);
}

/* Whether a loop accepts is asked before connections are counted: none comes in between. */
struct drain_left servings_left(const struct servings *s)
{
    struct drain_left left = {.accepting = false};
    for (size_t i = 0; i < s->sides; i++)
        left.accepting = left.accepting || !side_loop_is_closed(s->side[i]);
    left.connections = http_metrics_connections(&s->metrics);
    left.in_flight = http_metrics_in_flight(&s->metrics);
    return left;
}

void servings_stop_sides(struct servings *s)
{
    for (size_t i = 0; i < s->sides; i++)
        side_loop_stop(s->side[i]);
}

void servings_deinit(struct servings *s)
{
    for (size_t i = 0; i < s->sides; i++)
        side_loop_free(s->side[i]);
    serving_deinit(&s->own);
    *s = (struct servings){0};
}
