/* The server's own state, shared by the files it is made of. */
#ifndef WEIR_HTTP_CORE_H
#define WEIR_HTTP_CORE_H

#include <event2/event.h>
#include <stdatomic.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/http/peers.h"
#include "common/http/request.h"
#include "common/http/router.h"
#include "common/http/server_options.h"
#include "common/http/wheel.h"

struct connection;
struct listener;

struct http_server {
    struct event_base *base;          /* borrowed */
    const struct http_router *router; /* borrowed */
    struct http_server_options options;
    struct http_server_hooks hooks;
    struct clock clock;
    struct listener *listener;
    struct peers *peers;     /* NULL without a limit for one address */
    struct event *turn_end;  /* runs behind everything else of a turn of the loop */
    struct event *turn_next; /* begins another turn once the loop has looked for what came */
    struct event *tick;      /* moves the wheel on while there are connections */
    struct wheel wheel;

    struct connection *connections;            /* all, linked both ways */
    _Atomic unsigned connected;                /* written by the loop's thread only */
    unsigned lingering;                        /* of those connected */
    struct connection *touched, **touched_end; /* to be settled at the end of the turn */

    struct http_exchange *pool;     /* unused exchanges */
    struct http_exchange *detached; /* with a handler, their client is gone; linked both ways */
    unsigned pooled;
    _Atomic unsigned in_flight; /* written by the loop's thread only */

    struct http_head head;  /* of the request being taken: one at a time */
    char *scratch;          /* what read() fills for connections that hold nothing back */
    struct buf text, lines; /* an error's body and headers under construction */
    size_t buffered;        /* bytes counted against options.max_buffered_bytes */
    uint64_t now_ns;        /* of the turn */
    uint64_t turn_ns;       /* when it began */
    uint64_t next_id;
    struct rng rng;
    int64_t intake_until_ms; /* draining: what has not come completely by then is refused */
    bool in_turn, handled, retiring, draining;
};

enum { SCRATCH_BYTES = 65536 };

/* Sees to it that the turn has an end, and that now_ns is of this turn. */
void server_begin_turn(struct http_server *s);

/* Has the connection settled at the end of the turn: written, resumed or closed. */
void server_touch(struct connection *c);
/* Has it settled at the end of the next turn instead, which comes even if nothing else does. */
void server_put_off(struct connection *c);

static inline int64_t server_now_ms(const struct http_server *s)
{
    return (int64_t)(s->now_ns / 1000000u);
}

/* For counts with one writer and readers on any thread: cheaper than an atomic increment. */
static inline void server_count(_Atomic unsigned *count, int by)
{
    unsigned now = atomic_load_explicit(count, memory_order_relaxed) + (unsigned)by;
    atomic_store_explicit(count, now, memory_order_release);
}

/* 1 to 5: clients that were refused together do not come back together. */
int server_retry_after_s(struct http_server *s);

/* Connections come and go through these: the tick runs only while there is one. */
void server_connection_opened(struct http_server *s, struct connection *c);
void server_connection_closed(struct http_server *s, struct connection *c);

#endif
