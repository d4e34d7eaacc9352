/* A window in as few bytes as it needs: unused parts of the exact sums are left out, times count
 * from its start.
 *
 *   late(4) shares(2) | partition(4) src(8) count(4) min max first last(32) first_ms last_ms(8)
 *                       shape(2) parts(8 each) | next share ... */
#include "common/model/window_pack.h"

#include <string.h>

#include "common/base/xmalloc.h"

enum { HEAD = 6, SHARE = 58 };

/* Bits of `shape`: how many parts each sum has, and its flags. */
enum {
    PARTS_MASK = 7,
    SQUARES_PARTS = 3,
    INEXACT = 1 << 6,
    OVERFLOWED = 1 << 7,
    SQUARES_FLAGS = 2
};

_Static_assert((int)EXACT_SUM_PARTS <= (int)PARTS_MASK, "the number of parts has three bits");

static uint16_t shape_of(const struct window_stats *s)
{
    return (uint16_t)(s->sum.n | s->squares.n << SQUARES_PARTS | (s->sum.inexact ? INEXACT : 0) |
                      (s->sum.overflow ? OVERFLOWED : 0) |
                      (s->squares.inexact ? INEXACT << SQUARES_FLAGS : 0) |
                      (s->squares.overflow ? OVERFLOWED << SQUARES_FLAGS : 0));
}

static void set_shape(struct window_stats *s, uint16_t shape)
{
    s->sum.n = shape & PARTS_MASK;
    s->squares.n = shape >> SQUARES_PARTS & PARTS_MASK;
    s->sum.inexact = shape & INEXACT;
    s->sum.overflow = shape & OVERFLOWED;
    s->squares.inexact = shape & INEXACT << SQUARES_FLAGS;
    s->squares.overflow = shape & OVERFLOWED << SQUARES_FLAGS;
}

static bool is_near(int64_t ms, int64_t start_ms)
{
    return ms - start_ms >= INT32_MIN && ms - start_ms <= INT32_MAX;
}

size_t window_pack_size(const struct window *w)
{
    size_t size = HEAD;
    bool fits = w->late <= UINT32_MAX && w->shares <= UINT16_MAX;
    for (unsigned i = 0; i < w->shares && fits; i++) {
        const struct window_stats *s = &w->share[i].stats;
        size += SHARE + sizeof(double) * (s->sum.n + s->squares.n);
        fits = s->count <= UINT32_MAX && is_near(s->first_ms, w->start_ms) &&
               is_near(s->last_ms, w->start_ms);
    }
    return fits ? size : 0;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static const uint8_t *get(const uint8_t *at, void *bytes, size_t len)
{
    memcpy(bytes, at, len);
    return at + len;
}

static uint8_t *put_share(uint8_t *at, const struct window_share *share, int64_t start_ms)
{
    const struct window_stats *s = &share->stats;
    uint16_t shape = shape_of(s);
    uint32_t count = (uint32_t)s->count;
    int32_t first_ms = (int32_t)(s->first_ms - start_ms),
            last_ms = (int32_t)(s->last_ms - start_ms);
    at = put(at, &share->partition, sizeof share->partition);
    at = put(at, &share->src, sizeof share->src);
    at = put(at, &count, sizeof count);
    at = put(at, (double[]){s->min, s->max, s->first, s->last}, 4 * sizeof(double));
    at = put(at, (int32_t[]){first_ms, last_ms}, 2 * sizeof(int32_t));
    at = put(at, &shape, sizeof shape);
    at = put(at, s->sum.part, s->sum.n * sizeof(double));
    return put(at, s->squares.part, s->squares.n * sizeof(double));
}

static const uint8_t *get_share(const uint8_t *at, struct window_share *share, int64_t start_ms)
{
    struct window_stats *s = &share->stats;
    double ends[4];
    int32_t times[2];
    uint32_t count;
    uint16_t shape;
    *share = (struct window_share){0};
    at = get(at, &share->partition, sizeof share->partition);
    at = get(at, &share->src, sizeof share->src);
    at = get(at, &count, sizeof count);
    s->count = count;
    at = get(at, ends, sizeof ends);
    at = get(at, times, sizeof times);
    at = get(at, &shape, sizeof shape);
    s->min = ends[0], s->max = ends[1], s->first = ends[2], s->last = ends[3];
    s->first_ms = start_ms + times[0], s->last_ms = start_ms + times[1];
    set_shape(s, shape);
    at = get(at, s->sum.part, s->sum.n * sizeof(double));
    return get(at, s->squares.part, s->squares.n * sizeof(double));
}

void window_pack(const struct window *w, uint8_t *out)
{
    uint16_t shares = (uint16_t)w->shares;
    uint32_t late = (uint32_t)w->late;
    out = put(out, &late, sizeof late);
    out = put(out, &shares, sizeof shares);
    for (unsigned i = 0; i < w->shares; i++)
        out = put_share(out, &w->share[i], w->start_ms);
}

void window_unpack(struct window *w, const uint8_t *bytes)
{
    uint16_t shares;
    uint32_t late;
    bytes = get(bytes, &late, sizeof late);
    w->late = late;
    bytes = get(bytes, &shares, sizeof shares);
    if (shares > w->shares_cap) {
        w->share = xreallocarray(w->share, shares, sizeof *w->share);
        w->shares_cap = shares;
    }
    w->shares = shares;
    for (unsigned i = 0; i < shares; i++)
        bytes = get_share(bytes, &w->share[i], w->start_ms);
}
