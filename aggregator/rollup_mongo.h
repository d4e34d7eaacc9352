/* Rollups over the store: changes as a cursor, everything else as batches by _id. */
#ifndef WEIR_AGGREGATOR_ROLLUP_MONGO_H
#define WEIR_AGGREGATOR_ROLLUP_MONGO_H

#include "aggregator/rollup_store.h"
#include "common/mongo/mongo.h"

struct rollup_mongo_options {
    struct mongo *mongo; /* borrowed; one of its clients is kept until rollup_mongo_free */
    /* Collections; copied: "aggregated_data", "aggregated_1h", "aggregated_1d", "rollup_state". */
    const char *windows, *hours, *days, *state;
};

struct rollup_mongo;

struct rollup_mongo *rollup_mongo_new(const struct rollup_mongo_options *options);
void rollup_mongo_free(struct rollup_mongo *m); /* NULL is allowed */

/* The port; for one thread. */
struct rollup_store rollup_mongo_port(struct rollup_mongo *m);

#endif
