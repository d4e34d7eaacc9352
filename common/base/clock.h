/* The clock port: the one way time enters a program, so that tests can hold it still. */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    void *self;                           /* borrowed */
    int64_t (*wall_ms)(void *self);       /* milliseconds since 1970 UTC; may step */
    uint64_t (*monotonic_ns)(void *self); /* nanoseconds from an arbitrary start; never goes back */
};

/* The machine's clocks. */
struct clock clock_system(void);

static inline int64_t clock_wall_ms(const struct clock *c)
{
    return c->wall_ms(c->self);
}

static inline uint64_t clock_monotonic_ns(const struct clock *c)
{
    return c->monotonic_ns(c->self);
}

static inline uint64_t clock_monotonic_ms(const struct clock *c)
{
    return c->monotonic_ns(c->self) / 1000000u;
}

/* For durations, as metrics have them; `since_ns` is of clock_monotonic_ns. */
static inline double clock_seconds_since(const struct clock *c, uint64_t since_ns)
{
    return (double)(clock_monotonic_ns(c) - since_ns) / 1e9;
}

#endif
