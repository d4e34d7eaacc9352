/* A client's connection: its buffers, its queue of exchanges, and its phases. */
#ifndef WEIR_HTTP_CONNECTION_H
#define WEIR_HTTP_CONNECTION_H

#include "common/http/core.h"
#include "common/http/exchange.h"
#include "common/http/intake.h"

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

/* Takes ownership of the descriptor, which is non-blocking. */
void connection_open(struct http_server *s, int fd, const struct sockaddr_storage *from);

/* Has the connection settled at the end of the turn: written, resumed or closed. */
void connection_touch(struct connection *c);
void connection_settle(struct connection *c);

/* Answers with an error in its turn and takes no further request; with Retry-After when the load
 * is to blame (429, 503). `head` may be NULL, or filled in part. */
void connection_refuse(struct connection *c, const struct http_head *head, int status,
                       const char *code, const char *detail);

/* Looks for requests and end of stream that have come, and closes what is idle. */
void connection_drain(struct connection *c);

void connection_fire(struct wheel_timer *t);
void connection_free(struct connection *c);

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
