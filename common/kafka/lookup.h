/* Asking the brokers where the group stands and where the log of a partition begins and ends: many
 * partitions at once, and the answers kept for a second. Internal. */
#ifndef WEIR_KAFKA_LOOKUP_H
#define WEIR_KAFKA_LOOKUP_H

#include "common/kafka/group.h"
#include "common/kafka/positions.h"

/* Asks for the borders of every partition of `list` and notes them in `positions`. */
WEIR_MUST_CHECK int lookup_borders(struct group_client *g, struct positions *positions,
                                   const rd_kafka_topic_partition_list_t *list, int timeout_ms,
                                   struct err *e);

/* For one partition: acked (-1 = the group has no position), start and end of `out`. Borders of
 * ours may be a second old. May block up to 5 s. */
WEIR_MUST_CHECK int lookup_position(struct group_client *g, struct positions *positions,
                                    int32_t partition, struct position *out, struct err *e);

#endif
