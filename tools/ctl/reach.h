/* What a command holds on to of a running Weir: a client of the store, and how Kafka is reached. */
#ifndef WEIR_CTL_REACH_H
#define WEIR_CTL_REACH_H

#include "common/kafka/config.h"
#include "common/mongo/mongo.h"
#include "tools/ctl/settings.h"

/* For one thread. */
struct reach {
    struct mongo *mongo;
    mongoc_client_t *client; /* for any number of cursors */
    struct kafka_config kafka;
};

/* Longest waits for an answer: of a broker; of the store, whose first batch of a sorted query comes
 * when it has sorted; and of the store where nobody waits for long. */
enum { REACH_KAFKA_MS = 5000, REACH_PATIENT_MS = 120000, REACH_BRISK_MS = 5000 };

/* ERR_UNAVAILABLE when the store does not answer; Kafka is not asked. Close it in either case. */
WEIR_MUST_CHECK int reach_open(struct reach *r, const struct ctl_settings *s, int32_t answer_ms,
                               struct err *e);
void reach_close(struct reach *r);

/* Owned by the caller (mongoc_collection_destroy). */
mongoc_collection_t *reach_collection(struct reach *r, const char *name);

#endif
