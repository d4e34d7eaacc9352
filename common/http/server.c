/* The HTTP server: one listener, its connections, and what happens at the end of a turn. */
#include "common/http/server.h"

#include <stdlib.h>
#include <time.h>

#include "common/base/xmalloc.h"
#include "common/http/connection.h"
#include "common/http/gather.h"
#include "common/http/listener.h"

enum {
    TICK_US = 1000 << WHEEL_TICK_BITS,
    RETRY_AFTER_MAX_S = 5,
    DRAIN_INTAKE_MS = 3000, /* nobody's shutdown waits longer for the rest of a request */
};

struct http_server_options http_server_defaults(const char *listen)
{
    return (struct http_server_options){
        .listen = listen,
        .limits = {.request_line_bytes = 8192, .head_bytes = 16384, .body_bytes = 1 << 20},
        .max_connections = 20000,
        .max_pipelined = 64,
        .max_in_flight = 10000,
        .max_buffered_bytes = 256u << 20,
        .header_deadline_ms = 10000,
        .body_deadline_ms = 10000,
        .body_min_rate_bytes_s = 1024,
        .idle_ms = 60000,
        .write_deadline_ms = 20000,
    };
}

/* A plain event that is made active by hand goes behind all that are active already: libevent
 * runs it when the turn's other events are through, before it polls again. */
void server_begin_turn(struct http_server *s)
{
    if (s->in_turn)
        return;
    s->in_turn = true;
    s->turn_ns = s->now_ns = clock_monotonic_ns(&s->clock);
    event_active(s->turn_end, EV_TIMEOUT, 0);
}

/* Before the loop looks for what came meanwhile. */
static void rest(const struct http_server *s)
{
    if (!s->options.gather || s->in_flight < GATHER_FROM)
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

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *s = arg;
    (void)fd;
    (void)what;
    server_begin_turn(s);
    wheel_advance(&s->wheel, server_now_ms(s), connection_fire);
}

void server_connection_opened(struct http_server *s, struct connection *c)
{
    const struct timeval period = {.tv_usec = TICK_US};
    c->next = s->connections;
    if (c->next)
        c->next->prev = c;
    s->connections = c;
    bool first = s->connected == 0;
    server_count(&s->connected, 1);
    if (first) {
        s->wheel.tick = server_now_ms(s) >> WHEEL_TICK_BITS;
        event_add(s->tick, &period);
    }
}

void server_connection_closed(struct http_server *s, struct connection *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        s->connections = c->next;
    if (c->next)
        c->next->prev = c->prev;
    server_count(&s->connected, -1);
    if (s->connected == 0)
        event_del(s->tick);
}

int server_retry_after_s(struct http_server *s)
{
    return 1 + (int)rng_below(&s->rng, RETRY_AFTER_MAX_S);
}

static int check_options(const struct http_server_options *o, struct err *e)
{
    if (o->max_pipelined == 0 || o->max_connections == 0 || o->max_in_flight == 0 ||
        o->body_min_rate_bytes_s <= 0)
        return err_set(e, ERR_INVALID, "HTTP limits must be positive");
    return 0;
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
    s->tick = event_new(base, -1, EV_PERSIST, on_tick, s);
    return s;
}

int http_server_new(struct http_server **out, struct event_base *base,
                    const struct http_router *router, const struct http_server_options *options,
                    const struct http_server_hooks *hooks, struct clock clock, struct err *e)
{
    int rc = check_options(options, e);
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
    event_free(s->tick);
    buf_deinit(&s->text);
    buf_deinit(&s->lines);
    free(s->scratch);
    free(s);
}
