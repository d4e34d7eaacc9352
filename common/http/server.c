/* The HTTP server: one listener, its connections, and what happens at the end of a turn. */
#include "common/http/server.h"

#include <stdlib.h>
#include <time.h>

#include "common/base/xmalloc.h"
#include "common/http/connection.h"
#include "common/http/connection_state.h"
#include "common/http/core.h"
#include "common/http/exchange.h"
#include "common/http/gather.h"
#include "common/http/listener.h"

enum { DRAIN_INTAKE_MS = 3000 }; /* nobody's shutdown waits longer for the rest of a request */

/* Before the loop looks for what came meanwhile. */
static void rest(const struct http_server *s)
{
    if (!s->options.gather || !gather_is_busy(s->in_flight))
        return;
    uint64_t worked_ns = clock_monotonic_ns(&s->clock) - s->turn_ns;
    const struct timespec rest = {.tv_nsec = (long)gather_rest_ns(s->in_flight, worked_ns)};
    if (rest.tv_nsec > 0)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, NULL);
}

static void on_turn_end(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *s = arg;
    struct connection *next;
    (void)fd;
    (void)what;
    if (s->handled && s->hooks.turn)
        s->hooks.turn(s->hooks.arg);
    s->handled = false;
    s->now_ns = clock_monotonic_ns(&s->clock);
    struct connection *c = s->touched;
    s->touched = NULL;
    s->touched_end = &s->touched;
    s->in_turn = false; /* what is touched from here on is settled in another turn */
    for (; c; c = next) {
        next = c->next_touched;
        c->touched = false;
        connection_settle(c);
    }
    rest(s);
}

static void on_turn_next(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    server_begin_turn(arg);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *s = arg;
    (void)fd;
    (void)what;
    server_begin_turn(s);
    wheel_advance(&s->wheel, server_now_ms(s), connection_fire);
}

static struct http_server *allocate(struct event_base *base, const struct http_router *router,
                                    const struct http_server_options *options,
                                    const struct http_server_hooks *hooks, struct clock clock)
{
    struct http_server *s = xcalloc(1, sizeof *s);
    s->base = base;
    s->router = router;
    s->options = *options;
    if (hooks)
        s->hooks = *hooks;
    s->clock = clock;
    s->touched_end = &s->touched;
    s->scratch = xmalloc(SCRATCH_BYTES);
    s->next_id = random_seed();
    rng_seed(&s->rng, random_seed());
    if (options->max_connections_per_address > 0)
        s->peers = peers_new(options->max_connections_per_address, random_seed());
    s->now_ns = clock_monotonic_ns(&clock);
    wheel_init(&s->wheel, server_now_ms(s));
    s->turn_end = event_new(base, -1, 0, on_turn_end, s);
    s->turn_next = event_new(base, -1, 0, on_turn_next, s);
    s->tick = event_new(base, -1, EV_PERSIST, on_tick, s);
    return s;
}

int http_server_new(struct http_server **out, struct event_base *base,
                    const struct http_router *router, const struct http_server_options *options,
                    const struct http_server_hooks *hooks, struct clock clock, struct err *e)
{
    int rc = http_server_options_check(options, e);
    if (rc < 0)
        return rc;
    struct http_server *s = allocate(base, router, options, hooks, clock);
    rc = listener_new(&s->listener, s, options->listen, options->reuse_port, e);
    if (rc < 0) {
        http_server_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->listener ? listener_port(s->listener) : 0;
}

unsigned http_server_connections(const struct http_server *s)
{
    return s->connected;
}

unsigned http_server_in_flight(const struct http_server *s)
{
    return s->in_flight;
}

void http_server_retire(struct http_server *s)
{
    s->retiring = true;
}

void http_server_drain(struct http_server *s)
{
    if (s->draining)
        return;
    s->draining = true;
    s->intake_until_ms = (int64_t)clock_monotonic_ms(&s->clock) + DRAIN_INTAKE_MS;
    listener_free(s->listener);
    s->listener = NULL;
    for (struct connection *c = s->connections; c; c = c->next)
        connection_drain(c);
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    listener_free(s->listener);
    while (s->connections)
        connection_free(s->connections);
    exchange_server_gone(s);
    peers_free(s->peers);
    event_free(s->turn_end);
    event_free(s->turn_next);
    event_free(s->tick);
    buf_deinit(&s->text);
    buf_deinit(&s->lines);
    free(s->scratch);
    free(s);
}
