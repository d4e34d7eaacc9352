/* Threads that wait for the store so that the loop need not: a bounded queue in, done jobs out. */
#include "dashboard/query_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/xmalloc.h"

struct job_list {
    struct query_job *first, **last;
    size_t count;
};

struct query_pool {
    pthread_mutex_t lock; /* guards the lists and `stop` */
    pthread_cond_t work;
    struct job_list queued, finished;
    bool stop;
    size_t max_queued;
    void (*wake)(void *arg);
    void *arg; /* borrowed */
    unsigned threads;
    pthread_t *thread;
};

static void append(struct job_list *l, struct query_job *job)
{
    job->next = NULL;
    *l->last = job;
    l->last = &job->next;
    l->count++;
}

static struct query_job *take_first(struct job_list *l)
{
    struct query_job *job = l->first;
    if (!job)
        return NULL;
    l->first = job->next;
    if (!l->first)
        l->last = &l->first;
    l->count--;
    return job;
}

static void *run_jobs(void *arg)
{
    struct query_pool *p = arg;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct query_job *job = take_first(&p->queued);
        if (!job) {
            pthread_cond_wait(&p->work, &p->lock);
            continue;
        }
        pthread_mutex_unlock(&p->lock);
        job->run(job);
        pthread_mutex_lock(&p->lock);
        append(&p->finished, job);
        if (p->finished.count == 1)
            p->wake(p->arg);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct query_pool *query_pool_new(unsigned threads, size_t max_queued, void (*wake)(void *arg),
                                  void *arg)
{
    struct query_pool *p = xcalloc(1, sizeof *p);
    p->max_queued = max_queued;
    p->wake = wake;
    p->arg = arg;
    p->queued.last = &p->queued.first;
    p->finished.last = &p->finished.first;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    p->thread = xcalloc(threads, sizeof *p->thread);
    while (p->threads < threads && pthread_create(&p->thread[p->threads], NULL, run_jobs, p) == 0)
        p->threads++;
    return p;
}

static void drop_all(struct job_list *l)
{
    for (struct query_job *job = take_first(l); job; job = take_first(l))
        job->drop(job);
}

void query_pool_free(struct query_pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->threads; i++)
        pthread_join(p->thread[i], NULL);
    drop_all(&p->finished);
    drop_all(&p->queued);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p->thread);
    free(p);
}

bool query_pool_submit(struct query_pool *p, struct query_job *job)
{
    pthread_mutex_lock(&p->lock);
    bool taken = p->threads > 0 && p->queued.count < p->max_queued;
    if (taken) {
        append(&p->queued, job);
        pthread_cond_signal(&p->work);
    }
    pthread_mutex_unlock(&p->lock);
    return taken;
}

void query_pool_collect(struct query_pool *p)
{
    struct job_list done = {0};
    done.last = &done.first;
    pthread_mutex_lock(&p->lock);
    for (struct query_job *job = take_first(&p->finished); job; job = take_first(&p->finished))
        append(&done, job);
    pthread_mutex_unlock(&p->lock);
    for (struct query_job *job = take_first(&done); job; job = take_first(&done))
        job->done(job);
}
