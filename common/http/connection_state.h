/* The state of a client's connection, shared by the files that move it on: what comes in (intake),
 * what is being answered (exchange), what goes out (output), and its life (connection). */
#ifndef WEIR_HTTP_CONNECTION_STATE_H
#define WEIR_HTTP_CONNECTION_STATE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/http/request.h"
#include "common/http/wheel.h"

/* How far the request at the front of the bytes has come. All zero: nothing of it is here. */
struct intake {
    bool begun;          /* its first byte is here */
    uint64_t started_ns; /* when that came */
    int64_t until_ms;    /* by when head, then body must be complete */
    size_t from;         /* memory of http_parse_head */
    size_t head_bytes;   /* 0 until the head is complete */
    bool admitted;       /* the route was asked, and lets the body come */
    enum http_framing framing;
    size_t body_bytes; /* announced, or decoded so far: decoded chunks lie right behind the head */
    int64_t body_from_ms;
    struct http_chunked chunked;
};

/*  OPEN ──▶ CLOSING ──▶ LINGERING ──▶ DEAD
 *    └──────────┴──────────────────────▲     (reset, deadline, idle)
 */
enum connection_phase {
    CONNECTION_OPEN,
    CONNECTION_CLOSING,   /* takes no further request; its queue is still being answered */
    CONNECTION_LINGERING, /* all is written; reads on so that no reset overtakes the answer */
    CONNECTION_DEAD,      /* to be freed at the end of the turn */
};

struct connection {
    struct http_server *server;
    struct connection *prev, *next;
    struct connection *next_touched;
    struct wheel_timer timer;
    struct event *readable, *writable; /* writable is made when it is first needed */
    int fd;
    enum connection_phase phase;
    bool touched;       /* stands on the server's list */
    bool watching;      /* `readable` is added */
    bool waited;        /* its answers were put off a turn, for more of them */
    bool blocked;       /* the peer does not take its answers; `writable` is added */
    bool can_write;     /* `writable` fired in this turn */
    bool paused;        /* bytes wait unread or untaken until answers are out */
    bool eof;           /* the peer sends no more, but may still read */
    bool want_continue; /* "100 Continue" is due when the answers before it are out */
    bool streaming;     /* the last answer has begun and has no end yet: see stream.c */
    bool served;        /* has been answered before */
    bool more;          /* when the last request was taken, further bytes stood behind it */

    struct buf in; /* an incomplete request, or requests that wait */
    struct intake intake;
    size_t held; /* bytes of `in`, come or announced, in server->buffered */

    struct buf out;
    size_t out_at;    /* up to here `out` is written */
    uint64_t written; /* bytes in the connection's life */
    int64_t write_until_ms, linger_until_ms;

    struct http_exchange *first, *last; /* not yet written, in order */
    struct http_exchange *front;        /* the first not yet rendered; NULL = none */
    unsigned unanswered;                /* those from `front` on */
    struct peer *account;               /* with the server's peers; NULL = none */
    bool unwelcome;                     /* more than its address may have */
    char peer[INET6_ADDRSTRLEN];
};

/* Nothing of a further request is here: who is told "Connection: close" now loses nothing. */
static inline bool connection_is_between(const struct connection *c)
{
    return c->phase == CONNECTION_OPEN && !c->intake.begun && !c->more;
}

static inline size_t connection_pending(const struct connection *c)
{
    return c->out.len - c->out_at;
}

#endif
