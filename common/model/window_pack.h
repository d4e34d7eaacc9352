/* A window in as few bytes as it needs: what a million of them wait in. Pure. */
#ifndef WEIR_MODEL_WINDOW_PACK_H
#define WEIR_MODEL_WINDOW_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "common/model/window.h"

/* Bytes of the shares and `late`; start, rev and final are the caller's to keep. 104 for one share
 * whose sums take five doubles, which those of a sensor with two or three digits do. 0 = it cannot
 * be packed: more than 4e9 readings, or event times more than 24 days from its start. */
size_t window_pack_size(const struct window *w);
void window_pack(const struct window *w, uint8_t *out);

/* Puts them back, bit for bit, into a window with that start. The share array of `w` (initialised)
 * is used again. */
void window_unpack(struct window *w, const uint8_t *bytes);

#endif
