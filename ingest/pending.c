/* Requests that wait for their deliveries: each is answered once, when the last one is known. */
#include "ingest/pending.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/sabotage.h"
#include "common/base/xmalloc.h"

enum { SLAB = 64, INDEX_BITS = 16 };

struct slab {
    struct pending item[SLAB];
};

struct pending_pool {
    pending_finish_fn finish;
    void *arg;           /* borrowed */
    struct slab **slabs; /* owned; only ever grows: the peak of requests at one time */
    uint32_t slab_count;
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

static void free_slab(struct slab *s)
{
    for (int i = 0; i < SLAB; i++) {
        buf_deinit(&s->item[i].answer);
        verdicts_deinit(&s->item[i].verdicts);
    }
    free(s);
}

void pending_pool_free(struct pending_pool *pool)
{
    if (!pool)
        return;
    for (uint32_t i = 0; i < pool->slab_count; i++)
        free_slab(pool->slabs[i]);
    free(pool->slabs);
    free(pool);
}

unsigned pending_pool_open(const struct pending_pool *pool)
{
    return pool->open;
}

static void grow(struct pending_pool *pool)
{
    struct slab *s = xcalloc(1, sizeof *s);
    pool->slabs = xrealloc(pool->slabs, (pool->slab_count + 1) * sizeof pool->slabs[0]);
    pool->slabs[pool->slab_count] = s;
    for (uint32_t i = 0; i < SLAB; i++) {
        s->item[i].pool = pool;
        s->item[i].slot = pool->slab_count * SLAB + i;
        s->item[i].next_free = pool->free;
        pool->free = &s->item[i];
    }
    pool->slab_count++;
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
    p->error = 0;
    p->trace_id[0] = '\0';
    buf_clear(&p->answer);
    verdicts_clear(&p->verdicts);
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

/*  ticket = (slot + 1) << INDEX_BITS | index: the delivery report brings back both, and nothing is
 *  allocated for an item.
 */
void *pending_expect(struct pending *p, unsigned index)
{
    if (SABOTAGED(BREAK_ANSWER_BEFORE_REPORT))
        verdicts_accept(&p->verdicts);
    else
        p->outstanding++;
    return (void *)(((uintptr_t)p->slot + 1) << INDEX_BITS | index);
}

static struct pending *find(struct pending_pool *pool, void *ticket, unsigned *index)
{
    uintptr_t slot = ((uintptr_t)ticket >> INDEX_BITS) - 1;
    *index = (unsigned)((uintptr_t)ticket & PENDING_ITEMS_MAX);
    return &pool->slabs[slot / SLAB]->item[slot % SLAB];
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

/* What Kafka says of an item. */
static void judge(struct pending *p, unsigned index, int error, const char *reason)
{
    if (error == 0) {
        verdicts_accept(&p->verdicts);
        return;
    }
    pending_fail(p, error, reason);
    if (!pending_is_transient(error))
        verdicts_reject(&p->verdicts,
                        &(struct verdict){.index = index,
                                          .code = error == ERR_TOO_LARGE ? "too_large" : "kafka",
                                          .field = "",
                                          .detail = reason ? reason : err_name(error)});
}

void pending_settle(struct pending_pool *pool, void *ticket, int error, const char *reason)
{
    unsigned index;
    struct pending *p = find(pool, ticket, &index);
    if (SABOTAGED(BREAK_ANSWER_BEFORE_REPORT))
        return;
    judge(p, index, error, reason);
    drop(p);
}

void pending_seal(struct pending *p)
{
    drop(p);
}
