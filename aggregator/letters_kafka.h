/* Dead letters into telemetry.dlq, in the partition their record came from. */
#ifndef WEIR_AGGREGATOR_LETTERS_KAFKA_H
#define WEIR_AGGREGATOR_LETTERS_KAFKA_H

#include "aggregator/letters.h"
#include "common/kafka/publish.h"

struct letters_kafka {
    struct kafka_publisher *publisher; /* borrowed; its topic 0 is the DLQ */
};

/* `self` of the port is `l`, borrowed. */
struct letters letters_kafka_port(struct letters_kafka *l);

#endif
