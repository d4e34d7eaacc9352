/* The thread beside a librdkafka handle that does what may block: it asks the brokers for metadata
 * (so that readiness and the breaker need no traffic) and destroys the handle. Internal. */
#ifndef WEIR_KAFKA_COMPANION_H
#define WEIR_KAFKA_COMPANION_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/kafka/link.h"

struct kafka_companion;

/* Takes ownership of `rk` at once, also when it fails. `topics` is NULL-terminated and copied. */
WEIR_MUST_CHECK int kafka_companion_start(struct kafka_companion **out, rd_kafka_t *rk,
                                          const char *const *topics, struct kafka_link *link,
                                          struct err *e);

/* The topic object: valid until the stop. */
rd_kafka_topic_t *kafka_companion_topic(struct kafka_companion *c, unsigned topic);
/* How many partitions the topic has; 0 = not known yet. Any thread. */
int32_t kafka_companion_partitions(struct kafka_companion *c, unsigned topic);

/* Something went wrong: ask again soon. Any thread. */
void kafka_companion_nudge(struct kafka_companion *c);

/* Ends the thread, which closes a consumer properly (`leave`: send LeaveGroup) and destroys the
 * handle; every other object made from the handle must be gone. Waits up to wait_ms for that; false
 * when it takes longer and goes on behind our back. Frees `c`. */
bool kafka_companion_stop(struct kafka_companion *c, bool leave, int wait_ms);

#endif
