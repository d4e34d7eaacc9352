/* The librdkafka client inside a consumer: two queues, one for what happens to the group and one
 * for records, so that either can be served without the other. Internal. */
#ifndef WEIR_KAFKA_GROUP_H
#define WEIR_KAFKA_GROUP_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/kafka/companion.h"
#include "common/kafka/consumer.h"
#include "common/kafka/link.h"

struct group_client {
    rd_kafka_conf_t *conf; /* every client is made from it */
    char *topic;
    struct kafka_link *link;
    int events_fd, records_fd; /* readable when the queue of that name was empty and is not */

    /* NULL while no client could be made. */
    struct kafka_companion *companion;
    rd_kafka_t *rk; /* owned by the companion */
    rd_kafka_queue_t *events, *records;
    uint64_t opened_at; /* of the last attempt, monotonic ms */
};

WEIR_MUST_CHECK int group_client_init(struct group_client *g,
                                      const struct kafka_consumer_options *options, struct err *e);
void group_client_deinit(struct group_client *g); /* the client must be closed */

/* Subscribes too. */
WEIR_MUST_CHECK int group_client_open(struct group_client *g, uint64_t now_ms, struct err *e);
/* Gives the queues up; returns the companion, which is to be stopped when the last record taken
 * from the client is given back. NULL when there is no client. */
struct kafka_companion *group_client_detach(struct group_client *g);

/* Starts fetching the partitions of `list` (one topic) at their offsets. */
rd_kafka_resp_err_t group_client_assign(struct group_client *g,
                                        const rd_kafka_topic_partition_list_t *list);

/* Fills the offsets with the group's positions; RD_KAFKA_OFFSET_BEGINNING where there is none. */
WEIR_MUST_CHECK int group_client_committed(struct group_client *g,
                                           rd_kafka_topic_partition_list_t *list, int timeout_ms,
                                           struct err *e);
/* Fills the offsets with one border of the log of each partition, the first offset that is there or
 * the next that will be. */
WEIR_MUST_CHECK int group_client_starts(struct group_client *g,
                                        rd_kafka_topic_partition_list_t *list, int timeout_ms,
                                        struct err *e);
WEIR_MUST_CHECK int group_client_ends(struct group_client *g, rd_kafka_topic_partition_list_t *list,
                                      int timeout_ms, struct err *e);

#endif
