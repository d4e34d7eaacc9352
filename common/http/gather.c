/* How long a busy loop rests between two turns, so that one wake-up serves many requests. */
#include "common/http/gather.h"

uint64_t gather_rest_ns(unsigned in_flight, uint64_t worked_ns)
{
    if (in_flight < GATHER_FROM)
        return 0;
    uint64_t interval_ns = (uint64_t)in_flight * GATHER_EACH_NS;
    if (interval_ns > GATHER_MAX_NS)
        interval_ns = GATHER_MAX_NS;
    return interval_ns >= worked_ns + GATHER_LEAST_NS ? interval_ns - worked_ns : 0;
}
