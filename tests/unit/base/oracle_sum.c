/* A fixed-point number of 4480 bits: every double and every square of one is a multiple of its
 * lowest bit, so nothing is ever rounded until the end. */
#include "tests/unit/base/oracle_sum.h"

#include <math.h>
#include <stdbool.h>

static void carry(struct oracle_sum *s)
{
    for (int i = 0; i + 1 < ORACLE_LIMBS; i++) {
        int64_t over = s->limb[i] >> 32; /* rounds down, so what stays is 0..2^32-1 */
        s->limb[i] -= over * (INT64_C(1) << 32);
        s->limb[i + 1] += over;
    }
}

static void add_bits(struct oracle_sum *s, uint64_t bits, int exponent, bool negative)
{
    int at = exponent - ORACLE_LOWEST_BIT;
    unsigned __int128 shifted = (unsigned __int128)bits << (at % 32);
    for (int i = at / 32; shifted != 0; i++) {
        int64_t part = (int64_t)(uint32_t)shifted;
        s->limb[i] += negative ? -part : part;
        shifted >>= 32;
    }
    carry(s);
}

static uint64_t split(double v, int *exponent)
{
    double fraction = frexp(fabs(v), exponent);
    *exponent -= 53;
    return (uint64_t)ldexp(fraction, 53);
}

void oracle_sum_add(struct oracle_sum *s, double v)
{
    int exponent;
    uint64_t bits = split(v, &exponent);
    add_bits(s, bits, exponent, v < 0);
}

void oracle_sum_add_square(struct oracle_sum *s, double v)
{
    int exponent;
    uint64_t bits = split(v, &exponent);
    unsigned __int128 square = (unsigned __int128)bits * bits;
    add_bits(s, (uint64_t)square, 2 * exponent, false);
    add_bits(s, (uint64_t)(square >> 64), 2 * exponent + 64, false);
}

static bool bit(const struct oracle_sum *s, int i)
{
    return i >= 0 && (s->limb[i / 32] >> (i % 32) & 1);
}

static struct oracle_sum negated(const struct oracle_sum *s)
{
    struct oracle_sum n;
    for (int i = 0; i < ORACLE_LIMBS; i++) {
        n.limb[i] = -s->limb[i];
    }
    carry(&n);
    return n;
}

double oracle_sum_value(const struct oracle_sum *s)
{
    if (s->limb[ORACLE_LIMBS - 1] < 0) {
        struct oracle_sum n = negated(s);
        return -oracle_sum_value(&n);
    }
    int top = ORACLE_LIMBS * 32 - 1;
    while (top >= 0 && !bit(s, top)) {
        top--;
    }
    /* The last bit that a double keeps: 53 of them, fewer when the result is subnormal. */
    int last = top - 52 > -1074 - ORACLE_LOWEST_BIT ? top - 52 : -1074 - ORACLE_LOWEST_BIT;
    uint64_t mantissa = 0;
    for (int i = top; i >= last; i--) {
        mantissa = mantissa << 1 | bit(s, i);
    }
    bool sticky = false;
    for (int i = 0; i < last - 1 && !sticky; i++) {
        sticky = bit(s, i);
    }
    mantissa += bit(s, last - 1) && (sticky || (mantissa & 1));
    return ldexp((double)mantissa, last + ORACLE_LOWEST_BIT);
}
