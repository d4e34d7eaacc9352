/* Committing positions to Kafka: one request at a time, at most two a second, and in the end as
 * many as it takes. Internal. */
#ifndef WEIR_KAFKA_COMMITS_H
#define WEIR_KAFKA_COMMITS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/kafka/positions.h"

struct commits {
    rd_kafka_t *rk;              /* borrowed */
    rd_kafka_queue_t *queue;     /* owned; the answers */
    const char *topic;           /* borrowed */
    struct positions *positions; /* borrowed */
    bool in_flight;
    uint64_t sent_at; /* monotonic ms */
};

/* For a new client; answers make `fd` readable. Times are monotonic milliseconds. */
void commits_open(struct commits *c, rd_kafka_t *rk, int fd);
void commits_close(struct commits *c);

/* Takes answers and sends what is due; never blocks. */
void commits_serve(struct commits *c, uint64_t now_ms);
/* Commits these offsets, also backwards; no position of theirs may be waiting to be committed.
 * ERR_UNAVAILABLE: perhaps. */
WEIR_MUST_CHECK int commits_rewind(struct commits *c, const rd_kafka_topic_partition_list_t *list,
                                   int timeout_ms, struct err *e);
/* When commits_serve has something to do again; UINT64_MAX = not before an answer comes. */
uint64_t commits_due_at(const struct commits *c);
/* Commits everything, waiting up to timeout_ms. False when something is left. */
bool commits_flush(struct commits *c, int timeout_ms);

#endif
