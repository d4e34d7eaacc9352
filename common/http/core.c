/* What the files of the server do to its state: turns, connections that come and go. */
#include "common/http/core.h"

#include "common/http/connection_state.h"

enum {
    TICK_US = 1000 << WHEEL_TICK_BITS,
    RETRY_AFTER_MAX_S = 5,
};

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

static void enlist(struct connection *c)
{
    struct http_server *s = c->server;
    if (c->touched)
        return;
    c->touched = true;
    c->next_touched = NULL;
    *s->touched_end = c;
    s->touched_end = &c->next_touched;
}

void server_touch(struct connection *c)
{
    enlist(c);
    server_begin_turn(c->server);
}

void server_put_off(struct connection *c)
{
    static const struct timeval now = {0};
    enlist(c);
    event_add(c->server->turn_next, &now);
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
