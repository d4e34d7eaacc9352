/* Publishing a few messages and waiting for their delivery reports: for threads that may block. */
#ifndef WEIR_KAFKA_PUBLISH_H
#define WEIR_KAFKA_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/kafka/producer.h"

struct kafka_publisher;

/* Never waits for the broker. All functions but kafka_publisher_ready are to be called from one
 * thread. */
WEIR_MUST_CHECK int kafka_publisher_new(struct kafka_publisher **out,
                                        const struct kafka_producer_options *options,
                                        struct err *e);

/* Produces all (their `opaque` is not looked at) and waits up to timeout_ms for every report.
 * 0: all are acknowledged by all in-sync replicas.
 * ERR_UNAVAILABLE: for at least one it is not known; the caller repeats the whole, so that a reader
 * may see a message twice.
 * ERR_TOO_LARGE, ERR_INVALID: the broker will never take messages[*offender]; of the others it is
 * not known. `offender` may be NULL. */
WEIR_MUST_CHECK int kafka_publisher_send_all(struct kafka_publisher *p,
                                             const struct kafka_message *messages, size_t count,
                                             int timeout_ms, size_t *offender, struct err *e);

/* As kafka_producer_ready; any thread. */
bool kafka_publisher_ready(struct kafka_publisher *p, char *why, size_t why_size);
void kafka_publisher_free(struct kafka_publisher *p); /* NULL is allowed */

#endif
