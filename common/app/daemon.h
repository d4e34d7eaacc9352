/* The life of a daemon: start, run, drain, stop; signals as events; health and metrics routes. */
#ifndef WEIR_APP_DAEMON_H
#define WEIR_APP_DAEMON_H

#include <event2/event.h>
#include <stdbool.h>

#include "common/app/options.h"
#include "common/base/clock.h"
#include "common/http/server.h"
#include "common/obs/log.h"
#include "common/obs/metrics.h"

enum daemon_phase { DAEMON_STARTING, DAEMON_RUNNING, DAEMON_DRAINING, DAEMON_STOPPED };

struct daemon; /* owns loop, log, metrics, server, signals */

/* A dependency for /readyz and /health. Must not block; called on the thread of whichever loop was
 * asked, so on any when there are sides. */
struct daemon_check {
    const char *name; /* "kafka" */
    void *arg;
    bool (*ready)(void *arg, char *why, size_t why_size); /* `why`: one sentence when false */
};

/* One more loop, a thread of its own, that serves the same port with the same routes and options:
 * see side_loop.h. It shares with the daemon's own what is safe on any thread: log, metrics, clock,
 * daemon_post and daemon_fail. */
struct daemon_side {
    const struct http_route *routes; /* the daemon's, with arguments of this loop's own */
    void *arg;                       /* handed to the functions below; borrowed */
    /* On the daemon's thread, before the loop runs; may be NULL. */
    int (*start)(void *arg, struct event_base *loop, struct err *e);
    void (*turn)(void *arg); /* http_server_hooks.turn; may be NULL */
};

enum { DAEMON_LOOPS_MAX = 64 };

struct daemon_spec {
    const char *name;                /* "weir-ingest" */
    const struct http_route *routes; /* of the daemon; health and metrics are added */
    size_t route_count;
    const struct daemon_check *checks;
    size_t check_count;
    const struct daemon_side *sides; /* further loops; joined before daemon_run returns */
    size_t side_count;               /* less than DAEMON_LOOPS_MAX */
    void *arg;                       /* handed to the functions below */
    /* Runs on the loop's thread after listen. */
    int (*start)(void *arg, struct daemon *d, struct err *e);
    /* First SIGTERM: stop taking work; call daemon_drained when all is done. NULL: nothing to do.
     * The servers drain by themselves, and the daemon stops when both are done. */
    void (*drain)(void *arg, struct daemon *d);
    void (*reload)(void *arg, struct daemon *d); /* SIGHUP; may be NULL */
    void (*turn)(void *arg);                     /* http_server_hooks.turn; may be NULL */
    /* Extra fields of /readyz and /health, as ",\"x\":1" appended JSON; may be NULL. On the same
     * threads as the checks. */
    void (*describe)(void *arg, struct buf *json);
};

struct daemon_settings {
    const char *listen, *log_level, *log_format;
    const char *notify_socket; /* of systemd; NULL = none; see notify.h */
    int64_t drain_ms;          /* then exit 1 with what is left undone */
    int64_t drain_delay_ms;    /* go on accepting this long after SIGTERM, /readyz already 503 */
    /* Its `listen` is replaced by the one above. With sides each loop gets an equal share of what
     * it allows: connections, requests, bytes. */
    struct http_server_options http;
};

/* In two steps, so that log and metrics exist while the daemon builds its parts. To be called
 * before any thread is started: the signals are blocked here, for all threads that follow. */
WEIR_MUST_CHECK int daemon_new(struct daemon **out, const char *name,
                               const struct daemon_settings *settings, struct err *e);
/* Runs until stopped. Returns the exit code: 0 clean, 1 runtime failure. */
int daemon_run(struct daemon *d, const struct daemon_spec *spec);
void daemon_free(struct daemon *d);

struct event_base *daemon_loop(struct daemon *d);
struct log *daemon_log(struct daemon *d);
struct metrics *daemon_metrics(struct daemon *d);
struct http_server *daemon_server(struct daemon *d); /* of its own loop; NULL before daemon_run */
const struct clock *daemon_clock(const struct daemon *d);
enum daemon_phase daemon_phase(const struct daemon *d);
void daemon_drained(struct daemon *d);

/* Runs fn on the loop's thread soon; from any thread. `arg` stays the caller's. */
void daemon_post(struct daemon *d, void (*fn)(void *arg), void *arg);
/* Asks for a stop from within, with exit code 1 and this reason in the log; from any thread. */
void daemon_fail(struct daemon *d, const char *reason);

#endif
