/* The trace of a request on its way into the records of its readings. Pure. */
#ifndef WEIR_INGEST_TRACING_H
#define WEIR_INGEST_TRACING_H

#include "common/http/request.h"
#include "common/kafka/producer.h"
#include "common/obs/trace.h"

enum { TRACING_HEADERS_MAX = 2 };

/* Weir passes a trace on as it came and makes no spans of its own; a request without one stays
 * without. */
struct tracing {
    char parent[TRACE_PARENT_LEN + 1];
    char state[TRACE_STATE_MAX + 1]; /* "" = none */
};

/* False: the request has no traceparent, two of them, or one that is not valid; then *t is not to
 * be read. A tracestate that is not valid is left out. Allocates nothing. */
bool tracing_take(struct tracing *t, const struct http_head *head);
/* `traceparent`, and `tracestate` when there is one. They point into *t. Returns how many. */
unsigned tracing_headers(const struct tracing *t, struct kafka_header out[TRACING_HEADERS_MAX]);

#endif
