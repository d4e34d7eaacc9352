/* One request on its way through a handler, and its answer on the way back, in order. */
#ifndef WEIR_HTTP_EXCHANGE_H
#define WEIR_HTTP_EXCHANGE_H

#include <netinet/in.h>

#include "common/http/answer.h"
#include "common/http/handler.h"

struct connection;
struct http_server;

/* Three owners in turn: the handler (until it answers), the connection (until the answer is
 * written), the server's pool. */
struct http_exchange {
    struct http_server *server;        /* NULL once the server is gone */
    struct connection *connection;     /* NULL once the client is gone */
    struct http_exchange *prev, *next; /* queue of the connection (next only), pool, detached */
    const struct http_head *head;      /* only while the handler runs */
    struct span body;                  /* likewise */
    struct http_match match;
    enum http_method method;
    unsigned minor;
    bool admitted; /* by the route's `admit` */
    bool answered; /* by the handler, perhaps before its turn */
    bool endless;  /* answered by http_stream_begin */
    bool ended;    /* that answer has come to its end after all */
    bool rendered; /* stands in the connection's output up to `end` */
    int status;
    uint64_t started_ns, end;
    size_t body_bytes, answer_bytes;
    struct buf path;           /* copied when the handler keeps the exchange */
    struct buf kept;           /* what an answer before its turn points into */
    struct http_answer answer; /* before its turn */
    void (*gone)(void *arg);   /* of a stream */
    void *gone_arg;
    char id[HTTP_REQUEST_ID_LEN + 1];
    char peer[INET6_ADDRSTRLEN]; /* copied when the client is gone */
};

/* A new exchange at the end of the connection's queue. `head` is only read for method and
 * version. */
struct http_exchange *exchange_open(struct connection *c, const struct http_head *head,
                                    uint64_t started_ns);

/* The handler has returned: what the request's bytes hold is copied or forgotten. */
void exchange_keep(struct http_exchange *ex);

/* Takes an exchange that was opened last, and not answered, back without a report. */
void exchange_withdraw(struct http_exchange *ex);

/* Answers with an error in its turn what no handler sees, and lets the connection take no further
 * request; with Retry-After when the load is to blame (429, 503). `head` may be NULL, or filled in
 * part. */
void exchange_refuse(struct connection *c, const struct http_head *head, int status,
                     const char *code, const char *detail);

/* The exchange at the front is through with its answer: the next ones get their turn. */
void exchange_rendered(struct http_exchange *ex);

/* The connection has written more: reports and gives back what is through. */
void exchange_delivered(struct connection *c);

/* The connection is gone: what waits for a handler is detached, the rest given back. */
void exchange_abandon(struct connection *c);

/* The server is gone: all that is pooled or detached is freed or left to its handler. */
void exchange_server_gone(struct http_server *s);

#endif
