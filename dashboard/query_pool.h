/* Threads that wait for the store so that the loop need not: a bounded queue in, done jobs out. */
#ifndef WEIR_DASHBOARD_QUERY_POOL_H
#define WEIR_DASHBOARD_QUERY_POOL_H

#include <stdbool.h>
#include <stddef.h>

/* Embedded in what a job needs. Each job submitted meets exactly one of done and drop. */
struct query_job {
    struct query_job *next;
    void (*run)(struct query_job *job);  /* on one of the threads; may block */
    void (*done)(struct query_job *job); /* on the loop's thread, after run */
    void (*drop)(struct query_job *job); /* on the loop's thread: the pool was freed first */
};

struct query_pool;

/* `wake` is called from any thread when query_pool_collect has something to do. */
struct query_pool *query_pool_new(unsigned threads, size_t max_queued, void (*wake)(void *arg),
                                  void *arg);
/* Waits for the jobs that run; the others are dropped. NULL is allowed. */
void query_pool_free(struct query_pool *p);

/* False when the queue is full: nothing was taken. */
bool query_pool_submit(struct query_pool *p, struct query_job *job);
/* On the loop's thread: finishes the jobs that have run. */
void query_pool_collect(struct query_pool *p);

#endif
