/* The numbers of a window: count, exact sums, extremes, first and last, in any order of folding. */
#include <math.h>
#include <stddef.h>

#include "common/model/window.h"

static void take_ends(struct window_stats *s, const struct window_stats *other)
{
    bool earlier = other->first_ms < s->first_ms;
    if (earlier || (other->first_ms == s->first_ms && other->first < s->first)) {
        s->first_ms = other->first_ms;
        s->first = other->first;
    }
    bool later = other->last_ms > s->last_ms;
    if (later || (other->last_ms == s->last_ms && other->last > s->last)) {
        s->last_ms = other->last_ms;
        s->last = other->last;
    }
    s->min = other->min < s->min ? other->min : s->min;
    s->max = other->max > s->max ? other->max : s->max;
}

/* As merging the stats of this one sample, without the sums that would be made for it. */
void window_stats_fold(struct window_stats *s, int64_t ts_ms, double value)
{
    /* -0 and 0 are equal, so which of them stayed would depend on the order: only 0 does. */
    double v = value == 0 ? 0.0 : value;
    struct window_stats one;
    one.first_ms = one.last_ms = ts_ms;
    one.min = one.max = one.first = one.last = v;
    if (s->count == 0) {
        *s = (struct window_stats){.min = v, .max = v, .first = v, .last = v};
        s->first_ms = s->last_ms = ts_ms;
    }
    s->count++;
    exact_sum_add(&s->sum, v);
    exact_sum_add_square(&s->squares, v);
    take_ends(s, &one);
}

void window_stats_merge(struct window_stats *s, const struct window_stats *other)
{
    if (other->count == 0) {
        return;
    }
    if (s->count == 0) {
        *s = *other;
        return;
    }
    s->count += other->count;
    exact_sum_merge(&s->sum, &other->sum);
    exact_sum_merge(&s->squares, &other->squares);
    take_ends(s, other);
}

double window_stats_sum(const struct window_stats *s)
{
    return exact_sum_value(&s->sum);
}

double window_stats_average(const struct window_stats *s)
{
    return s->count > 0 ? exact_sum_value(&s->sum) / (double)s->count : NAN;
}

/* --- standard deviation --------------------------------------------------------------------
 *
 * variance = (n * Q - S^2) / n^2, where Q is the sum of the squares. Both products are nearly equal
 * when the values are large beside their spread, so the difference is formed without rounding. One
 * sum can be written as different expansions, depending on the order of folding; so S and Q are
 * first brought into the one form that depends on the value alone: the nearest double, the nearest
 * to what is left, and once more. That is at least 159 binary digits: all of them unless the values
 * are more than 1e30 apart. */
enum { PARTS = 3 };

static void normalise(const struct exact_sum *sum, double part[PARTS])
{
    struct exact_sum rest = *sum;
    for (int i = 0; i < PARTS; i++) {
        part[i] = exact_sum_value(&rest);
        exact_sum_add(&rest, -part[i]);
    }
}

static void add_product(struct exact_sum *sum, double a, double b)
{
    double product = a * b;
    exact_sum_add(sum, product);
    exact_sum_add(sum, fma(a, b, -product));
}

/* n * Q - S^2, where the parts of S are scaled by 2^-k and those of Q by 2^-2k: exact, and so that
 * no product leaves the range of double. */
static double scaled_difference(double n, const double s[PARTS], const double q[PARTS], int k)
{
    struct exact_sum difference = {.n = 0};
    for (int i = 0; i < PARTS; i++) {
        add_product(&difference, n, ldexp(q[i], -2 * k));
        for (int j = 0; j < PARTS; j++) {
            add_product(&difference, ldexp(s[i], -k), -ldexp(s[j], -k));
        }
    }
    return exact_sum_value(&difference);
}

double window_stats_stddev(const struct window_stats *s)
{
    if (s->count == 0 || s->sum.overflow || s->squares.overflow) {
        return NAN;
    }
    if (s->min == s->max) {
        return 0;
    }
    double sums[PARTS], squares[PARTS];
    normalise(&s->sum, sums);
    normalise(&s->squares, squares);
    double largest = fmax(fabs(s->min), fabs(s->max));
    int k = ilogb(largest);
    double difference = scaled_difference((double)s->count, sums, squares, k);
    return difference > 0 ? ldexp(sqrt(difference) / (double)s->count, k) : 0;
}

/* --- equality ------------------------------------------------------------------------------ */

/* Two expansions of one value need not have the same parts, so the difference decides. */
static bool same_sum(const struct exact_sum *a, const struct exact_sum *b)
{
    if (a->overflow || b->overflow) {
        return a->overflow == b->overflow;
    }
    struct exact_sum difference = *a;
    for (unsigned i = b->n; i-- > 0;) {
        exact_sum_add(&difference, -b->part[i]);
    }
    return exact_sum_value(&difference) == 0;
}

bool window_stats_equal(const struct window_stats *a, const struct window_stats *b)
{
    if (a->count != b->count) {
        return false;
    }
    if (a->count == 0) {
        return true;
    }
    return a->min == b->min && a->max == b->max && a->first_ms == b->first_ms &&
           a->last_ms == b->last_ms && a->first == b->first && a->last == b->last &&
           same_sum(&a->sum, &b->sum) && same_sum(&a->squares, &b->squares);
}
