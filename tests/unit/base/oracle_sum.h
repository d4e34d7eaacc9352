/* A sum over the whole range of double and of its squares: slow, simple and exact. */
#ifndef WEIR_TESTS_UNIT_BASE_ORACLE_SUM_H
#define WEIR_TESTS_UNIT_BASE_ORACLE_SUM_H

#include <stdint.h>

enum {
    ORACLE_LOWEST_BIT = -2176, /* weight of bit 0 is 2^this; below the square of the smallest */
    ORACLE_LIMBS = 140,        /* of 32 bits: up to 2^2304 */
};

/* Zero-initialise. Limbs are signed and carry 32 bits each, the rest is room for carries. */
struct oracle_sum {
    int64_t limb[ORACLE_LIMBS];
};

void oracle_sum_add(struct oracle_sum *s, double v);
void oracle_sum_add_square(struct oracle_sum *s, double v);
double oracle_sum_value(const struct oracle_sum *s); /* to nearest, ties to even */

#endif
