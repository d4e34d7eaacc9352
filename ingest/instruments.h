/* The metrics of weir-ingest. */
#ifndef WEIR_INGEST_INSTRUMENTS_H
#define WEIR_INGEST_INSTRUMENTS_H

#include "common/obs/metrics.h"

struct instruments {
    struct metric *ingested, *records, *publish_errors, *refused, *ignored_fields;
    struct metric *ingest_duration, *delivery_duration;
    struct metric *queue_messages, *queue_bytes;
};

void instruments_add(struct instruments *i, struct metrics *m);

#endif
