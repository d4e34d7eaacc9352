/* A stored window: totals for people, and for each partition what makes them exact again. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "common/mongo/document.h"
#include "common/store/documents.h"

static const struct document_field head_fields[] = {
    {"timestamp", DOCUMENT_DATE, offsetof(struct window, start_ms)},
    {"late", DOCUMENT_INT64, offsetof(struct window, late)},
    {"final", DOCUMENT_BOOL, offsetof(struct window, final)},
    {"rev", DOCUMENT_INT64, offsetof(struct window, rev)},
};

/* Numbers that are exact as they stand. In the document's top level for the whole window, and in
 * each share where there are several. */
static const struct document_field plain_fields[] = {
    {"count", DOCUMENT_INT64, offsetof(struct window_stats, count)},
    {"min", DOCUMENT_DOUBLE, offsetof(struct window_stats, min)},
    {"max", DOCUMENT_DOUBLE, offsetof(struct window_stats, max)},
    {"first", DOCUMENT_DOUBLE, offsetof(struct window_stats, first)},
    {"last", DOCUMENT_DOUBLE, offsetof(struct window_stats, last)},
};

static const struct document_field share_fields[] = {
    {"p", DOCUMENT_INT32, offsetof(struct window_share, partition)},
    {"o", DOCUMENT_INT64, offsetof(struct window_share, src)},
    {"first_ms", DOCUMENT_INT64, offsetof(struct window_share, stats.first_ms)},
    {"last_ms", DOCUMENT_INT64, offsetof(struct window_share, stats.last_ms)},
};

/* Rounded for people; never read back. */
struct derived {
    double sum, average, stddev;
};
static const struct document_field derived_fields[] = {
    {"sum", DOCUMENT_DOUBLE, offsetof(struct derived, sum)},
    {"average", DOCUMENT_DOUBLE, offsetof(struct derived, average)},
    {"stddev", DOCUMENT_DOUBLE, offsetof(struct derived, stddev)},
};

enum { SUM_INEXACT = 1, SUM_OVERFLOW = 2, SQUARES_SHIFT = 2 };

static int32_t flags_of(const struct exact_sum *s)
{
    return (s->inexact ? SUM_INEXACT : 0) | (s->overflow ? SUM_OVERFLOW : 0);
}

static void set_flags(struct exact_sum *s, int32_t flags)
{
    s->inexact = flags & SUM_INEXACT;
    s->overflow = flags & SUM_OVERFLOW;
}

static void append_parts(bson_t *doc, const char *name, const struct exact_sum *s)
{
    static const char *const index[EXACT_SUM_PARTS] = {"0", "1", "2", "3", "4", "5"};
    bson_t array;
    BSON_APPEND_ARRAY_BEGIN(doc, name, &array);
    for (unsigned i = 0; i < s->n; i++)
        BSON_APPEND_DOUBLE(&array, index[i], s->part[i]);
    bson_append_array_end(doc, &array);
}

static bool read_parts(const bson_t *doc, const char *name, struct exact_sum *s)
{
    bson_t array;
    bson_iter_t iter;
    if (!document_child(doc, name, &array) || !bson_iter_init(&iter, &array))
        return false;
    while (bson_iter_next(&iter)) {
        if (s->n == EXACT_SUM_PARTS || !BSON_ITER_HOLDS_DOUBLE(&iter))
            return false;
        s->part[s->n++] = bson_iter_double(&iter);
    }
    return true;
}

static void append_share(bson_t *doc, const struct window_share *share, bool with_plain)
{
    const struct window_stats *stats = &share->stats;
    document_write(doc, share_fields, DOCUMENT_COUNT(share_fields), share);
    append_parts(doc, "sum", &stats->sum);
    append_parts(doc, "squares", &stats->squares);
    int32_t flags = flags_of(&stats->sum) | flags_of(&stats->squares) << SQUARES_SHIFT;
    if (flags)
        BSON_APPEND_INT32(doc, "flags", flags);
    if (with_plain)
        document_write(doc, plain_fields, DOCUMENT_COUNT(plain_fields), stats);
}

static void append_shares(bson_t *doc, const struct window *w)
{
    bson_t src, acc, item;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "src", &src);
    for (unsigned i = 0; i < w->shares; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", (int)w->share[i].partition);
        BSON_APPEND_INT64(&src, name, w->share[i].src);
    }
    bson_append_document_end(doc, &src);
    BSON_APPEND_ARRAY_BEGIN(doc, "acc", &acc);
    for (unsigned i = 0; i < w->shares; i++) {
        document_begin_item(&acc, i, &item);
        append_share(&item, &w->share[i], w->shares > 1);
        bson_append_document_end(&acc, &item);
    }
    bson_append_array_end(doc, &acc);
}

/* With one share its own numbers are the totals: adding nothing could still change -0.0 to 0.0. */
static void totals(const struct window *w, struct window_stats *out)
{
    if (w->shares == 1)
        *out = w->share[0].stats;
    else
        window_total(w, out);
}

void document_window_encode(bson_t *doc, struct span device_id, struct span sensor,
                            const struct window *w, int64_t rev, int64_t now_ms)
{
    char id[WINDOW_ID_MAX];
    size_t id_len = window_id(id, device_id, sensor, w->start_ms);
    struct window head = *w;
    struct window_stats total;
    head.rev = rev;
    totals(w, &total);
    const struct derived derived = {.sum = window_stats_sum(&total),
                                    .average = window_stats_average(&total),
                                    .stddev = window_stats_stddev(&total)};
    bson_append_utf8(doc, "_id", -1, id, (int)id_len);
    bson_append_utf8(doc, "device_id", -1, device_id.p, (int)device_id.len);
    bson_append_utf8(doc, "sensor_type", -1, sensor.p, (int)sensor.len);
    document_write(doc, head_fields, 1, &head);
    document_write(doc, plain_fields, DOCUMENT_COUNT(plain_fields), &total);
    document_write(doc, derived_fields, DOCUMENT_COUNT(derived_fields), &derived);
    document_write(doc, head_fields + 1, DOCUMENT_COUNT(head_fields) - 1, &head);
    BSON_APPEND_DATE_TIME(doc, "last_updated", now_ms);
    append_shares(doc, w);
}

static bool read_plain(const bson_t *doc, struct window_stats *stats)
{
    return document_complete(document_read(doc, plain_fields, DOCUMENT_COUNT(plain_fields), stats),
                             DOCUMENT_COUNT(plain_fields));
}

static struct window_share *new_share(struct window *w)
{
    if (w->shares == w->shares_cap) {
        w->shares_cap = w->shares_cap ? 2 * w->shares_cap : WINDOW_SHARES_INLINE;
        w->share = xreallocarray(w->share, w->shares_cap, sizeof *w->share);
    }
    struct window_share *share = &w->share[w->shares++];
    *share = (struct window_share){0};
    return share;
}

static bool read_share(void *arg, const bson_t *item)
{
    struct window_share *share = new_share(arg);
    struct window_stats *stats = &share->stats;
    static const struct document_field flag_field[] = {{"flags", DOCUMENT_INT32, 0}};
    int32_t flags = 0;
    size_t count = DOCUMENT_COUNT(share_fields);
    if (!document_complete(document_read(item, share_fields, count, share), count) ||
        !read_parts(item, "sum", &stats->sum) || !read_parts(item, "squares", &stats->squares))
        return false;
    document_read(item, flag_field, 1, &flags);
    set_flags(&stats->sum, flags);
    set_flags(&stats->squares, flags >> SQUARES_SHIFT);
    read_plain(item, stats); /* there only with several shares; checked by the caller */
    return true;
}

bool document_window_decode(const bson_t *doc, struct window *w)
{
    size_t count = DOCUMENT_COUNT(head_fields);
    if (!document_complete(document_read(doc, head_fields, count, w), count) ||
        !document_each(doc, "acc", read_share, w) || w->shares == 0)
        return false;
    if (w->shares == 1)
        return read_plain(doc, &w->share[0].stats);
    for (unsigned i = 0; i < w->shares; i++)
        if (w->share[i].stats.count == 0 ||
            (i > 0 && w->share[i - 1].partition >= w->share[i].partition))
            return false;
    return true;
}
