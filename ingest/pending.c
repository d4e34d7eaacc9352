/* Requests that wait for their deliveries: each is answered once, when the last one is known. */
#include "ingest/pending.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/xmalloc.h"

enum { SLAB = 64 };

struct slab {
    struct slab *next;
    struct pending item[SLAB];
};

struct pending_pool {
    pending_finish_fn finish;
    void *arg;          /* borrowed */
    struct slab *slabs; /* owned; only ever grows: the peak of requests at one time */
    struct pending *free;
    unsigned open;
};

struct pending_pool *pending_pool_new(pending_finish_fn finish, void *arg)
{
    struct pending_pool *pool = xcalloc(1, sizeof *pool);
    pool->finish = finish;
    pool->arg = arg;
    return pool;
}

void pending_pool_free(struct pending_pool *pool)
{
    if (!pool)
        return;
    while (pool->slabs) {
        struct slab *s = pool->slabs;
        pool->slabs = s->next;
        for (int i = 0; i < SLAB; i++)
            buf_deinit(&s->item[i].answer);
        free(s);
    }
    free(pool);
}

unsigned pending_pool_open(const struct pending_pool *pool)
{
    return pool->open;
}

static void grow(struct pending_pool *pool)
{
    struct slab *s = xcalloc(1, sizeof *s);
    s->next = pool->slabs;
    pool->slabs = s;
    for (int i = 0; i < SLAB; i++) {
        s->item[i].pool = pool;
        s->item[i].next_free = pool->free;
        pool->free = &s->item[i];
    }
}

struct pending *pending_open(struct pending_pool *pool, void *exchange, const void *adapter,
                             uint64_t now_ns)
{
    if (!pool->free)
        grow(pool);
    struct pending *p = pool->free;
    pool->free = p->next_free;
    pool->open++;
    p->exchange = exchange;
    p->adapter = adapter;
    p->started_ns = now_ns;
    p->outstanding = 1;
    p->readings = 0;
    p->error = 0;
    p->reason[0] = '\0';
    buf_clear(&p->answer);
    return p;
}

static void drop(struct pending *p)
{
    if (--p->outstanding > 0)
        return;
    struct pending_pool *pool = p->pool;
    pool->finish(pool->arg, p);
    pool->open--;
    p->next_free = pool->free;
    pool->free = p;
}

void pending_expect(struct pending *p)
{
    p->outstanding++;
    p->readings++;
}

bool pending_is_transient(int error)
{
    return error != 0 && error != ERR_TOO_LARGE && error != ERR_INVALID;
}

void pending_fail(struct pending *p, int error, const char *reason)
{
    bool decides =
        p->error == 0 || (pending_is_transient(error) && !pending_is_transient(p->error));
    if (error == 0 || !decides)
        return;
    p->error = error;
    snprintf(p->reason, sizeof p->reason, "%s", reason ? reason : "");
}

void pending_settle(struct pending *p, int error, const char *reason)
{
    pending_fail(p, error, reason);
    drop(p);
}

void pending_seal(struct pending *p)
{
    drop(p);
}
