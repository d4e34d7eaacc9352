/* The lag of the group, asked for one partition at a time. */
#ifndef WEIR_ALERTER_LAG_H
#define WEIR_ALERTER_LAG_H

#include <stdint.h>

#include "alerter/observe.h"
#include "alerter/partitions.h"
#include "common/model/stream_port.h"

/* Zero-initialise, then set the two borrowed parts. */
struct alerter_lag {
    struct stream_port stream;
    struct alerter_observe *observe;
    struct alert_partitions shown; /* those that have a series */
    size_t at;
    int64_t next_ms; /* monotonic */
};

/* Asks Kafka about one of the owned partitions when it is time: about every ten seconds for each.
 * Blocks for the time of one request. Partitions that went away show 0. */
void alerter_lag_turn(struct alerter_lag *lag, const struct alert_partitions *owned,
                      int64_t now_ms);

#endif
