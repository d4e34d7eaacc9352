/* All that serves the daemon's port: its own loop and the side loops, as one. */
#ifndef WEIR_APP_SERVINGS_H
#define WEIR_APP_SERVINGS_H

#include "common/app/drain.h"
#include "common/app/side_loop.h"

enum { SERVINGS_LISTEN_MAX = 320 };

struct servings {
    struct serving own;
    struct side_loop *side[DAEMON_LOOPS_MAX];
    size_t sides;
    struct http_metrics metrics; /* of all */
    char listen[SERVINGS_LISTEN_MAX];
};

struct servings_options {
    void (*fail)(struct daemon *daemon, const char *why); /* a side's loop has ended; its thread */
    struct daemon *daemon;                                /* borrowed */
    const struct daemon_spec *spec;                       /* borrowed */
    struct event_base *loop;                              /* borrowed: the daemon's own */
    struct health health;                                 /* of the daemon: everything but `body` */
    const struct http_server_options *http;               /* what all loops together allow */
};

/* Before servings_listen. The rest of `s` is zero. */
void servings_add_metrics(struct servings *s, struct metrics *m);

/* Listens on every loop and starts the sides; their threads do not run yet. Deinit after a failure
 * too. */
WEIR_MUST_CHECK int servings_listen(struct servings *s, const struct servings_options *options,
                                    struct err *e);
void servings_run_sides(struct servings *s);

/* For struct drain. */
void servings_retire(struct servings *s);
void servings_drain(struct servings *s);
struct drain_left servings_left(const struct servings *s);

/* Joins the sides' threads. The servers stay, so that what is still answered finds them. */
void servings_stop_sides(struct servings *s);
void servings_deinit(struct servings *s);

#endif
