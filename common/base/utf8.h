/* UTF-8 (RFC 3629): validation, nothing else. */
#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/span.h"

/* No overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(struct span s);

/* Bytes of the valid character that begins at `p` (1..4), or 0 when there is none before `end`. */
size_t utf8_char(const char *p, const char *end);

/* Longest valid prefix of `s` that is at most `max` bytes and ends at a character border. */
size_t utf8_cut(struct span s, size_t max);

#endif
