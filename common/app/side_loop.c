/* A further loop of a daemon, that serves the daemon's port beside the daemon's own. */
#include "common/app/side_loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/app/loop.h"
#include "common/app/mailbox.h"
#include "common/app/thread.h"
#include "common/base/xmalloc.h"

struct side_loop {
    char name[16]; /* of the thread */
    void (*fail)(struct daemon *daemon, const char *why);
    struct daemon *daemon; /* borrowed */
    struct event_base *loop;
    struct mailbox mailbox;
    struct serving serving;
    pthread_t thread;
    bool running;
    _Atomic bool closed;
};

int side_loop_new(struct side_loop **out, const struct side_loop_options *options, struct err *e)
{
    const struct daemon_side *side = options->side;
    struct side_loop *s = xcalloc(1, sizeof *s);
    snprintf(s->name, sizeof s->name, "loop-%u", options->number);
    s->fail = options->fail;
    s->daemon = options->daemon;
    s->serving = (struct serving){.health = options->health,
                                  .metrics = options->metrics,
                                  .turn = side->turn,
                                  .arg = side->arg};
    const struct serving_routes routes = {.rows = side->routes, .count = options->route_count};
    int rc = loop_new(&s->loop, e);
    if (rc == 0)
        rc = mailbox_init(&s->mailbox, s->loop, e);
    if (rc == 0)
        rc = serving_listen(&s->serving, s->loop, &routes, options->http, e);
    if (rc == 0 && side->start)
        rc = side->start(side->arg, s->loop, e);
    if (rc != 0) {
        side_loop_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

static void *run(void *arg)
{
    struct side_loop *s = arg;
    if (event_base_dispatch(s->loop) < 0)
        s->fail(s->daemon, "an event loop has failed");
    return NULL;
}

void side_loop_run(struct side_loop *s)
{
    s->thread = thread_start(run, s);
    pthread_setname_np(s->thread, s->name);
    s->running = true;
}

static void retire(void *arg)
{
    struct side_loop *s = arg;
    http_server_retire(s->serving.server);
}

void side_loop_retire(struct side_loop *s)
{
    mailbox_post(&s->mailbox, retire, s);
}

static void drain(void *arg)
{
    struct side_loop *s = arg;
    http_server_drain(s->serving.server);
    atomic_store(&s->closed, true);
}

void side_loop_drain(struct side_loop *s)
{
    mailbox_post(&s->mailbox, drain, s);
}

bool side_loop_is_closed(const struct side_loop *s)
{
    return atomic_load(&s->closed);
}

static void leave(void *arg)
{
    struct side_loop *s = arg;
    event_base_loopbreak(s->loop);
}

void side_loop_stop(struct side_loop *s)
{
    if (!s->running)
        return;
    mailbox_post(&s->mailbox, leave, s);
    pthread_join(s->thread, NULL);
    s->running = false;
}

void side_loop_free(struct side_loop *s)
{
    if (!s)
        return;
    side_loop_stop(s);
    serving_deinit(&s->serving);
    mailbox_deinit(&s->mailbox);
    if (s->loop)
        event_base_free(s->loop);
    free(s);
}
