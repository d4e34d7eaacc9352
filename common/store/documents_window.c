/* A stored window: totals for people, and for each partition what makes them exact again. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "common/mongo/document.h"
#include "common/store/documents.h"
#include "common/store/documents_stats.h"

static const struct document_field head_fields[] = {
    {"timestamp", DOCUMENT_DATE, offsetof(struct window, start_ms)},
    {"late", DOCUMENT_INT64, offsetof(struct window, late)},
    {"final", DOCUMENT_BOOL, offsetof(struct window, final)},
    {"rev", DOCUMENT_INT64, offsetof(struct window, rev)},
};

static const struct document_field share_fields[] = {
    {"p", DOCUMENT_INT32, offsetof(struct window_share, partition)},
    {"o", DOCUMENT_INT64, offsetof(struct window_share, src)},
};

/* The plain numbers stand at the document's top level for the whole window, and in each share where
 * there are several. */
static void append_share(bson_t *doc, const struct window_share *share, bool with_plain)
{
    document_write(doc, share_fields, DOCUMENT_COUNT(share_fields), share);
    document_stats_write_exact(doc, &share->stats);
    if (with_plain)
        document_stats_write_plain(doc, &share->stats);
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
    bson_append_utf8(doc, "_id", -1, id, (int)id_len);
    bson_append_utf8(doc, "device_id", -1, device_id.p, (int)device_id.len);
    bson_append_utf8(doc, "sensor_type", -1, sensor.p, (int)sensor.len);
    document_write(doc, head_fields, 1, &head);
    document_stats_write_plain(doc, &total);
    document_stats_write_rounded(doc, &total);
    document_write(doc, head_fields + 1, DOCUMENT_COUNT(head_fields) - 1, &head);
    BSON_APPEND_DATE_TIME(doc, "last_updated", now_ms);
    append_shares(doc, w);
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
    size_t count = DOCUMENT_COUNT(share_fields);
    if (!document_complete(document_read(item, share_fields, count, share), count) ||
        !document_stats_read_exact(item, stats))
        return false;
    /* There only with several shares; checked by the caller. */
    (void)document_stats_read_plain(item, stats);
    return true;
}

bool document_window_decode(const bson_t *doc, struct window *w)
{
    size_t count = DOCUMENT_COUNT(head_fields);
    if (!document_complete(document_read(doc, head_fields, count, w), count) ||
        !document_each(doc, "acc", read_share, w) || w->shares == 0)
        return false;
    if (w->shares == 1)
        return document_stats_read_plain(doc, &w->share[0].stats);
    for (unsigned i = 0; i < w->shares; i++)
        if (w->share[i].stats.count == 0 ||
            (i > 0 && w->share[i - 1].partition >= w->share[i].partition))
            return false;
    return true;
}

bool document_window_sound(const bson_t *doc, const struct window *w,
                           struct document_stats_pair *wrong)
{
    struct window_stats want;
    totals(w, &want);
    return document_stats_sound(doc, &want, wrong);
}
