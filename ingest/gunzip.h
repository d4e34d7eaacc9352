/* The gzip coding of bodies (RFC 1952), undone under limits: bytes in, bytes out. Pure. */
#ifndef WEIR_INGEST_GUNZIP_H
#define WEIR_INGEST_GUNZIP_H

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

struct gunzip_limits {
    size_t max_bytes; /* of the output */
    /* The output may be so many times as long as the input, beyond its first free_bytes: it bounds
     * the work that a byte from the network can make, whatever max_bytes is. Readings compress to
     * a tenth or a fortieth; deflate can reach 1:1032, of one byte repeated. */
    unsigned max_ratio;
    size_t free_bytes;
};

enum { GUNZIP_RATIO = 200, GUNZIP_FREE_BYTES = 65536 };

/* The two numbers above, and this max_bytes. */
struct gunzip_limits gunzip_limits(size_t max_bytes);

struct gunzip;

/* The state of the decoder, about 40 KiB, for any number of bodies one after the other. */
struct gunzip *gunzip_new(void);
void gunzip_free(struct gunzip *g);

/* Decodes the whole of `in` into `out`, which is cleared first and never grows past max_bytes and
 * a little. One or more members, one after the other, are one text (RFC 1952 section 2.2); every
 * one must be complete, with the right checksum and length. 0; ERR_SYNTAX: no gzip, damaged, cut
 * short, or more bytes after it; ERR_TOO_LARGE. `e` says which, and at which byte of the input. */
WEIR_MUST_CHECK int gunzip_decode(struct gunzip *g, struct span in,
                                  const struct gunzip_limits *limits, struct buf *out,
                                  struct err *e);

#endif
