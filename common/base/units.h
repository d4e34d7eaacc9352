/* Durations and sizes as people write them in settings: "500ms", "10s", "64KiB". */
#ifndef WEIR_BASE_UNITS_H
#define WEIR_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/span.h"

enum { UNITS_TEXT_MAX = 32 };

/* A whole number and one of ms, s, m, h, d; or several, largest first ("1h30m"); "0" alone. */
bool duration_parse(struct span text, int64_t *ms);
size_t duration_format(int64_t ms, char out[UNITS_TEXT_MAX]); /* 90000 -> "1m30s" */

/* A whole number and one of B, KiB, MiB, GiB, kB, MB, GB; a bare number is bytes. */
bool size_parse(struct span text, int64_t *bytes);
size_t size_format(int64_t bytes, char out[UNITS_TEXT_MAX]); /* 65536 -> "64KiB" */

#endif
