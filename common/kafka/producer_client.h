/* The librdkafka client inside a producer, and how one takes the place of another. Internal. */
#ifndef WEIR_KAFKA_PRODUCER_CLIENT_H
#define WEIR_KAFKA_PRODUCER_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "common/kafka/companion.h"
#include "common/kafka/link.h"
#include "common/kafka/producer.h"

struct producer_client {
    rd_kafka_conf_t *conf; /* every client is made from it */
    char **topics;         /* NULL-terminated copy */
    struct kafka_link *link;
    int fd; /* readable when there is an event */

    /* NULL while no client could be made. */
    struct kafka_companion *companion;
    rd_kafka_t *rk; /* owned by the companion */
    rd_kafka_queue_t *queue;
    uint64_t opened_at; /* of the last attempt, monotonic ms */
};

/* Also opens the first client. Deinit after a failure too. */
WEIR_MUST_CHECK int producer_client_init(struct producer_client *c,
                                         const struct kafka_producer_options *options,
                                         struct err *e);
void producer_client_deinit(struct producer_client *c);

/* Gives the client up, with every report that it still holds, and opens another. False when that
 * is not possible now. */
bool producer_client_replace(struct producer_client *c, uint64_t now_ms);
/* Tries again when there is no client, at most once a second. */
bool producer_client_revive(struct producer_client *c, uint64_t now_ms);

#endif
