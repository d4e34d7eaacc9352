/* A window in as few bytes as it needs: what a million of them wait in. Pure. */
#ifndef WEIR_MODEL_WINDOW_PACK_H
#define WEIR_MODEL_WINDOW_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "common/model/pack_fold.h"
#include "common/model/window.h"

/* Bytes of the shares and `late`; start, rev and final are the caller's to keep. 100 for one share
 * whose sums take five doubles, and no more do those of one sensor once they are compressed: two
 * for the values, three for their squares, unless values are more than 1e15 apart. */
size_t window_pack_size(const struct window *w);
void window_pack(const struct window *w, uint8_t *out);

/* Puts them back, bit for bit, into a window with that start. The share array of `w` (initialised)
 * is used again. */
void window_unpack(struct window *w, const uint8_t *bytes);

/* One value of a reading, and where in the log it stands. */
struct window_sample {
    int32_t partition;
    int64_t offset, ts_ms;
    double value;
};

/* window_fold on what window_pack wrote for a window that is not final: the same bytes come of it.
 * Only for the usual case: one partition, narrow, not late, and no more than `room` bytes (after
 * window_compress, if need be). */
enum pack_fold window_pack_fold(uint8_t *bytes, size_t room, int64_t start_ms,
                                const struct window_sample *sample);
/* The same for a window that has nothing in it yet. */
enum pack_fold window_pack_begin(uint8_t *bytes, size_t room, int64_t start_ms,
                                 const struct window_sample *sample);

/* The partition of the last share in what window_pack wrote; -1 = there is none. */
int32_t window_pack_source(const uint8_t *bytes);

#endif
