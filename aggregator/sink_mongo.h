/* The sink over the store: batches become bulk writes and lookups by _id. */
#ifndef WEIR_AGGREGATOR_SINK_MONGO_H
#define WEIR_AGGREGATOR_SINK_MONGO_H

#include "aggregator/sink.h"
#include "common/mongo/mongo.h"

struct sink_mongo_options {
    struct mongo *mongo; /* borrowed */
    const char *topic;   /* "telemetry.raw": part of the ledger's ids; all strings are copied */
    const char *raw;     /* collections: "telemetry_raw" */
    const char *windows; /* "aggregated_data" */
    const char *devices; /* "devices" */
    const char *ledger;  /* "ledger" */
};

struct sink_mongo;

struct sink_mongo *sink_mongo_new(const struct sink_mongo_options *options);
void sink_mongo_free(struct sink_mongo *s); /* NULL is allowed */

/* The port; usable from any thread, also from several at once, but for insertions: one thread
 * begins and finishes them. They go on on a thread of their own. */
struct sink sink_mongo_port(struct sink_mongo *s);

#endif
