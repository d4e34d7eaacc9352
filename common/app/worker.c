/* A thread that runs a step machine beside the loop. */
#include "common/app/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/app/thread.h"
#include "common/base/xmalloc.h"

struct worker {
    pthread_t thread;
    bool (*step)(void *arg);
    void (*done)(void *arg);
    void *arg; /* borrowed */
    _Atomic bool abandon;
};

static void *run(void *self)
{
    struct worker *w = self;
    while (!atomic_load_explicit(&w->abandon, memory_order_relaxed))
        if (!w->step(w->arg)) {
            w->done(w->arg);
            break;
        }
    return NULL;
}

struct worker *worker_new(const char *name, bool (*step)(void *arg), void (*done)(void *arg),
                          void *arg)
{
    struct worker *w = xcalloc(1, sizeof *w);
    w->step = step;
    w->done = done;
    w->arg = arg;
    w->thread = thread_start(run, w);
    pthread_setname_np(w->thread, name);
    return w;
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    atomic_store(&w->abandon, true);
    pthread_join(w->thread, NULL);
    free(w);
}
