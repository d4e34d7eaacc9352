/* The metrics of weir-ingest. */
#ifndef WEIR_INGEST_INSTRUMENTS_H
#define WEIR_INGEST_INSTRUMENTS_H

#include "common/obs/metrics.h"

struct instruments {
    struct metric *auth_refused; /* of every guard */
    struct metric *ingested, *records, *publish_errors, *ignored_fields;
    struct metric *refused; /* readings */
    struct metric *refused_requests;
    struct metric *ingest_duration, *delivery_duration, *clock_skew;
    struct metric *queue_messages, *queue_bytes, *queue_messages_limit, *queue_bytes_limit;
    struct metric *breaker_open, *workers;
};

void instruments_add(struct instruments *i, struct metrics *m);

#endif
