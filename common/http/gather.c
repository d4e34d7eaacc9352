/* How long a busy loop rests between two turns, so that one wake-up serves many requests. */
#include "common/http/gather.h"

bool gather_is_busy(unsigned in_flight)
{
    return in_flight >= GATHER_FROM;
}

uint64_t gather_rest_ns(unsigned in_flight, uint64_t worked_ns)
{
    if (!gather_is_busy(in_flight))
        return 0;
    uint64_t interval_ns = (uint64_t)in_flight * GATHER_EACH_NS;
    if (interval_ns > GATHER_MAX_NS)
        interval_ns = GATHER_MAX_NS;
    return interval_ns >= worked_ns + GATHER_LEAST_NS ? interval_ns - worked_ns : 0;
}
