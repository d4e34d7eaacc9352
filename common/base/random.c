/* PCG32, the seed from the kernel, and the backoff that is made of them. */
#include "common/base/random.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static const uint64_t pcg_multiplier = UINT64_C(6364136223846793005);
static const uint64_t pcg_stream = UINT64_C(0xda3e39cb94b95bdb); /* odd, as the paper asks */

void rng_seed(struct rng *r, uint64_t seed)
{
    *r = (struct rng){.state = 0, .inc = pcg_stream};
    rng_u32(r);
    r->state += seed;
    rng_u32(r);
}

/* PCG-XSH-RR 64/32. */
uint32_t rng_u32(struct rng *r)
{
    uint64_t old = r->state;
    r->state = old * pcg_multiplier + r->inc;
    uint32_t mixed = (uint32_t)(((old >> 18) ^ old) >> 27);
    uint32_t turn = (uint32_t)(old >> 59);
    return mixed >> turn | mixed << ((32 - turn) & 31);
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t high = rng_u32(r);
    return high << 32 | rng_u32(r);
}

/* Throws away the few numbers that would make small results more likely. */
uint32_t rng_below(struct rng *r, uint32_t bound)
{
    uint32_t threshold = (0 - bound) % bound;
    for (;;) {
        uint32_t x = rng_u32(r);
        if (x >= threshold) {
            return x % bound;
        }
    }
}

double rng_unit(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

uint64_t random_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed) {
        return seed;
    }
    /* A kernel that refuses getrandom: seeds are not secrets here, so time will do. */
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec) ^ (uint64_t)getpid() << 48;
}

int64_t backoff_ms(struct rng *r, unsigned attempt, int64_t base_ms, int64_t cap_ms)
{
    int64_t high = base_ms;
    for (unsigned i = 0; i < attempt && high < cap_ms; i++) {
        high = high > cap_ms / 2 ? cap_ms : high * 2;
    }
    high = high < cap_ms ? high : cap_ms;
    int64_t wait = (int64_t)(rng_unit(r) * (double)(high + 1));
    return wait < base_ms / 2 ? base_ms / 2 : wait;
}
