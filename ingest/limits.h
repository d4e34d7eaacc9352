/* The rate limits that are set: one table of buckets each, shared by every loop. */
#ifndef WEIR_INGEST_LIMITS_H
#define WEIR_INGEST_LIMITS_H

#include "ingest/rate.h"
#include "ingest/settings.h"

/* NULL = no such limit. */
struct limits {
    struct rate *device; /* by device id */
    struct rate *key;    /* by the id of the key */
};

void limits_init(struct limits *l, const struct settings *settings);
void limits_deinit(struct limits *l);

#endif
