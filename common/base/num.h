/* Numbers from and to text, strictly: the whole text is the number, or it is refused. */
#ifndef WEIR_BASE_NUM_H
#define WEIR_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/span.h"

enum { NUM_TEXT_MAX = 32 };

/* Optional minus, decimal digits, no plus, no spaces, no leading zeros but "0". */
bool num_parse_i64(struct span text, int64_t min, int64_t max, int64_t *out);

/* The number grammar of JSON (RFC 8259 section 6), correctly rounded. False when it is not that
 * grammar. Too large for a double: true with an infinite *out; the caller decides. Locale-free. */
bool num_parse_json(struct span text, double *out);

/* A number as it is written: mantissa * 10^exponent, unless it has too many digits for that. */
struct num_decimal {
    const char *first, *point, *last; /* digits and the point between them; point may be NULL */
    uint64_t mantissa;                /* meaningless with more than 19 digits */
    int64_t digits;                   /* after leading zeros */
    int64_t exponent;
    bool negative;
};

/* Length of the longest JSON number at the start of `text`, and what it says, which borrows from
 * the text; 0 when none begins there. */
size_t num_scan_json(struct span text, struct num_decimal *out);
/* What num_parse_json makes of it. */
double num_decimal_value(const struct num_decimal *d);

/* Shortest of %.15g, %.16g, %.17g that reads back as the same double; integers up to 2^53 have no
 * exponent. `v` must be finite. Returns the length; NUL-terminated. */
size_t num_format(double v, char out[NUM_TEXT_MAX]);

/* Decimal digits; returns the length; NUL-terminated. */
size_t num_format_i64(int64_t v, char out[NUM_TEXT_MAX]);

#endif
