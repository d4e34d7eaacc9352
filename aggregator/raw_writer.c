/* The thread on which raw readings are inserted. */
#include "aggregator/raw_writer.h"

#include <stdlib.h>

#include "common/app/thread.h"
#include "common/base/cond.h"
#include "common/base/xmalloc.h"

struct raw_writer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t begun, done; /* to the thread, and from it */
    /* under the lock, and owned */
    struct raw_bulk *waiting, *executed;
    bool executing, abandoned; /* one is in the thread's hands; nobody waits for it */
    bool stopping;
};

/* With the lock held, which it gives up while the store is waited for. */
static void execute(struct raw_writer *w)
{
    struct raw_bulk *b = w->waiting;
    w->waiting = NULL;
    w->executing = true;
    w->abandoned = false;
    pthread_mutex_unlock(&w->lock);
    raw_bulk_execute(b);
    pthread_mutex_lock(&w->lock);
    w->executing = false;
    if (w->abandoned)
        raw_bulk_free(b);
    else
        w->executed = b;
    pthread_cond_signal(&w->done);
}

static void *run(void *self)
{
    struct raw_writer *w = self;
    pthread_mutex_lock(&w->lock);
    while (!w->stopping) {
        if (w->waiting)
            execute(w);
        else
            pthread_cond_wait(&w->begun, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct raw_writer *raw_writer_new(void)
{
    struct raw_writer *w = xcalloc(1, sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->begun, NULL);
    cond_init(&w->done);
    w->thread = thread_start(run, w);
    pthread_setname_np(w->thread, "raw writer");
    return w;
}

void raw_writer_free(struct raw_writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->begun);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    raw_bulk_free(w->waiting);
    raw_bulk_free(w->executed);
    pthread_cond_destroy(&w->begun);
    pthread_cond_destroy(&w->done);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void raw_writer_begin(struct raw_writer *w, struct raw_bulk *b)
{
    pthread_mutex_lock(&w->lock);
    w->waiting = b;
    pthread_cond_signal(&w->begun);
    pthread_mutex_unlock(&w->lock);
}

struct raw_bulk *raw_writer_finish(struct raw_writer *w, int wait_ms)
{
    struct timespec deadline = cond_deadline(wait_ms);
    pthread_mutex_lock(&w->lock);
    while (!w->executed && pthread_cond_timedwait(&w->done, &w->lock, &deadline) == 0)
        ;
    struct raw_bulk *b = w->executed;
    w->executed = NULL;
    pthread_mutex_unlock(&w->lock);
    return b;
}

void raw_writer_abandon(struct raw_writer *w)
{
    pthread_mutex_lock(&w->lock);
    struct raw_bulk *waiting = w->waiting, *executed = w->executed;
    w->waiting = w->executed = NULL;
    w->abandoned = w->executing;
    pthread_mutex_unlock(&w->lock);
    raw_bulk_free(waiting);
    raw_bulk_free(executed);
}
