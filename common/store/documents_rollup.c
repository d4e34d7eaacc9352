/* A stored rollup: shaped like a window, with the revisions of its sources in place of offsets. */
#include "common/base/num.h"
#include "common/mongo/document.h"
#include "common/store/documents.h"
#include "common/store/documents_stats.h"

static const struct document_field head_fields[] = {
    {"timestamp", DOCUMENT_DATE, offsetof(struct rollup, start_ms)},
    {"late", DOCUMENT_INT64, offsetof(struct rollup, late)},
    {"final", DOCUMENT_BOOL, offsetof(struct rollup, final)},
    {"rev", DOCUMENT_INT64, offsetof(struct rollup, rev)},
};

/* {"0": 3, "7": 1}: the place of a source in its period, and its revision. */
static void append_sources(bson_t *doc, const struct rollup *r)
{
    bson_t src;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "src", &src);
    for (unsigned i = 0; i < rollup_sources(r->level); i++) {
        char place[NUM_TEXT_MAX];
        if (r->src[i] == 0)
            continue;
        int len = (int)num_format_i64(i, place);
        bson_append_int64(&src, place, len, r->src[i]);
    }
    bson_append_document_end(doc, &src);
}

static void append_exact(bson_t *doc, const struct window_stats *stats)
{
    bson_t acc, item;
    BSON_APPEND_ARRAY_BEGIN(doc, "acc", &acc);
    document_begin_item(&acc, 0, &item);
    document_stats_write_exact(&item, stats);
    bson_append_document_end(&acc, &item);
    bson_append_array_end(doc, &acc);
}

static const struct document_field settled_fields[] = {
    {"places", DOCUMENT_INT64, offsetof(struct rollup_settled, places)},
    {"late", DOCUMENT_INT64, offsetof(struct rollup_settled, late)},
};

/* Whether it is all of the rollup, and so not written apart. */
static bool is_all_settled(const struct rollup *r)
{
    return r->settled.places == rollup_places(r);
}

static void append_settled(bson_t *doc, const struct rollup *r)
{
    bson_t settled;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "settled", &settled);
    document_write(&settled, settled_fields, DOCUMENT_COUNT(settled_fields), &r->settled);
    if (!is_all_settled(r)) {
        document_stats_write_plain(&settled, &r->settled.stats);
        document_stats_write_exact(&settled, &r->settled.stats);
    }
    bson_append_document_end(doc, &settled);
}

void document_rollup_encode(bson_t *doc, struct span device_id, struct span sensor,
                            const struct rollup *r, int64_t rev, int64_t now_ms)
{
    char id[WINDOW_ID_MAX];
    size_t id_len = window_id(id, device_id, sensor, r->start_ms);
    struct rollup head = *r;
    head.rev = rev;
    bson_append_utf8(doc, "_id", -1, id, (int)id_len);
    bson_append_utf8(doc, "device_id", -1, device_id.p, (int)device_id.len);
    bson_append_utf8(doc, "sensor_type", -1, sensor.p, (int)sensor.len);
    document_write(doc, head_fields, 1, &head);
    document_stats_write_plain(doc, &r->stats);
    document_stats_write_rounded(doc, &r->stats);
    document_write(doc, head_fields + 1, DOCUMENT_COUNT(head_fields) - 1, &head);
    BSON_APPEND_DATE_TIME(doc, "last_updated", now_ms);
    append_sources(doc, r);
    append_exact(doc, &r->stats);
    if (r->settled.places)
        append_settled(doc, r);
}

static bool read_sources(const bson_t *doc, struct rollup *r)
{
    bson_t src;
    bson_iter_t iter;
    if (!document_child(doc, "src", &src) || !bson_iter_init(&iter, &src))
        return false;
    while (bson_iter_next(&iter)) {
        int64_t place;
        if (!num_parse_i64(span_str(bson_iter_key(&iter)), 0, rollup_sources(r->level) - 1,
                           &place) ||
            !BSON_ITER_HOLDS_NUMBER(&iter))
            return false;
        r->src[place] = bson_iter_as_int64(&iter);
    }
    return true;
}

static bool read_exact(void *arg, const bson_t *item)
{
    struct rollup *r = arg;
    return document_stats_read_exact(item, &r->stats);
}

/* Rollups of older versions say nothing of it: then all their sources are read once more. */
static bool read_settled(const bson_t *doc, struct rollup *r)
{
    struct rollup_settled *settled = &r->settled;
    size_t count = DOCUMENT_COUNT(settled_fields);
    bson_t child;
    if (!document_child(doc, "settled", &child))
        return true;
    if (!document_complete(document_read(&child, settled_fields, count, settled), count) ||
        (settled->places & ~rollup_places(r)) != 0)
        return false;
    if (is_all_settled(r)) {
        settled->stats = r->stats;
        return true;
    }
    return document_stats_read_plain(&child, &settled->stats) &&
           document_stats_read_exact(&child, &settled->stats);
}

bool document_rollup_decode(const bson_t *doc, struct rollup *r)
{
    size_t count = DOCUMENT_COUNT(head_fields);
    int64_t start_ms = r->start_ms;
    return document_complete(document_read(doc, head_fields, count, r), count) &&
           r->start_ms == start_ms && r->rev > 0 && read_sources(doc, r) &&
           document_each(doc, "acc", read_exact, r) && document_stats_read_plain(doc, &r->stats) &&
           r->stats.count > 0 && read_settled(doc, r);
}
