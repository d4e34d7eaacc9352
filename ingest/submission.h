/* One request on its way: from its body through an adapter to the producer. */
#ifndef WEIR_INGEST_SUBMISSION_H
#define WEIR_INGEST_SUBMISSION_H

#include "common/http/server.h"
#include "common/model/reading.h"
#include "ingest/adapter.h"
#include "ingest/pending.h"

struct ingest;

/* What a route's handler gets as its argument. */
struct bound_adapter {
    struct ingest *ingest;         /* borrowed */
    const struct adapter *adapter; /* borrowed */
};

struct submission {
    struct ingest *ingest;
    const struct adapter *adapter;
    struct http_exchange *exchange;
    struct pending *pending; /* NULL until something is published */
    uint64_t started_ns;
    int64_t now_ms;
    struct span key; /* of the Idempotency-Key header; empty when there is none */
};

/* An http_handler; arg is a struct bound_adapter. */
void submission_handle(struct http_exchange *ex, void *arg);

/* --- for adapters --- */

/* One JSON reading; NULL when it is bad, and then the request is answered. Valid until the next
 * call. */
struct reading *submission_decode(struct submission *s, struct span json, enum reading_mode mode);
/* Stamps, names and sends it; whatever becomes of it shows in the answer. */
void submission_publish(struct submission *s, struct reading *r);
/* The body for success; only after submission_publish. */
struct buf *submission_answer(struct submission *s);
/* Answers now: 400 when the body is not JSON, else 422 with every problem. */
void submission_refuse(struct submission *s, const struct reading_problems *problems);

/* --- for the producer and the pool --- */

/* A kafka_delivery_fn; `opaque` is the struct pending. */
void submission_delivered(void *arg, void *opaque, int error, const char *reason);
/* A pending_finish_fn: answers. arg is the struct ingest. */
void submission_finish(void *arg, struct pending *p);

#endif
