/* Rate limits: a token bucket for each name in fixed memory, for all threads and without locks. */
#include "ingest/rate.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/xmalloc.h"

/*  63          44 43                       0
 * | fingerprint  | when the bucket is full  |
 *
 * Times are ticks modulo 2^44. A token is a whole number of ticks, so that rates are exact: about
 * 10 us each, fewer than that only for rates above 6250 a second. */
enum {
    TIME_BITS = 44,
    LINE_BYTES = 64,
    TICKS_PER_S = 100000,
    TOKEN_TICKS_MIN = 16,
    TOKEN_TICKS_MAX = 1 << 20,
    TRIES_MAX = 100, /* of a charge against other threads; beyond, it is not charged */
};
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)

struct line {
    _Atomic uint64_t word[RATE_LINE_WORDS];
};

struct rate {
    struct rate_limit limit;
    uint64_t seed;
    uint64_t token; /* ticks */
    uint64_t slack; /* ticks: how far ahead the time of a bucket with one token is */
    /* Ticks. A time further ahead than this is one of long ago: 2^44 ticks are 5.6 years (13 days
     * at a million a second), and only a name that was silent for just as long would be mistaken.
     */
    uint64_t horizon;
    double ticks_per_ns;
    size_t mask;
    struct line *line; /* aligned, in `memory` */
    void *memory;
};

_Static_assert(sizeof(struct line) == LINE_BYTES, "a line of buckets is a cache line");
_Static_assert((uint64_t)(RATE_BURST_MAX + RATE_CHARGE_MAX) * TOKEN_TICKS_MAX < TIME_MASK / 2,
               "the largest debt is far from wrapping around");

static uint64_t token_ticks(double per_s)
{
    double ticks = round(TICKS_PER_S / per_s);
    return (uint64_t)fmin(fmax(ticks, TOKEN_TICKS_MIN), TOKEN_TICKS_MAX);
}

struct rate *rate_new(const struct rate_limit *limit, size_t lines, uint64_t seed)
{
    struct rate *r = xcalloc(1, sizeof *r);
    r->limit = *limit;
    r->seed = seed;
    r->token = token_ticks(limit->per_s);
    r->slack = (uint64_t)(limit->burst - 1) * r->token;
    r->horizon = (uint64_t)(limit->burst + RATE_CHARGE_MAX) * r->token;
    r->ticks_per_ns = limit->per_s * (double)r->token / 1e9;
    r->mask = lines - 1;
    r->memory = xcalloc(lines + 1, LINE_BYTES);
    uintptr_t at = ((uintptr_t)r->memory + LINE_BYTES - 1) & ~(uintptr_t)(LINE_BYTES - 1);
    r->line = (struct line *)at;
    return r;
}

void rate_free(struct rate *r)
{
    if (!r)
        return;
    free(r->memory);
    free(r);
}

const struct rate_limit *rate_limit(const struct rate *r)
{
    return &r->limit;
}

static uint64_t ticks_of(const struct rate *r, uint64_t ns)
{
    return (uint64_t)((double)ns * r->ticks_per_ns) & TIME_MASK;
}

/* How many ticks until the bucket is full. */
static uint64_t missing(const struct rate *r, uint64_t word, uint64_t now)
{
    uint64_t ahead = (word - now) & TIME_MASK;
    return ahead <= r->horizon ? ahead : 0;
}

/* Where the word of a name is, or where it may be written; *missing_ticks is the name's. */
static _Atomic uint64_t *find(const struct rate *r, uint64_t hash, uint64_t now, uint64_t *seen,
                              uint64_t *missing_ticks)
{
    _Atomic uint64_t *words = r->line[hash & r->mask].word, *fullest = NULL;
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < RATE_LINE_WORDS; i++) {
        uint64_t word = atomic_load_explicit(&words[i], memory_order_relaxed);
        uint64_t m = missing(r, word, now);
        bool own = word >> TIME_BITS == hash >> TIME_BITS;
        if (own || m < least) {
            least = m;
            fullest = &words[i];
            *seen = word;
        }
        *missing_ticks = own ? m : 0;
        if (own)
            break;
    }
    return fullest;
}

uint64_t rate_wait_ns(const struct rate *r, struct span name, uint64_t now_ns)
{
    uint64_t seen, ticks;
    find(r, hash_table(name, r->seed), ticks_of(r, now_ns), &seen, &ticks);
    if (ticks <= r->slack)
        return 0;
    return (uint64_t)((double)(ticks - r->slack) / r->ticks_per_ns) + 1;
}

void rate_charge(struct rate *r, struct span name, unsigned count, uint64_t now_ns)
{
    uint64_t hash = hash_table(name, r->seed), now = ticks_of(r, now_ns), seen, ticks;
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        _Atomic uint64_t *word = find(r, hash, now, &seen, &ticks);
        uint64_t owed = ticks + count * r->token;
        owed = owed < r->horizon ? owed : r->horizon;
        uint64_t fresh = hash >> TIME_BITS << TIME_BITS | ((now + owed) & TIME_MASK);
        if (atomic_compare_exchange_strong_explicit(word, &seen, fresh, memory_order_relaxed,
                                                    memory_order_relaxed))
            return;
    }
}
