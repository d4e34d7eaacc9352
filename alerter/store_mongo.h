/* The store port over the collections `alert_state` and `alerts`. */
#ifndef WEIR_ALERTER_STORE_MONGO_H
#define WEIR_ALERTER_STORE_MONGO_H

#include <stdint.h>

#include "alerter/store_port.h"
#include "common/mongo/mongo.h"

struct alert_store_mongo {
    struct mongo *mongo;         /* borrowed */
    const char *states, *alerts; /* names of the collections; borrowed */
};

/* `self` of the port is `s`, borrowed. Its functions are to be called from one thread. */
struct alert_store_port alert_store_mongo_port(struct alert_store_mongo *s);

/* Makes the indexes of `alerts`; ttl_ms runs from created_at. Blocks; may be repeated. */
WEIR_MUST_CHECK int alert_store_mongo_prepare(struct alert_store_mongo *s, int64_t ttl_ms,
                                              struct err *e);

#endif
