/* A further loop of a daemon, that serves the daemon's port beside the daemon's own: a thread with
 * an event loop, an HTTP server and a mailbox. The kernel spreads the connections (SO_REUSEPORT).
 *
 *   side_loop_new ──▶ side_loop_run ──▶ side_loop_retire, _drain ──▶ side_loop_stop ──▶ _free
 *   on the daemon's thread, and so is everything here; only what a daemon_side brings runs on
 *   the loop's own thread, between run and stop. */
#ifndef WEIR_APP_SIDE_LOOP_H
#define WEIR_APP_SIDE_LOOP_H

#include "common/app/serving.h"

struct side_loop;

struct side_loop_options {
    const struct daemon_side *side;                       /* borrowed */
    unsigned number;                                      /* from 1: names the thread */
    void (*fail)(struct daemon *daemon, const char *why); /* from the loop's thread: it is over */
    struct daemon *daemon;                                /* borrowed */
    struct health health;                                 /* of the daemon: everything but `body` */
    struct http_metrics *metrics;                         /* borrowed */
    const struct http_server_options *http;
    size_t route_count; /* of side->routes */
};

/* Listens, and lets the side start; its thread does not run yet. */
WEIR_MUST_CHECK int side_loop_new(struct side_loop **out, const struct side_loop_options *options,
                                  struct err *e);
void side_loop_run(struct side_loop *s);

/* These take effect soon. Retire: the answers ask clients to go elsewhere. Drain: accepts no more,
 * finishes. */
void side_loop_retire(struct side_loop *s);
void side_loop_drain(struct side_loop *s);
/* Whether a drain has begun, so that no connection comes any more. */
bool side_loop_is_closed(const struct side_loop *s);

/* Ends the loop and joins the thread; what is left of the connections stays as it is. */
void side_loop_stop(struct side_loop *s);
void side_loop_free(struct side_loop *s); /* stops too; NULL is allowed */

#endif
