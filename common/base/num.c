/* Numbers from and to text: an exact fast path, and strtod in the C locale for the rest. */
#include "common/base/num.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MANTISSA_DIGITS = 19,       /* always fit into 64 bits */
    EXACT_DIGITS = 800,         /* more than the 767 digits a double can need for rounding */
    EXACT_POWER = 22,           /* 10^22 is the largest power of ten that is a double */
    EXPONENT_FAR = 100000,      /* far beyond any double, whatever 800 digits stand before it */
    EXPONENT_LIMIT = 100000000, /* where the written exponent stops being counted */
};

static const double powers_of_ten[EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool num_parse_i64(struct span text, int64_t min, int64_t max, int64_t *out)
{
    bool negative = text.len > 0 && text.p[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == text.len || (text.p[i] == '0' && text.len > i + 1)) {
        return false;
    }
    int64_t value = 0; /* counted downwards: INT64_MIN has no positive twin */
    for (; i < text.len; i++) {
        if (!is_digit(text.p[i]) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, text.p[i] - '0', &value)) {
            return false;
        }
    }
    if (!negative && __builtin_sub_overflow(0, value, &value)) {
        return false;
    }
    if (value < min || value > max) {
        return false;
    }
    *out = value;
    return true;
}

static const char *scan_digits(const char *p, const char *end, struct num_decimal *d)
{
    uint64_t mantissa = d->mantissa;
    while (d->digits == 0 && p < end && *p == '0') {
        p++; /* a leading zero is no digit of the mantissa */
    }
    const char *first = p;
    for (; p < end && is_digit(*p); p++) {
        mantissa = mantissa * 10 + (uint64_t)(*p - '0');
    }
    d->mantissa = mantissa;
    d->digits += p - first;
    return p;
}

static const char *scan_exponent(const char *p, const char *end, struct num_decimal *d)
{
    bool negative = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    const char *start = p;
    int64_t value = 0;
    for (; p < end && is_digit(*p); p++) {
        value = value < EXPONENT_LIMIT ? value * 10 + (*p - '0') : value;
    }
    d->exponent += negative ? -value : value;
    return p > start ? p : NULL;
}

/* Returns the end of the longest number at `p`, or NULL: int [ frac ] [ exp ] of RFC 8259. */
static const char *scan_number(const char *p, const char *end, struct num_decimal *d)
{
    *d = (struct num_decimal){.negative = p < end && *p == '-'};
    p += d->negative;
    d->first = p;
    if (p < end && *p == '0') {
        p++;
    } else {
        p = scan_digits(p, end, d);
    }
    if (p == d->first) {
        return NULL;
    }
    if (p < end && *p == '.') {
        d->point = p;
        p = scan_digits(p + 1, end, d);
        d->exponent = d->point + 1 - p;
        if (d->exponent == 0) {
            return NULL;
        }
    }
    d->last = p;
    return p < end && (*p == 'e' || *p == 'E') ? scan_exponent(p + 1, end, d) : p;
}

size_t num_scan_json(struct span text, struct num_decimal *out)
{
    const char *end = text.len > 0 ? scan_number(text.p, text.p + text.len, out) : NULL;
    return end ? (size_t)(end - text.p) : 0;
}

static locale_t c_locale;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) {
        fputs("no C locale\n", stderr); /* only without memory */
        abort();
    }
}

static locale_t get_c_locale(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_c_locale);
    return c_locale;
}

/* strtod on a bounded copy: at most EXACT_DIGITS digits, one more that stands for all others when
 * any of them is not zero, and the exponent. The result is rounded once, correctly. */
static double slow_value(const struct num_decimal *d)
{
    char text[EXACT_DIGITS + NUM_TEXT_MAX];
    size_t used = 0;
    int64_t exponent = d->exponent;
    bool sticky = false;
    for (const char *p = d->first; p < d->last; p++) {
        if (p == d->point || (used == 0 && *p == '0')) {
            continue;
        }
        if (used < EXACT_DIGITS) {
            text[used++] = *p;
        } else {
            sticky = sticky || *p != '0';
            exponent++;
        }
    }
    if (sticky) {
        text[used++] = '1';
        exponent--;
    }
    exponent = exponent > EXPONENT_FAR ? EXPONENT_FAR : exponent;
    exponent = exponent < -EXPONENT_FAR ? -EXPONENT_FAR : exponent;
    snprintf(text + used, sizeof text - used, "e%d", (int)exponent);
    return strtod_l(text, NULL, get_c_locale());
}

/* Both factors are exact doubles, so one multiplication or division rounds correctly (Clinger). */
static double magnitude(const struct num_decimal *d)
{
    if (d->digits == 0) {
        return 0.0;
    }
    if (d->digits > MANTISSA_DIGITS || d->mantissa > UINT64_C(1) << 53 ||
        d->exponent > EXACT_POWER || d->exponent < -EXACT_POWER) {
        return slow_value(d);
    }
    double value = (double)d->mantissa;
    return d->exponent < 0 ? value / powers_of_ten[-d->exponent]
                           : value * powers_of_ten[d->exponent];
}

double num_decimal_value(const struct num_decimal *d)
{
    double value = magnitude(d);
    return d->negative ? -value : value;
}

bool num_parse_json(struct span text, double *out)
{
    struct num_decimal d;
    if (text.len == 0 || num_scan_json(text, &d) != text.len) {
        return false;
    }
    *out = num_decimal_value(&d);
    return true;
}

/* Two digits at a time, from the last: half the divisions, and one copy. */
static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324"
                                  "25262728293031323334353637383940414243444546474849"
                                  "50515253545556575859606162636465666768697071727374"
                                  "75767778798081828384858687888990919293949596979899";

size_t num_format_i64(int64_t v, char out[NUM_TEXT_MAX])
{
    char text[NUM_TEXT_MAX], *end = text + sizeof text, *at = end;
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    *--at = '\0';
    for (; rest >= 100; rest /= 100) {
        at -= 2;
        memcpy(at, digit_pairs + rest % 100 * 2, 2);
    }
    if (rest >= 10) {
        *--at = digit_pairs[rest * 2 + 1];
        rest /= 10;
    }
    *--at = (char)('0' + rest);
    if (v < 0) {
        *--at = '-';
    }
    memcpy(out, at, (size_t)(end - at));
    return (size_t)(end - at) - 1;
}

static const double exact_integers = 0x1p53;

/* Most measured values have few decimals. When a whole number of at most 15 digits divided by 10^k
 * gives v, those digits are the shortest that read back as v. 0 = not so. */
static size_t format_few_decimals(double v, char out[NUM_TEXT_MAX])
{
    double size = fabs(v);
    if (size < 1e-3 || size >= 1e9) {
        return 0;
    }
    for (int k = 1; k <= 6; k++) {
        double scaled = rint(size * powers_of_ten[k]);
        if (scaled / powers_of_ten[k] != size) {
            continue;
        }
        int64_t unit = (int64_t)powers_of_ten[k];
        size_t len = v < 0 ? 1 : 0;
        out[0] = '-';
        len += num_format_i64((int64_t)scaled / unit, out + len);
        size_t fraction = num_format_i64((int64_t)scaled % unit + unit, out + len);
        out[len] = '.'; /* over the leading 1 that kept the zeros */
        return len + fraction;
    }
    return 0;
}

size_t num_format(double v, char out[NUM_TEXT_MAX])
{
    if (v == rint(v) && fabs(v) <= exact_integers && !(v == 0 && signbit(v))) {
        return num_format_i64((int64_t)v, out);
    }
    size_t len = format_few_decimals(v, out);
    if (len > 0) {
        return len;
    }
    locale_t before = uselocale(get_c_locale());
    for (int digits = 15; digits <= 17; digits++) {
        double back;
        len = (size_t)snprintf(out, NUM_TEXT_MAX, "%.*g", digits, v);
        if (num_parse_json(span_of(out, len), &back) && back == v) {
            break;
        }
    }
    uselocale(before);
    return len;
}
