/* The machine's clocks behind the clock port. */
#include "common/base/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t system_wall_ms(void *self)
{
    (void)self;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t system_monotonic_ns(void *self)
{
    (void)self;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct clock clock_system(void)
{
    return (struct clock){
        .self = NULL,
        .wall_ms = system_wall_ms,
        .monotonic_ns = system_monotonic_ns,
    };
}
