/* Reading the log from outside: joins no group, commits nothing, waits a bounded time. */
#ifndef WEIR_KAFKA_READER_H
#define WEIR_KAFKA_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/kafka/config.h"
#include "common/kafka/producer.h"

struct kafka_reader;

/* `group` is only asked about (kafka_reader_committed) and never joined; NULL = none. Waits for
 * nobody. The functions are to be called from one thread; each question may take `timeout_ms`. */
WEIR_MUST_CHECK int kafka_reader_new(struct kafka_reader **out, const struct kafka_config *kafka,
                                     const char *group, int timeout_ms, struct err *e);
void kafka_reader_free(struct kafka_reader *r); /* NULL is allowed */

struct kafka_partition {
    int32_t partition;
    bool has_leader;
    int replicas, in_sync;
    int64_t start, end; /* first offset that is there, and the next that will be; by _borders */
    int64_t committed;  /* -1 = the group has no position; by _committed */
};

/* The partitions of a topic, in order; *out is the caller's (free). ERR_NOT_FOUND when there is no
 * such topic, ERR_UNAVAILABLE when no broker answers. */
WEIR_MUST_CHECK int kafka_reader_topic(struct kafka_reader *r, const char *topic,
                                       struct kafka_partition **out, size_t *count, struct err *e);
WEIR_MUST_CHECK int kafka_reader_borders(struct kafka_reader *r, const char *topic,
                                         struct kafka_partition *p, size_t count, struct err *e);
WEIR_MUST_CHECK int kafka_reader_committed(struct kafka_reader *r, const char *topic,
                                           struct kafka_partition *p, size_t count, struct err *e);
/* How many brokers the cluster has. */
WEIR_MUST_CHECK int kafka_reader_brokers(struct kafka_reader *r, int *count, struct err *e);

/* Everything is borrowed until the visitor returns. */
struct kafka_reader_record {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;   /* -1 = none */
    struct span key, value; /* p is NULL when the record has none */
    const struct kafka_header *headers;
    unsigned header_count;
};

enum { KAFKA_READER_HEADERS_MAX = 32 }; /* further headers are not shown */

/* Visits the records of each partition from p->start up to but not including p->end, in the order
 * of offsets within each partition; returns when all are visited, or when the visitor says false.
 * ERR_UNAVAILABLE when nothing came for `timeout_ms`. */
WEIR_MUST_CHECK int kafka_reader_each(
    struct kafka_reader *r, const char *topic, const struct kafka_partition *p, size_t count,
    bool (*visit)(void *arg, const struct kafka_reader_record *record), void *arg, struct err *e);

#endif
