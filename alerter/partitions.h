/* A set of partitions of the log: those that are ours, or those that are wanted back. Pure. */
#ifndef WEIR_ALERTER_PARTITIONS_H
#define WEIR_ALERTER_PARTITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/model/stream_port.h"

struct alert_partitions {
    size_t count;
    int32_t number[STREAM_PARTITIONS_MAX]; /* in no order */
};

bool alert_partitions_has(const struct alert_partitions *set, int32_t partition);
void alert_partitions_set(struct alert_partitions *set, const int32_t *numbers, size_t count);
void alert_partitions_add(struct alert_partitions *set, const int32_t *numbers, size_t count);
void alert_partitions_remove(struct alert_partitions *set, const struct alert_partitions *others);

#endif
