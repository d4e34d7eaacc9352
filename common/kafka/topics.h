/* Creating the topics that are missing. */
#ifndef WEIR_KAFKA_TOPICS_H
#define WEIR_KAFKA_TOPICS_H

#include <stdint.h>

#include "common/kafka/config.h"

struct kafka_topic {
    const char *name;
    int partitions;
    int replication_factor; /* -1 = the broker's default */
    int max_message_bytes;  /* largest batch of records; 0 = the broker's default */
    int64_t retention_ms;   /* how long records are kept; 0 = the broker's default, -1 = for ever */
};

/* Blocking, up to timeout_ms: call it from a thread that may wait. Topics that exist are left as
 * they are, also with another partition count. ERR_UNAVAILABLE while no broker answers. */
WEIR_MUST_CHECK int kafka_topics_ensure(const struct kafka_config *kafka,
                                        const struct kafka_topic *topics, size_t count,
                                        int timeout_ms, struct err *e);

#endif
