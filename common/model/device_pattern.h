/* Patterns that name devices: '*' stands for any run of bytes, also none; every other byte,
 * '?' and '[' too, for itself. Pure. */
#ifndef WEIR_MODEL_DEVICE_PATTERN_H
#define WEIR_MODEL_DEVICE_PATTERN_H

#include <stdbool.h>

#include "common/base/span.h"

/* "dev-1*" matches "dev-1" and "dev-17", not "dev-2" and not "xdev-1". A star in a device id has
 * no escape: '*' matches it as it matches anything. No backtracking: each piece between two stars
 * is searched once, from where the one before ended. */
bool device_pattern_matches(struct span pattern, struct span device_id);

#endif
