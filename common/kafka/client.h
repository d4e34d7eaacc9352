/* Making librdkafka handles: properties from tables, the operator's last, log lines to the link.
 * Internal. */
#ifndef WEIR_KAFKA_CLIENT_H
#define WEIR_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>

#include "common/kafka/config.h"
#include "common/kafka/link.h"

/* A configuration that many handles can be made from: those of `config`, then `ours`, then the
 * operator's. NULL and ERR_INVALID when a property is refused. Owned by the caller
 * (rd_kafka_conf_destroy). */
rd_kafka_conf_t *kafka_client_conf(const struct kafka_config *config,
                                   const struct kafka_property *ours, size_t count, struct err *e);

/* A handle from a copy of `conf`; it holds a borrowed `link`, which must outlive it. ERR_INVALID
 * when the properties do not fit together, ERR_IO when the system refuses threads. */
WEIR_MUST_CHECK int kafka_client_new(rd_kafka_t **out, rd_kafka_type_t type,
                                     const rd_kafka_conf_t *conf, struct kafka_link *link,
                                     struct err *e);

/* An eventfd for rd_kafka_queue_io_event_enable. Negative and ERR_IO when there is none left. */
int kafka_client_eventfd(struct err *e);
void kafka_client_wake_on(rd_kafka_queue_t *queue, int fd);
void kafka_client_eventfd_drain(int fd);

/* rd_kafka_fatal_error, as a sentence. */
void kafka_client_fatal(rd_kafka_t *rk, char *why, size_t why_size);

#endif
