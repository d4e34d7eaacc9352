/* A last state in as few bytes as it needs: what those of a million devices wait in. Pure. */
#ifndef WEIR_MODEL_DEVICE_PACK_H
#define WEIR_MODEL_DEVICE_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "common/model/device_state.h"
#include "common/model/pack_fold.h"

/* Bytes of all but the id and rev, which are the caller's to keep. With one partition and two
 * sensors of 13 and 8 letters 185, if no gap of the cadence is longer than 65 s; else 249. */
size_t device_pack_size(const struct device_state *d);
void device_pack(const struct device_state *d, uint8_t *out);

/* Puts them back, so that it is the same state; id and rev stay. The arrays of `d` (initialised)
 * are used again. */
void device_unpack(struct device_state *d, const uint8_t *bytes);

/* device_state_fold on what device_pack wrote: the same bytes come of it. Only for the usual case:
 * one partition, no gap above 65 s, and nothing in the reading that the state has never had. */
enum pack_fold device_pack_fold(uint8_t *bytes, int32_t partition, int64_t offset,
                                const struct reading *r);

#endif
