/* A window as shares of partitions: folding a reading in once, and joining two states of it. */
#include <stdlib.h>
#include <string.h>

#include "common/model/window.h"

#include "common/base/num.h"
#include "common/base/sabotage.h"
#include "common/base/xmalloc.h"

int64_t window_start(int64_t ts_ms, int64_t length_ms)
{
    int64_t into = ts_ms % length_ms;
    return ts_ms - (into < 0 ? into + length_ms : into);
}

void window_init(struct window *w, int64_t start_ms)
{
    *w = (struct window){.start_ms = start_ms};
}

void window_deinit(struct window *w)
{
    free(w->share);
    w->share = NULL;
    w->shares = w->shares_cap = 0;
}

/* Where the share of the partition is, or has to be put. */
static unsigned position_of(const struct window *w, int32_t partition)
{
    unsigned i = 0;
    while (i < w->shares && w->share[i].partition < partition) {
        i++;
    }
    return i;
}

static const struct window_share *find_share(const struct window *w, int32_t partition)
{
    unsigned i = position_of(w, partition);
    return i < w->shares && w->share[i].partition == partition ? &w->share[i] : NULL;
}

static struct window_share *insert_share(struct window *w, unsigned i)
{
    if (w->shares == w->shares_cap) {
        w->shares_cap = w->shares_cap > 0 ? w->shares_cap * 2 : WINDOW_SHARES_INLINE;
        w->share = xreallocarray(w->share, w->shares_cap, sizeof(*w->share));
    }
    memmove(&w->share[i + 1], &w->share[i], (w->shares - i) * sizeof(*w->share));
    w->shares++;
    return &w->share[i];
}

bool window_share_fold(struct window_share *share, int64_t offset, int64_t ts_ms, double value)
{
    if (offset <= share->src && !SABOTAGED(BREAK_INC_WITHOUT_GUARD)) {
        return false;
    }
    share->src = offset;
    window_stats_fold(&share->stats, ts_ms, value);
    return true;
}

bool window_fold(struct window *w, int32_t partition, int64_t offset, int64_t ts_ms, double value)
{
    unsigned i = position_of(w, partition);
    if (i == w->shares || w->share[i].partition != partition) {
        *insert_share(w, i) = (struct window_share){.partition = partition, .src = -1};
    }
    bool changed = window_share_fold(&w->share[i], offset, ts_ms, value);
    w->late += changed && w->final;
    return changed;
}

void window_gather(struct window *w, int32_t partition, int64_t offset, int64_t ts_ms, double value)
{
    unsigned i = position_of(w, partition);
    if (i == w->shares || w->share[i].partition != partition) {
        *insert_share(w, i) = (struct window_share){.partition = partition, .src = offset};
    }
    struct window_share *share = &w->share[i];
    share->src = offset > share->src ? offset : share->src;
    window_stats_fold(&share->stats, ts_ms, value);
}

void window_compress(struct window *w)
{
    for (unsigned i = 0; i < w->shares; i++) {
        exact_sum_compress(&w->share[i].stats.sum);
        exact_sum_compress(&w->share[i].stats.squares);
    }
}

int64_t window_src(const struct window *w, int32_t partition)
{
    const struct window_share *share = find_share(w, partition);
    return share ? share->src : -1;
}

static void take_share(struct window *w, const struct window_share *theirs)
{
    unsigned i = position_of(w, theirs->partition);
    if (i == w->shares || w->share[i].partition != theirs->partition) {
        *insert_share(w, i) = *theirs;
    } else if (w->share[i].src < theirs->src) {
        w->share[i] = *theirs;
    }
}

/* Whether `w` holds something that `other` has not. */
static bool is_ahead(const struct window *w, const struct window *other)
{
    if (w->late > other->late || (w->final && !other->final)) {
        return true;
    }
    for (unsigned i = 0; i < w->shares; i++) {
        const struct window_share *theirs = find_share(other, w->share[i].partition);
        if (!theirs || theirs->src < w->share[i].src) {
            return true;
        }
    }
    return false;
}

bool window_join(struct window *w, const struct window *other)
{
    for (unsigned i = 0; i < other->shares; i++) {
        take_share(w, &other->share[i]);
    }
    w->late = other->late > w->late ? other->late : w->late;
    w->final = w->final || other->final;
    w->rev = other->rev;
    return is_ahead(w, other);
}

void window_total(const struct window *w, struct window_stats *out)
{
    *out = (struct window_stats){.count = 0};
    for (unsigned i = 0; i < w->shares; i++) {
        window_stats_merge(out, &w->share[i].stats);
    }
}

static size_t put(char out[WINDOW_ID_MAX], size_t at, struct span text, size_t max)
{
    size_t len = text.len < max ? text.len : max;
    if (len > 0) {
        memcpy(out + at, text.p, len);
    }
    return at + len;
}

size_t window_id(char out[WINDOW_ID_MAX], struct span device_id, struct span sensor,
                 int64_t start_ms)
{
    char start[NUM_TEXT_MAX];
    size_t digits = num_format_i64(window_start(start_ms, 1000) / 1000, start);
    size_t len = put(out, 0, sensor, 64);
    out[len++] = '/';
    len = put(out, len, span_of(start, digits), sizeof(start));
    out[len++] = '/';
    len = put(out, len, device_id, 128);
    out[len] = '\0';
    return len;
}
