/* Points in time as text and numbers: RFC 3339 in, RFC 3339 with milliseconds and Z out. */
#ifndef WEIR_BASE_TIMESTAMP_H
#define WEIR_BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/span.h"

/* Milliseconds since 1970-01-01T00:00:00Z. Allowed range: years 0000 to 9999. */
enum { TIMESTAMP_TEXT_MAX = 32 };

#define TIMESTAMP_MIN_MS INT64_C(-62167219200000) /* 0000-01-01T00:00:00.000Z */
#define TIMESTAMP_MAX_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/* RFC 3339 section 5.6, also with a space for the T and lower case t, z; without offset it is
 * UTC. Fractions beyond milliseconds are cut. A leap second (:60) counts as :59.999. False when
 * the text is not such a time or the day does not exist. */
bool timestamp_parse(struct span text, int64_t *ms);

/* Writes "2026-11-21T10:00:00.123Z" and a NUL; returns the length without the NUL. */
size_t timestamp_format(int64_t ms, char out[TIMESTAMP_TEXT_MAX]);

#endif
