/* What is known of one request on its way. */
#ifndef WEIR_INGEST_SUBMISSION_STATE_H
#define WEIR_INGEST_SUBMISSION_STATE_H

#include "common/http/handler.h"
#include "common/model/reading.h"
#include "ingest/admission.h"
#include "ingest/front.h"

struct submission {
    struct front *front;
    const struct adapter *adapter;
    struct http_exchange *exchange;
    struct pending *pending; /* NULL until there is a verdict or something is published */
    uint64_t started_ns;
    int64_t now_ms;
    struct admission admission;
    struct span key; /* of the Idempotency-Key header; empty when there is none */
    bool batch;      /* items have numbers: set by adapters before the first item */
    unsigned part;   /* of an item that makes several readings: set by adapters */
    unsigned records, ignored_fields;   /* of what was published, for the metrics */
    const struct tracing *tracing;      /* NULL: the request belongs to no trace */
    char key_text[READING_KEY_MAX + 1]; /* of the last item, where it is not `key` itself */
};

#endif
