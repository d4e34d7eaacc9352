/* Sums of doubles without rounding, so that the order of adding never shows in the result. */
#ifndef WEIR_BASE_EXACT_SUM_H
#define WEIR_BASE_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

/* Shewchuk's expansion ("Adaptive Precision Floating-Point Arithmetic", 1997, section 2.4): the
 * exact sum is the sum of `n` doubles that do not overlap, in rising order of magnitude. Six parts
 * span at least 318 binary digits; a sum that needs more (values 1e95 apart in one window) is
 * rounded to six and marked inexact. Zero-initialise. */
enum { EXACT_SUM_PARTS = 6 };

struct exact_sum {
    double part[EXACT_SUM_PARTS];
    uint8_t n;
    bool inexact;  /* more parts were needed than there is room for, or a square below 2^-968 */
    bool overflow; /* beyond the range of double: the value is meaningless for good */
};

void exact_sum_add(struct exact_sum *s, double v);        /* v must be finite */
void exact_sum_add_square(struct exact_sum *s, double v); /* adds v * v without rounding (FMA) */
void exact_sum_merge(struct exact_sum *s, const struct exact_sum *other);

/* The same sum in as few parts as it needs, or two: adding alone may leave more. */
void exact_sum_compress(struct exact_sum *s);

/* The exact sum correctly rounded to nearest, ties to even; NaN after overflow. */
double exact_sum_value(const struct exact_sum *s);

#endif
