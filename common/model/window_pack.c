/* A window in as few bytes as it needs: unused parts of the exact sums are left out, times count
 * from its start.
 *
 *   shares(2) late(4, if any) | partition(4) src(8) count(4) min max first last(32)
 *                               first_ms last_ms(8) shape(2) parts(8 each) | next share ...
 *
 * What does not fit (4e9 readings, times 24 days from the start, 16,383 shares) is written wide:
 * 0xffff shares(4) late(8), and counts and times of eight bytes. */
#include "common/model/window_pack.h"

#include <string.h>

#include "common/base/xmalloc.h"

enum { HEAD = 2, LATE = 4, SHARE = 58, WIDE_HEAD = 14, WIDE_SHARE = 70 };
enum { IS_LATE = 0x8000, IS_WIDE = 0xffff, SHARES_MAX = 0x3fff };

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

static bool is_narrow_share(const struct window_stats *s, int64_t start_ms)
{
    return s->count <= UINT32_MAX && is_near(s->first_ms, start_ms) &&
           is_near(s->last_ms, start_ms);
}

/* Whether the fields have room in the narrow form. */
static bool is_narrow(const struct window *w)
{
    bool fits = w->late <= UINT32_MAX && w->shares <= SHARES_MAX;
    for (unsigned i = 0; i < w->shares && fits; i++)
        fits = is_narrow_share(&w->share[i].stats, w->start_ms);
    return fits;
}

static size_t share_size(const struct window_stats *s, bool narrow)
{
    return (narrow ? SHARE : WIDE_SHARE) + sizeof(double) * (s->sum.n + s->squares.n);
}

size_t window_pack_size(const struct window *w)
{
    bool narrow = is_narrow(w);
    size_t size = narrow ? HEAD + (w->late ? LATE : 0) : WIDE_HEAD;
    for (unsigned i = 0; i < w->shares; i++)
        size += share_size(&w->share[i].stats, narrow);
    return size;
}

/* --- writing ---------------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static uint8_t *put_number(uint8_t *at, uint64_t v, bool narrow)
{
    uint32_t low = (uint32_t)v;
    return narrow ? put(at, &low, sizeof low) : put(at, &v, sizeof v);
}

static uint8_t *put_parts(uint8_t *at, const struct exact_sum *sum)
{
    for (unsigned i = 0; i < sum->n; i++)
        at = put(at, &sum->part[i], sizeof sum->part[i]);
    return at;
}

static uint8_t *put_share(uint8_t *at, const struct window_share *share, int64_t start_ms,
                          bool narrow)
{
    const struct window_stats *s = &share->stats;
    uint16_t shape = shape_of(s);
    at = put(at, &share->partition, sizeof share->partition);
    at = put(at, &share->src, sizeof share->src);
    at = put_number(at, s->count, narrow);
    at = put(at, (double[]){s->min, s->max, s->first, s->last}, 4 * sizeof(double));
    at = put_number(at, (uint64_t)(s->first_ms - start_ms), narrow);
    at = put_number(at, (uint64_t)(s->last_ms - start_ms), narrow);
    at = put(at, &shape, sizeof shape);
    return put_parts(put_parts(at, &s->sum), &s->squares);
}

static uint8_t *put_head(uint8_t *at, const struct window *w, bool narrow)
{
    uint16_t head = (uint16_t)(!narrow ? IS_WIDE : w->shares | (w->late ? IS_LATE : 0));
    uint32_t shares = w->shares;
    at = put(at, &head, sizeof head);
    if (!narrow)
        at = put(at, &shares, sizeof shares);
    return narrow && !w->late ? at : put_number(at, w->late, narrow);
}

void window_pack(const struct window *w, uint8_t *out)
{
    bool narrow = is_narrow(w);
    out = put_head(out, w, narrow);
    for (unsigned i = 0; i < w->shares; i++)
        out = put_share(out, &w->share[i], w->start_ms, narrow);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct head {
    bool narrow;
    uint32_t shares;
    uint64_t late;
};

static const uint8_t *get(const uint8_t *at, void *bytes, size_t len)
{
    memcpy(bytes, at, len);
    return at + len;
}

static const uint8_t *get_count(const uint8_t *at, uint64_t *v, bool narrow)
{
    uint32_t low;
    if (!narrow)
        return get(at, v, sizeof *v);
    at = get(at, &low, sizeof low);
    *v = low;
    return at;
}

static const uint8_t *get_time(const uint8_t *at, int64_t *ms, int64_t start_ms, bool narrow)
{
    int32_t near;
    if (narrow) {
        at = get(at, &near, sizeof near);
        *ms = near;
    } else {
        at = get(at, ms, sizeof *ms);
    }
    *ms += start_ms;
    return at;
}

static const uint8_t *get_parts(const uint8_t *at, struct exact_sum *sum)
{
    for (unsigned i = 0; i < sum->n; i++)
        at = get(at, &sum->part[i], sizeof sum->part[i]);
    return at;
}

static const uint8_t *get_share(const uint8_t *at, struct window_share *share, int64_t start_ms,
                                bool narrow)
{
    struct window_stats *s = &share->stats;
    double ends[4];
    uint16_t shape;
    *share = (struct window_share){0};
    at = get(at, &share->partition, sizeof share->partition);
    at = get(at, &share->src, sizeof share->src);
    at = get_count(at, &s->count, narrow);
    at = get(at, ends, sizeof ends);
    at = get_time(at, &s->first_ms, start_ms, narrow);
    at = get_time(at, &s->last_ms, start_ms, narrow);
    at = get(at, &shape, sizeof shape);
    s->min = ends[0], s->max = ends[1], s->first = ends[2], s->last = ends[3];
    set_shape(s, shape);
    return get_parts(get_parts(at, &s->sum), &s->squares);
}

static const uint8_t *get_head(const uint8_t *at, struct head *h)
{
    uint16_t head;
    at = get(at, &head, sizeof head);
    *h = (struct head){.narrow = head != IS_WIDE, .shares = head & SHARES_MAX};
    if (!h->narrow)
        at = get(at, &h->shares, sizeof h->shares);
    return head & IS_LATE ? get_count(at, &h->late, h->narrow) : at;
}

void window_unpack(struct window *w, const uint8_t *bytes)
{
    struct head h;
    bytes = get_head(bytes, &h);
    w->late = h.late;
    if (h.shares > w->shares_cap) {
        w->share = xreallocarray(w->share, h.shares, sizeof *w->share);
        w->shares_cap = h.shares;
    }
    w->shares = h.shares;
    for (unsigned i = 0; i < h.shares; i++)
        bytes = get_share(bytes, &w->share[i], w->start_ms, h.narrow);
}

int32_t window_pack_source(const uint8_t *bytes)
{
    struct head h;
    struct window_share share = {.partition = -1};
    bytes = get_head(bytes, &h);
    for (unsigned i = 0; i < h.shares; i++)
        bytes = get_share(bytes, &share, 0, h.narrow);
    return share.partition;
}

/* --- folding where it lies -------------------------------------------------------------------- */

enum pack_fold window_pack_begin(uint8_t *bytes, size_t room, int64_t start_ms,
                                 const struct window_sample *sample)
{
    struct window_share share = {.partition = sample->partition, .src = -1};
    uint16_t head = 1;
    (void)window_share_fold(&share, sample->offset, sample->ts_ms, sample->value);
    if (!is_narrow_share(&share.stats, start_ms) || HEAD + share_size(&share.stats, true) > room)
        return PACK_UNFIT;
    put_share(put(bytes, &head, sizeof head), &share, start_ms, true);
    return PACK_FOLDED;
}

/* The two sums take a third of the time, and copying to and from a window took another. */
enum pack_fold window_pack_fold(uint8_t *bytes, size_t room, int64_t start_ms,
                                const struct window_sample *sample)
{
    struct window_share share;
    struct window_stats *s = &share.stats;
    uint16_t head;
    const uint8_t *at = get(bytes, &head, sizeof head);
    if (head != 1) /* one share, narrow, not late */
        return PACK_UNFIT;
    get_share(at, &share, start_ms, true);
    if (share.partition != sample->partition)
        return PACK_UNFIT;
    if (!window_share_fold(&share, sample->offset, sample->ts_ms, sample->value))
        return PACK_REPLAY;
    if (HEAD + share_size(s, true) > room) {
        exact_sum_compress(&s->sum);
        exact_sum_compress(&s->squares);
    }
    if (!is_narrow_share(s, start_ms) || HEAD + share_size(s, true) > room)
        return PACK_UNFIT;
    put_share(bytes + HEAD, &share, start_ms, true);
    return PACK_FOLDED;
}
