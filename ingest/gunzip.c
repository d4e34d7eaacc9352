/* The gzip coding of bodies, undone under limits. */
#include "ingest/gunzip.h"

#define ZLIB_CONST
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "common/base/xmalloc.h"

enum {
    WINDOW_GZIP_ONLY = 15 + 16, /* of inflateInit2: the largest window, and no other wrapping */
    FIRST_ROOM = 16384,         /* bytes of output made room for at first */
};

struct gunzip {
    z_stream stream;
};

struct gunzip_limits gunzip_limits(size_t max_bytes)
{
    return (struct gunzip_limits){
        .max_bytes = max_bytes, .max_ratio = GUNZIP_RATIO, .free_bytes = GUNZIP_FREE_BYTES};
}

static void *allocate(void *arg, unsigned items, unsigned size)
{
    (void)arg;
    return xcalloc(items, size);
}

static void release(void *arg, void *p)
{
    (void)arg;
    free(p);
}

struct gunzip *gunzip_new(void)
{
    struct gunzip *g = xcalloc(1, sizeof *g);
    g->stream.zalloc = allocate;
    g->stream.zfree = release;
    /* Cannot fail: memory does not, and the version is the one it was compiled with. */
    if (inflateInit2(&g->stream, WINDOW_GZIP_ONLY) != Z_OK)
        abort();
    return g;
}

void gunzip_free(struct gunzip *g)
{
    if (!g)
        return;
    inflateEnd(&g->stream);
    free(g);
}

static size_t consumed(const struct gunzip *g, struct span in)
{
    return in.len - g->stream.avail_in;
}

/* What the input read so far may have become. */
static size_t allowed(const struct gunzip *g, struct span in, const struct gunzip_limits *limits)
{
    size_t by_ratio = limits->free_bytes + consumed(g, in) * limits->max_ratio;
    return by_ratio < limits->max_bytes ? by_ratio : limits->max_bytes;
}

static int check_size(const struct gunzip *g, struct span in, const struct gunzip_limits *limits,
                      const struct buf *out, struct err *e)
{
    if (out->len > limits->max_bytes)
        return err_set(e, ERR_TOO_LARGE, "the decompressed body is larger than %zu bytes",
                       limits->max_bytes);
    if (out->len > allowed(g, in, limits))
        return err_set(e, ERR_TOO_LARGE,
                       "the decompressed body is more than %u times as large as the compressed one",
                       limits->max_ratio);
    return 0;
}

/* Makes room for as much again as there is, up to one byte more than is allowed: with that byte
 * written, it was too much. */
static void make_room(struct gunzip *g, const struct gunzip_limits *limits, struct buf *out)
{
    size_t room = out->len > FIRST_ROOM ? out->len : FIRST_ROOM;
    size_t most = limits->max_bytes + 1 - out->len;
    room = room < most ? room : most;
    room = room < UINT_MAX ? room : UINT_MAX;
    g->stream.next_out = (Bytef *)buf_reserve(out, room);
    g->stream.avail_out = (uInt)room;
}

static int refuse(const struct gunzip *g, struct span in, int rc, struct err *e)
{
    const char *why = g->stream.msg;
    if (rc == Z_BUF_ERROR)
        why = "cut short";
    else if (!why)
        why = "damaged";
    return err_set(e, ERR_SYNTAX, "the body is not gzip: %s at byte %zu", why, consumed(g, in));
}

/* One piece of output. 0 and *ended when a member is complete. */
static int decode_piece(struct gunzip *g, struct span in, const struct gunzip_limits *limits,
                        struct buf *out, bool *ended, struct err *e)
{
    make_room(g, limits, out);
    uInt room = g->stream.avail_out;
    int rc = inflate(&g->stream, Z_NO_FLUSH);
    buf_commit(out, room - g->stream.avail_out);
    int too_large = check_size(g, in, limits, out, e);
    if (too_large != 0)
        return too_large;
    *ended = rc == Z_STREAM_END;
    /* Z_OK with room left: it wants more input, and there is none. */
    if (rc == Z_OK && g->stream.avail_out > 0)
        rc = Z_BUF_ERROR;
    return rc == Z_OK || *ended ? 0 : refuse(g, in, rc, e);
}

static int decode_member(struct gunzip *g, struct span in, const struct gunzip_limits *limits,
                         struct buf *out, struct err *e)
{
    bool ended = false;
    int rc = 0;
    inflateReset(&g->stream);
    while (rc == 0 && !ended)
        rc = decode_piece(g, in, limits, out, &ended, e);
    return rc;
}

int gunzip_decode(struct gunzip *g, struct span in, const struct gunzip_limits *limits,
                  struct buf *out, struct err *e)
{
    buf_clear(out);
    if (in.len > UINT_MAX)
        return err_set(e, ERR_TOO_LARGE, "the compressed body is larger than %u bytes", UINT_MAX);
    g->stream.next_in = (const Bytef *)in.p;
    g->stream.avail_in = (uInt)in.len;
    int rc;
    do {
        rc = decode_member(g, in, limits, out, e);
    } while (rc == 0 && g->stream.avail_in > 0);
    return rc;
}
