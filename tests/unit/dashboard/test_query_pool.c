/* The query pool: every job ends exactly once, the queue is bounded, nothing waits for the loop. */
#include <pthread.h>
#include <semaphore.h>

#include "dashboard/query_pool.h"
#include "tests/unit/unit.h"

enum { JOBS = 200 };

struct counted {
    struct query_job job;
    sem_t *gate; /* NULL: runs at once */
    sem_t *began;
    int ran, done, dropped;
};

static void run(struct query_job *job)
{
    struct counted *c = (struct counted *)job;
    if (c->began)
        sem_post(c->began);
    if (c->gate)
        sem_wait(c->gate);
    c->ran++;
}

static void done(struct query_job *job)
{
    ((struct counted *)job)->done++;
}

static void drop(struct query_job *job)
{
    ((struct counted *)job)->dropped++;
}

static struct counted counted_job(sem_t *gate, sem_t *began)
{
    return (struct counted){
        .job = {.run = run, .done = done, .drop = drop}, .gate = gate, .began = began};
}

static void wake(void *arg)
{
    sem_post(arg);
}

START_TEST(every_job_is_done_once)
{
    static struct counted jobs[JOBS];
    sem_t woken;
    sem_init(&woken, 0, 0);
    struct query_pool *p = query_pool_new(4, JOBS, wake, &woken);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = counted_job(NULL, NULL);
        ck_assert(query_pool_submit(p, &jobs[i].job));
    }
    for (int finished = 0; finished < JOBS;) {
        sem_wait(&woken);
        query_pool_collect(p);
        finished = 0;
        for (int i = 0; i < JOBS; i++)
            finished += jobs[i].done;
    }
    query_pool_free(p);
    for (int i = 0; i < JOBS; i++)
        ck_assert(jobs[i].ran == 1 && jobs[i].done == 1 && jobs[i].dropped == 0);
    sem_destroy(&woken);
}
END_TEST

START_TEST(a_full_queue_takes_no_more)
{
    sem_t gate, began, woken;
    sem_init(&gate, 0, 0);
    sem_init(&began, 0, 0);
    sem_init(&woken, 0, 0);
    struct query_pool *p = query_pool_new(1, 2, wake, &woken);
    struct counted running = counted_job(&gate, &began), a = counted_job(NULL, NULL), b = a, c = a;
    ck_assert(query_pool_submit(p, &running.job));
    sem_wait(&began); /* the only thread is busy now */
    ck_assert(query_pool_submit(p, &a.job));
    ck_assert(query_pool_submit(p, &b.job));
    ck_assert(!query_pool_submit(p, &c.job));
    sem_post(&gate);
    while (a.done + b.done + running.done < 3) {
        sem_wait(&woken);
        query_pool_collect(p);
    }
    ck_assert(query_pool_submit(p, &c.job));
    query_pool_free(p);
    ck_assert_int_eq(c.done + c.dropped, 1);
    sem_destroy(&gate);
    sem_destroy(&began);
    sem_destroy(&woken);
}
END_TEST

START_TEST(a_freed_pool_drops_what_is_left)
{
    sem_t gate, began, woken;
    sem_init(&gate, 0, 1);
    sem_init(&began, 0, 0);
    sem_init(&woken, 0, 0);
    struct query_pool *p = query_pool_new(1, 8, wake, &woken);
    struct counted first = counted_job(&gate, &began), second = counted_job(NULL, NULL);
    ck_assert(query_pool_submit(p, &first.job));
    sem_wait(&began);
    ck_assert(query_pool_submit(p, &second.job));
    query_pool_free(p);
    ck_assert(first.ran == 1 && first.done == 0 && first.dropped == 1);
    ck_assert(second.done == 0 && second.dropped == 1);
    query_pool_free(NULL);
    sem_destroy(&gate);
    sem_destroy(&began);
    sem_destroy(&woken);
}
END_TEST

UNIT_CASE(query_pool)
{
    tcase_add_test(tc, every_job_is_done_once);
    tcase_add_test(tc, a_full_queue_takes_no_more);
    tcase_add_test(tc, a_freed_pool_drops_what_is_left);
}
