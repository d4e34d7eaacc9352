/* One keep-alive connection with one request at a time; it opens itself again when it was closed.
 */
#ifndef WEIR_LOAD_CONNECTION_H
#define WEIR_LOAD_CONNECTION_H

#include <event2/event.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/base/buf.h"
#include "tools/load/stats.h"
#include "tools/load/target.h"

enum connection_state {
    CONNECTION_CLOSED,
    CONNECTION_OPENING, /* connect(2) is under way, with a request behind it */
    CONNECTION_IDLE,
    CONNECTION_BUSY, /* a request is out */
};

/* How a request ended: an answer, or why there is none. */
struct connection_result {
    int status; /* 0 = no answer */
    enum failure failure;
    const char *why; /* with a failure; valid during the call */
};

struct connection;
typedef void (*connection_done)(void *self, struct connection *c, struct connection_result result);

struct connection {
    struct event_base *base; /* borrowed */
    struct target *target;   /* borrowed, shared: remembers which address works */
    connection_done done;    /* called from the event loop, once for each request */
    void *self;              /* borrowed; of `done` */
    enum connection_state state;
    int fd;
    unsigned tried;       /* addresses tried for the request at hand */
    unsigned trying;      /* index of the address */
    struct event *events; /* owned; of fd */
    short waiting_for;    /* EV_READ or EV_WRITE */
    struct buf out, in;
    size_t written;
    int error;                    /* errno of a failure that is still to be told */
    uint64_t due_ns, sent_ns;     /* of the request; kept for the owner */
    TAILQ_ENTRY(connection) link; /* for the owner */
};

void connection_init(struct connection *c, struct event_base *base, struct target *target,
                     connection_done done, void *self);
void connection_deinit(struct connection *c);

/* Puts the request into c->out (cleared here) before the call of connection_start. */
struct buf *connection_request(struct connection *c);

/* Starts sending what is in c->out; opens the connection first when it must. `done` is never
 * called from here but always later, also when it fails at once. */
void connection_start(struct connection *c);

/* Gives the request up and closes the connection; `done` is not called. */
void connection_abort(struct connection *c);

#endif
