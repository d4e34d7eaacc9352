/* The gzip coding: the same bytes as a plain loop over zlib, never more than the limits allow, and
 * what was compressed comes back. */
#define ZLIB_CONST
#include <stdlib.h>
#include <zlib.h>

#include "common/base/xmalloc.h"
#include "ingest/gunzip.h"
#include "tests/fuzz/fuzz.h"

enum { GZIP = 15 + 16, ORACLE_MAX = 1 << 21 };

/* Whole, or the bytes up to where it is broken, or up to ORACLE_MAX. */
static bool oracle(struct span in, struct buf *out)
{
    z_stream z = {.next_in = (const Bytef *)in.p, .avail_in = (uInt)in.len};
    int rc = inflateInit2(&z, GZIP);
    do {
        z.next_out = (Bytef *)buf_reserve(out, 4096);
        z.avail_out = 4096;
        rc = rc == Z_STREAM_END ? inflateReset(&z) : rc;
        rc = rc == Z_OK ? inflate(&z, Z_NO_FLUSH) : rc;
        buf_commit(out, 4096 - z.avail_out);
    } while (out->len < ORACLE_MAX &&
             ((rc == Z_OK && z.avail_out == 0) || (rc == Z_STREAM_END && z.avail_in > 0)));
    inflateEnd(&z);
    return rc == Z_STREAM_END && z.avail_in == 0;
}

static struct gunzip *decoder(void)
{
    static struct gunzip *g; /* for all inputs: nothing of one may be left in the next */
    if (!g)
        g = gunzip_new();
    return g;
}

static int decode(struct span in, const struct gunzip_limits *limits, struct buf *out)
{
    struct err e = {0};
    char *copy = fuzz_copy(in);
    int rc = gunzip_decode(decoder(), span_of(copy, in.len), limits, out, &e);
    fuzz_require((rc == 0) == (e.message[0] == 0), "%d: \"%s\"", rc, e.message);
    fuzz_require(rc == 0 || rc == ERR_SYNTAX || rc == ERR_TOO_LARGE, "%d: %s", rc, e.message);
    fuzz_require(out->len <= limits->max_bytes + 1, "%zu bytes, %zu allowed", out->len,
                 limits->max_bytes);
    free(copy);
    return rc;
}

static struct gunzip_limits choose(uint8_t choice)
{
    static const size_t max[] = {0, 1, 1000, 65536, 1 << 20};
    static const unsigned ratio[] = {1, 20, GUNZIP_RATIO};
    static const size_t free_bytes[] = {0, 100, GUNZIP_FREE_BYTES};
    return (struct gunzip_limits){.max_bytes = max[choice % 5],
                                  .max_ratio = ratio[choice / 5 % 3],
                                  .free_bytes = free_bytes[choice / 15 % 3]};
}

static void check_decoding(struct span in, const struct gunzip_limits *limits)
{
    struct buf ours = {0}, theirs = {0};
    int rc = decode(in, limits, &ours);
    bool whole = oracle(in, &theirs);
    size_t most = limits->free_bytes + in.len * limits->max_ratio;
    if (rc == 0) {
        fuzz_require(whole && span_eq(buf_view(&ours), buf_view(&theirs)), "other bytes");
        fuzz_require(ours.len <= limits->max_bytes && ours.len <= most, "%zu of %zu bytes",
                     ours.len, in.len);
    } else if (rc == ERR_SYNTAX) {
        fuzz_require(!whole, "refused, and is whole");
    } else {
        fuzz_require(theirs.len > limits->max_bytes || theirs.len > limits->free_bytes,
                     "too large with %zu bytes", theirs.len);
    }
    buf_deinit(&ours);
    buf_deinit(&theirs);
}

static void compress_to(struct span text, int level, struct buf *out)
{
    z_stream z = {.next_in = (const Bytef *)text.p, .avail_in = (uInt)text.len};
    fuzz_require(deflateInit2(&z, level, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib");
    uLong bound = deflateBound(&z, (uLong)text.len);
    z.next_out = (Bytef *)buf_reserve(out, bound);
    z.avail_out = (uInt)bound;
    fuzz_require(deflate(&z, Z_FINISH) == Z_STREAM_END, "zlib");
    buf_commit(out, bound - z.avail_out);
    deflateEnd(&z);
}

/* There and back, under limits that just suffice; with one byte less of either it is refused. */
static void there_and_back(struct span text, int level)
{
    struct buf small = {0}, back = {0};
    struct gunzip_limits limits = {.max_bytes = text.len, .max_ratio = 2000, .free_bytes = 1000};
    compress_to(text, level, &small);
    fuzz_require(decode(buf_view(&small), &limits, &back) == 0 && span_eq(buf_view(&back), text),
                 "it does not come back");
    fuzz_require(decode(span_of(small.data, small.len - 1), &limits, &back) == ERR_SYNTAX,
                 "cut short and taken");
    if (text.len > 0) {
        limits.max_bytes--;
        fuzz_require(decode(buf_view(&small), &limits, &back) == ERR_TOO_LARGE, "over the limit");
    }
    buf_deinit(&small);
    buf_deinit(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = fuzz_input(data, size);
    struct gunzip_limits limits = choose(in.choice);
    check_decoding(in.bytes, &limits);
    there_and_back(in.bytes, in.choice % 10);
    return 0;
}
