/* A consumer group member behind the stream port. */
#ifndef WEIR_KAFKA_CONSUMER_H
#define WEIR_KAFKA_CONSUMER_H

#include <stdbool.h>

#include "common/kafka/config.h"
#include "common/model/stream_port.h"

struct kafka_consumer_options {
    struct kafka_config kafka;
    const char *topic, *group; /* borrowed */
    int session_timeout_ms;    /* 10000 */
    int max_poll_interval_ms;  /* 300000 */
};

struct kafka_consumer;

/* Never waits for the broker. All functions of the port are to be called from one thread. */
WEIR_MUST_CHECK int kafka_consumer_new(struct kafka_consumer **out,
                                       const struct kafka_consumer_options *options, struct err *e);
/* position() of the port: the borders of the log may be a second old, so the log may end below the
 * position for a moment. `self` of the port is the consumer. After a fatal error (fenced,
 * ERR__FATAL) the port makes a new client by itself: it reports STREAM_LOST for what was assigned,
 * then STREAM_ERROR. */
struct stream_port kafka_consumer_port(struct kafka_consumer *c);

/* For readiness, from any thread: joined the group and no all-brokers-down since the last fetch. */
bool kafka_consumer_ready(struct kafka_consumer *c, char *why, size_t why_size);

/* Leaves the group and frees; gives up waiting for the library after 5 s (everything durable
 * happened before, so leaking the handle is harmless) and returns false then. */
bool kafka_consumer_free(struct kafka_consumer *c);

/* librdkafka's handle, for tests; another one after a fatal error, NULL while there is none. */
struct rd_kafka_s;
struct rd_kafka_s *kafka_consumer_handle(struct kafka_consumer *c);

#endif
