/* Rate limits: a token bucket for each name in fixed memory, for all threads and without locks.
 * Pure.
 *
 * The bucket of a name (a device, a key) holds `burst` tokens at most and gains `per_s` a second; a
 * reading takes one. What may pass is decided before it is charged, and a charge may be larger than
 * what is left: the bucket is in debt then, and nothing passes until it has a whole token again. So
 * a request of any size gets through, and what it took too early is missing later: over any time t
 * the readings of requests of one reading are at most burst + per_s * t, and of larger ones at most
 * one request more. Threads that ask in the same instant may each be let through once.
 *
 * GCRA (ITU-T I.371, the virtual scheduling algorithm): the bucket is one number, the time at which
 * it will be full. One 64-bit word is 20 bits of fingerprint and 44 bits of that time; eight words
 * are a cache line, and the hash of a name says which line. A name that has no word has a full
 * bucket, and so has one whose time has passed: its word is free for others without loss.
 *
 * Who shares: two names have the same line and fingerprint with a probability of 2^-34 when there
 * are 16384 lines; of 100,000 names at once that is 0.3 pairs. The seed is not known outside, so
 * nobody can look for them.
 * Who is forgotten: where more than eight names of a line have buckets that are not full, the
 * fullest makes room and is full when it comes back. 131,072 words hold about as many names that
 * send without pause; beyond, names get more than their rate and none gets less. */
#ifndef WEIR_INGEST_RATE_H
#define WEIR_INGEST_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/span.h"

enum {
    RATE_LINES = 16384, /* of 64 bytes: 1 MiB */
    RATE_LINE_WORDS = 8,
    RATE_BURST_MAX = 1000000,  /* readings */
    RATE_CHARGE_MAX = 1000000, /* readings at once, and what a bucket may owe */
};

#define RATE_PER_S_MIN 0.001

struct rate_limit {
    double per_s;  /* readings a second, RATE_PER_S_MIN to 1e6 */
    int64_t burst; /* readings, 1 to RATE_BURST_MAX */
};

struct rate;

/* `lines` is a power of two. Names are told apart by a hash with this seed. */
struct rate *rate_new(const struct rate_limit *limit, size_t lines, uint64_t seed);
void rate_free(struct rate *r);
const struct rate_limit *rate_limit(const struct rate *r);

/* How long until a reading of this name may pass, in ns of the monotonic clock; 0 = now. */
uint64_t rate_wait_ns(const struct rate *r, struct span name, uint64_t now_ns);
/* `count` readings have passed: at most RATE_CHARGE_MAX of them are charged. */
void rate_charge(struct rate *r, struct span name, unsigned count, uint64_t now_ns);

#endif
