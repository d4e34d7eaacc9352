/* The HTTP server: connections on a libevent loop, answers in order, limits and deadlines. */
#ifndef WEIR_HTTP_SERVER_H
#define WEIR_HTTP_SERVER_H

#include <event2/event.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/http/router.h"
#include "common/http/server_options.h"

struct http_server;

/* Listens at once; the requests come when the loop runs. base, router are borrowed; the clock is
 * for deadlines and durations. */
WEIR_MUST_CHECK int http_server_new(struct http_server **out, struct event_base *base,
                                    const struct http_router *router,
                                    const struct http_server_options *options,
                                    const struct http_server_hooks *hooks, struct clock clock,
                                    struct err *e);
uint16_t http_server_port(const struct http_server *s); /* the real one when 0 was asked for */
/* These two on any thread. */
unsigned http_server_connections(const struct http_server *s);
/* Handled requests whose answer is not yet handed to the kernel. */
unsigned http_server_in_flight(const struct http_server *s);

/* A farewell before the drain: goes on listening and serving, but each answer says "Connection:
 * close", so that clients move away by themselves; idle connections stay open until their next
 * request. Requests that were pipelined behind one that is answered are answered first. */
void http_server_retire(struct http_server *s);
/* Stops listening; idle connections are closed, the others after their answer ("Connection:
 * close"). A request that has begun has 3 s to come completely, then it is answered 503.
 * http_server_in_flight tells when it is done. */
void http_server_drain(struct http_server *s);
/* Closes everything. Exchanges still unanswered are detached: answering them is harmless. */
void http_server_free(struct http_server *s);

#endif
