/* A set of partitions of the log: those that are ours, or those that are wanted back. */
#include "alerter/partitions.h"

bool alert_partitions_has(const struct alert_partitions *set, int32_t partition)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->number[i] == partition)
            return true;
    return false;
}

void alert_partitions_set(struct alert_partitions *set, const int32_t *numbers, size_t count)
{
    set->count = 0;
    alert_partitions_add(set, numbers, count);
}

void alert_partitions_add(struct alert_partitions *set, const int32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count && set->count < STREAM_PARTITIONS_MAX; i++)
        if (!alert_partitions_has(set, numbers[i]))
            set->number[set->count++] = numbers[i];
}

void alert_partitions_remove(struct alert_partitions *set, const struct alert_partitions *others)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++)
        if (!alert_partitions_has(others, set->number[i]))
            set->number[kept++] = set->number[i];
    set->count = kept;
}
