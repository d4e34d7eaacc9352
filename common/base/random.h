/* Random numbers: a small seeded generator (PCG32), and the seed from the kernel. */
#ifndef WEIR_BASE_RANDOM_H
#define WEIR_BASE_RANDOM_H

#include <stdint.h>

/* PCG32 (O'Neill 2014). Not for secrets. Same seed, same numbers, on every machine. */
struct rng {
    uint64_t state, inc;
};

void rng_seed(struct rng *r, uint64_t seed);
uint32_t rng_u32(struct rng *r);
uint64_t rng_u64(struct rng *r);
uint32_t rng_below(struct rng *r, uint32_t bound); /* uniform in [0, bound); bound > 0 */
double rng_unit(struct rng *r);                    /* uniform in [0, 1) */

/* Entropy from getrandom(2), for seeds. */
uint64_t random_seed(void);

/* Full-jitter backoff (uniform in [0, min(cap, base * 2^attempt)], never below base / 2), in ms. */
int64_t backoff_ms(struct rng *r, unsigned attempt, int64_t base_ms, int64_t cap_ms);

#endif
