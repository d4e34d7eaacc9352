/* The event port over the topic alerts.triggered. */
#ifndef WEIR_ALERTER_EVENTS_KAFKA_H
#define WEIR_ALERTER_EVENTS_KAFKA_H

#include "alerter/event_port.h"
#include "common/kafka/publish.h"

struct alert_events_kafka {
    struct kafka_publisher *publisher; /* borrowed; its topic 0 is the one of alerts */
};

/* `self` of the port is `k`, borrowed. */
struct alert_event_port alert_events_kafka_port(struct alert_events_kafka *k);

#endif
