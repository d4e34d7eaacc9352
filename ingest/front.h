/* One loop of weir-ingest and all that belongs to it alone: producer, requests in flight, and what
 * they reuse. Fronts share nothing that changes. */
#ifndef WEIR_INGEST_FRONT_H
#define WEIR_INGEST_FRONT_H

#include <event2/event.h>

#include "common/auth/guard.h"
#include "common/base/random.h"
#include "common/http/router.h"
#include "common/kafka/producer.h"
#include "common/model/reading.h"
#include "ingest/adapter.h"
#include "ingest/batch.h"
#include "ingest/pending.h"
#include "ingest/tracing.h"

struct gunzip;
struct ingest;

/* What a route's handler gets as its argument. */
struct bound_adapter {
    struct front *front;           /* borrowed */
    const struct adapter *adapter; /* borrowed */
};

struct front {
    struct ingest *ingest; /* borrowed: settings, clock, log, metrics */
    struct kafka_producer *producer;
    struct guard guard;
    unsigned max_messages; /* of this producer, in flight ... */
    size_t max_bytes;      /* ... and their keys and values */
    struct event *producer_event;
    bool patient;        /* the producer is, since (monotonic) ... */
    uint64_t patient_ms; /* ... or is not */
    struct pending_pool *pending;
    struct http_route *routes; /* one for each adapter, and those without readings */
    unsigned route_count;
    struct bound_adapter *bound;
    /* reused by every request */
    struct reading reading;
    struct reading_problems problems;
    struct tracing tracing;
    struct buf scratch;
    struct gunzip *gunzip;
    struct buf inflated; /* the body of a request that came compressed */
    struct batch batch;
    struct rng rng;
};

/* Must wait for nobody. `producer` says how its producer is to be made. */
WEIR_MUST_CHECK int front_init(struct front *f, struct ingest *in,
                               const struct kafka_producer_options *producer, struct err *e);
/* Delivery reports come on this loop from now on. */
WEIR_MUST_CHECK int front_start(struct front *f, struct event_base *loop, struct err *e);
/* Whether a request with a body of that many bytes has a chance, as far as its head can tell: 0, or
 * ERR_FULL, ERR_UNAVAILABLE, for front_refuse. */
WEIR_MUST_CHECK int front_may_take(struct front *f, uint64_t body_bytes);
/* Answers 503: Kafka does not take it now. `error` is a transient one of the producer. */
void front_refuse(struct front *f, struct http_exchange *ex, int error);

/* Waits for what is in flight until that time (monotonic). Returns how many readings are left. */
unsigned front_flush(struct front *f, uint64_t until_ms);
/* What is left in flight is reported as failed. */
void front_deinit(struct front *f);

#endif
