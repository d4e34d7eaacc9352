/* The readings that are sent: believable sensors, and the same bytes again for the same seed. */
#ifndef WEIR_LOAD_BODIES_H
#define WEIR_LOAD_BODIES_H

#include <stdint.h>

#include "common/base/buf.h"

struct bodies; /* a population of devices */

/* Devices "dev-1" to "dev-N". The bodies depend on the seed, the number of devices, the order of
 * calls and the times given; on nothing else. */
struct bodies *bodies_new(int64_t devices, uint64_t seed);
void bodies_free(struct bodies *b);

/* Appends the JSON of the next reading, measured at `ts_ms`. Devices take turns; `seq` counts the
 * readings of one device from 1. */
void bodies_next(struct bodies *b, int64_t ts_ms, struct buf *out);

#endif
