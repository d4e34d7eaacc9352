/* Requests that wait for their deliveries: each is answered once, when the last one is known. */
#ifndef WEIR_INGEST_PENDING_H
#define WEIR_INGEST_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/obs/trace.h"
#include "ingest/verdicts.h"

enum { PENDING_REASON_MAX = 160, PENDING_ITEMS_MAX = 65535 };

/* What every request touches stands in front. */
struct pending {
    void *exchange;            /* borrowed: what is to be answered */
    const void *adapter;       /* borrowed: how */
    struct pending_pool *pool; /* borrowed */
    struct pending *next_free;
    uint32_t slot;                   /* in the pool */
    unsigned outstanding;            /* deliveries not known yet, and one until pending_seal */
    int error;                       /* the one that decides: 0 or a code of err.h */
    uint64_t started_ns;             /* monotonic */
    struct buf answer;               /* what the adapter keeps for the answer; reused */
    struct verdicts verdicts;        /* of the items; reused */
    char trace_id[TRACE_ID_LEN + 1]; /* for log lines; "" = none */
    char reason[PENDING_REASON_MAX]; /* of `error`, if there is one */
};

struct pending_pool;

/* Called when everything about `p` is known; afterwards it is taken back. */
typedef void (*pending_finish_fn)(void *arg, struct pending *p);

struct pending_pool *pending_pool_new(pending_finish_fn finish, void *arg);
void pending_pool_free(struct pending_pool *pool); /* none may be open */
unsigned pending_pool_open(const struct pending_pool *pool);

/* Does not allocate once the pool has grown to the load. Sealed is to be called once. */
struct pending *pending_open(struct pending_pool *pool, void *exchange, const void *adapter,
                             uint64_t now_ns);
/* One more delivery is on its way: of item `index` (at most PENDING_ITEMS_MAX). Returns what
 * pending_settle wants to have back: a number in the shape of a pointer, never NULL. */
void *pending_expect(struct pending *p, unsigned index);
/* One delivery is known. error: 0 or a code of err.h; one that is for good becomes the verdict of
 * the item too. May finish the request. */
void pending_settle(struct pending_pool *pool, void *ticket, int error, const char *reason);
/* Something failed without being on its way. */
void pending_fail(struct pending *p, int error, const char *reason);
/* Nothing more is coming. May finish `p`. */
void pending_seal(struct pending *p);

/* Whether trying again can help. Such an error decides over one that is for good: the request
 * is sent again as a whole. */
bool pending_is_transient(int error);

#endif
