/* Sums of doubles without rounding: Shewchuk's expansions, rounded once at the end. */
#include "common/base/exact_sum.h"

#include <math.h>
#include <stddef.h>

struct pair {
    double sum, error; /* sum + error is the exact result */
};

static struct pair two_sum(double a, double b)
{
    double sum = a + b;
    double from_b = sum - a;
    double from_a = sum - from_b;
    return (struct pair){.sum = sum, .error = (a - from_a) + (b - from_b)};
}

/* The same where a is the larger one. */
static struct pair fast_two_sum(double a, double b)
{
    double sum = a + b;
    return (struct pair){.sum = sum, .error = b - (sum - a)};
}

/* Shewchuk's COMPRESS: the same value in as few parts as it needs, each below the last place of
 * the next. Returns the new number of parts. */
static unsigned compress(double *part, unsigned n)
{
    unsigned bottom = n - 1;
    double carry = part[bottom];
    for (unsigned i = n - 1; i-- > 0;) {
        struct pair p = fast_two_sum(carry, part[i]);
        carry = p.sum;
        if (p.error != 0) {
            part[bottom--] = p.sum;
            carry = p.error;
        }
    }
    unsigned top = 0;
    for (unsigned i = bottom + 1; i < n; i++) {
        struct pair p = fast_two_sum(part[i], carry);
        carry = p.sum;
        if (p.error != 0) {
            part[top++] = p.error;
        }
    }
    part[top++] = carry;
    return top;
}

static void store(struct exact_sum *s, const double *part, unsigned n)
{
    unsigned dropped = n > EXACT_SUM_PARTS ? n - EXACT_SUM_PARTS : 0;
    s->inexact = s->inexact || dropped > 0;
    s->n = (uint8_t)(n - dropped);
    for (unsigned i = 0; i < s->n; i++) {
        s->part[i] = part[i + dropped];
    }
}

void exact_sum_add(struct exact_sum *s, double v)
{
    double part[EXACT_SUM_PARTS + 1];
    unsigned n = 0;
    if (v == 0)
        return; /* the error of most squares */
    for (unsigned i = 0; i < s->n; i++) {
        struct pair p = two_sum(v, s->part[i]);
        v = p.sum;
        if (p.error != 0) {
            part[n++] = p.error;
        }
    }
    if (!isfinite(v)) {
        s->overflow = true;
        return;
    }
    if (v != 0) {
        part[n++] = v;
    }
    store(s, part, n > EXACT_SUM_PARTS ? compress(part, n) : n);
}

void exact_sum_compress(struct exact_sum *s)
{
    if (s->n > 2)
        s->n = (uint8_t)compress(s->part, s->n);
}

/* Below this the error term of a square leaves the range of double. */
static const double exact_square_min = 0x1p-968;

void exact_sum_add_square(struct exact_sum *s, double v)
{
    double square = v * v;
    if (!isfinite(square)) {
        s->overflow = true;
        return;
    }
    s->inexact = s->inexact || (v != 0 && square < exact_square_min);
    exact_sum_add(s, fma(v, v, -square));
    exact_sum_add(s, square);
}

void exact_sum_merge(struct exact_sum *s, const struct exact_sum *other)
{
    s->inexact = s->inexact || other->inexact;
    s->overflow = s->overflow || other->overflow;
    struct exact_sum from = *other; /* a sum may be merged into itself */
    for (unsigned i = 0; i < from.n; i++) {
        exact_sum_add(s, from.part[i]);
    }
}

/* Adds from the largest part down until something is lost. What was lost decides the rounding,
 * except exactly half-way: then the sign of the next smaller part does (as Python's math.fsum). */
double exact_sum_value(const struct exact_sum *s)
{
    if (s->overflow) {
        return NAN;
    }
    unsigned n = s->n;
    double value = n > 0 ? s->part[--n] : 0.0;
    double lost = 0;
    while (n > 0 && lost == 0) {
        struct pair p = two_sum(value, s->part[--n]);
        value = p.sum;
        lost = p.error;
    }
    if (n > 0 && lost != 0 && signbit(lost) == signbit(s->part[n - 1])) {
        double twice = lost * 2;
        double rounded = value + twice;
        if (rounded - value == twice) {
            value = rounded;
        }
    }
    return value;
}
