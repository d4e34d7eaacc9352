/* How often one event may appear in the log, so that a storm of errors stays readable. */
#include "common/obs/log_limit.h"

#include <stddef.h>
#include <string.h>

static struct log_limit_slot *slot_of(struct log_limit *l, const char *event, uint64_t now_ms)
{
    for (unsigned i = 0; i < l->used; i++)
        if (l->slot[i].event == event || strcmp(l->slot[i].event, event) == 0)
            return &l->slot[i];
    if (l->used == LOG_LIMIT_EVENTS)
        return NULL;
    struct log_limit_slot *s = &l->slot[l->used++];
    *s = (struct log_limit_slot){.event = event, .window_start_ms = now_ms};
    return s;
}

bool log_limit_take(struct log_limit *l, const char *event, uint64_t now_ms, uint64_t *suppressed)
{
    *suppressed = 0;
    struct log_limit_slot *s = slot_of(l, event, now_ms);
    if (!s)
        return true;
    if (now_ms - s->window_start_ms >= LOG_LIMIT_WINDOW_MS) {
        s->window_start_ms = now_ms;
        s->lines = 0;
    }
    if (s->lines == LOG_LIMIT_LINES) {
        s->suppressed++;
        return false;
    }
    s->lines++;
    *suppressed = s->suppressed;
    s->suppressed = 0;
    return true;
}
