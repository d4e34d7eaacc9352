/* Whether two episodes of an alert are the same in everything that is stored of them. */
#ifndef WEIR_TESTS_SUPPORT_SAME_EPISODE_H
#define WEIR_TESTS_SUPPORT_SAME_EPISODE_H

#include <string.h>

#include "common/model/alert.h"

static inline bool same_episode(const struct alert_episode *a, const struct alert_episode *b)
{
    return strcmp(a->id, b->id) == 0 && a->revision == b->revision && a->active == b->active &&
           a->severity == b->severity && a->value == b->value && a->last_value == b->last_value &&
           a->peak == b->peak && a->count == b->count && a->start_ms == b->start_ms &&
           a->last_ms == b->last_ms && a->escalated_ms == b->escalated_ms &&
           a->resolved_ms == b->resolved_ms && a->created_at_ms == b->created_at_ms;
}

#endif
