/* Creates the topics that are missing, in the background, for as long as it takes. */
#ifndef WEIR_APP_TOPIC_KEEPER_H
#define WEIR_APP_TOPIC_KEEPER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/kafka/topics.h"
#include "common/obs/log.h"

struct topic_keeper;

/* Starts the thread; a start while Kafka is away is fine. Everything is borrowed until
 * topic_keeper_free. */
struct topic_keeper *topic_keeper_new(const struct kafka_config *kafka,
                                      const struct kafka_topic *topics, size_t count,
                                      struct log *log);
void topic_keeper_free(struct topic_keeper *k); /* waits for a call in progress: up to 5 s */

#endif
