/* What a sender is told that is over a rate limit: 429, which limit, what remains, when to come
 * back. Pure. */
#ifndef WEIR_INGEST_RATE_REFUSAL_H
#define WEIR_INGEST_RATE_REFUSAL_H

#include "common/base/buf.h"
#include "common/base/random.h"
#include "ingest/rate.h"

enum { RATE_SENTENCE_MAX = 384 };

struct rate_refusal {
    const char *name;      /* of the limit: "device" or "key" */
    struct span device_id; /* whose bucket is empty; empty for the limit of a key */
    struct rate_limit limit;
    uint64_t wait_ns; /* of rate_wait_ns; not 0 */
};

/* "device \"d\" is over its limit of 5 readings a second (burst 10): 0 remain, the next one passes
 * in 200 ms". */
void rate_refusal_detail(const struct rate_refusal *r, char out[RATE_SENTENCE_MAX]);
/* Appends, as a member of a problem document (RFC 9457):
 * "limit":{"name":"device","device_id":"d","rate_per_s":5,"burst":10,"remaining":0,"reset_ms":200}
 */
void rate_refusal_members(const struct rate_refusal *r, struct buf *out);
/* For Retry-After: whole seconds, never less than the wait, and up to a quarter more, so that many
 * that wait for the same moment do not come back in it. */
int rate_refusal_retry_after_s(const struct rate_refusal *r, struct rng *rng);

#endif
