/* A broker inside the test: librdkafka's mock cluster, and what most tests do with it. */
#ifndef WEIR_TESTS_KAFKA_MOCK_H
#define WEIR_TESTS_KAFKA_MOCK_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/kafka/consumer.h"
#include "common/kafka/producer.h"

enum { MOCK_PARTITIONS = 4, MOCK_PATIENCE_MS = 20000, MOCK_PRODUCE = 0, MOCK_OFFSET_FETCH = 9 };

struct mock {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
    const char *bootstrap; /* borrowed from cluster */
};

/* One broker, with the topic "readings". */
void mock_start(struct mock *m);
void mock_stop(struct mock *m);
void mock_down(struct mock *m);
void mock_up(struct mock *m);

struct kafka_config mock_config(const struct mock *m);
struct kafka_producer_options mock_producer_options(const struct mock *m);
struct kafka_consumer_options mock_consumer_options(const struct mock *m, const char *group);

/* What became of messages: their opaques are &tally->reports[i]. */
struct tally {
    int reports[10000]; /* how many reports message i got */
    int by_code[16];    /* by -code */
    unsigned total;
};
void tally_delivery(void *arg, void *opaque, int error, const char *reason);

/* Sends messages [from, to) with keys "device-%d" to topic 0; each must be taken. */
void mock_send(struct kafka_producer *p, struct tally *t, int from, int to);
/* Puts messages [0, count) into the log with a producer of its own. */
void mock_fill(const struct mock *m, int count);

uint64_t mock_now_ms(void);
bool mock_wait_ready(struct kafka_producer *p);

#endif
