/* What every Kafka client of Weir needs to know, and the properties it may not change. */
#ifndef WEIR_KAFKA_CONFIG_H
#define WEIR_KAFKA_CONFIG_H

#include <stddef.h>

#include "common/base/err.h"

struct kafka_property {
    const char *name, *value; /* borrowed; librdkafka's names: "security.protocol" */
};

/* Called for librdkafka's log lines and errors, on any thread. level: syslog's 0..7. */
typedef void (*kafka_log_fn)(void *arg, int level, const char *facility, const char *message);

struct kafka_config {
    const char *bootstrap_servers;           /* borrowed */
    const char *client_id;                   /* "weir-ingest" */
    const struct kafka_property *properties; /* from KAFKA_OPT_*; applied last */
    size_t property_count;
    kafka_log_fn log; /* may be NULL */
    void *log_arg;
};

/* Refuses unknown properties, bad values, and those that would break the delivery guarantee (acks,
 * enable.idempotence, enable.auto.commit, enable.auto.offset.store, auto.offset.reset, partitioner,
 * ...); the message names the property and why. */
WEIR_MUST_CHECK int kafka_property_check(const char *name, const char *value, struct err *e);

/* Of librdkafka, as it runs: "2.0.2". */
const char *kafka_library_version(void);

#endif
