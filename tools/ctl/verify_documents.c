/* Stored documents as verify reads them: whose they are, in which order, and which to ask for. */
#include "tools/ctl/verify_documents.h"

#include <string.h>

static bool text_at(const bson_t *doc, const char *name, struct span *out)
{
    bson_iter_t iter;
    uint32_t len;
    if (!bson_iter_init_find(&iter, doc, name) || !BSON_ITER_HOLDS_UTF8(&iter))
        return false;
    const char *text = bson_iter_utf8(&iter, &len);
    *out = span_of(text, len);
    return true;
}

int verify_compare(struct span a, struct span b)
{
    int order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool verify_window_key(const bson_t *doc, struct verify_window_key *key)
{
    char id[WINDOW_ID_MAX];
    struct span stored = {0};
    bson_iter_t iter;
    if (!text_at(doc, "device_id", &key->device) || !text_at(doc, "sensor_type", &key->sensor) ||
        key->device.len > READING_DEVICE_ID_MAX || key->sensor.len > READING_SENSOR_NAME_MAX ||
        !bson_iter_init_find(&iter, doc, "timestamp") || !BSON_ITER_HOLDS_DATE_TIME(&iter))
        return false;
    key->start_ms = bson_iter_date_time(&iter);
    size_t len = window_id(id, key->device, key->sensor, key->start_ms);
    key->right_id = text_at(doc, "_id", &stored) && span_eq(stored, span_of(id, len));
    return true;
}

void verify_take_window(struct minute *m, const bson_t *doc, const struct verify_window_key *key)
{
    struct minute_window *w = minute_sensor(m, key->sensor);
    struct document_stats_pair wrong;
    window_deinit(&w->have);
    window_init(&w->have, m->start_ms);
    w->stored = true;
    w->readable = document_window_decode(doc, &w->have);
    w->sound = w->readable && document_window_sound(doc, &w->have, &wrong);
    if (w->readable && !w->sound)
        w->wrong = (struct minute_total){wrong.field, wrong.stored, wrong.expected};
}

bson_t *verify_filter(struct span device, const char *field, int64_t from_ms, int64_t to_ms)
{
    bson_t *filter = bson_new(), range;
    if (device.len > 0)
        bson_append_utf8(filter, "device_id", -1, device.p, (int)device.len);
    if (from_ms == INT64_MIN && to_ms == INT64_MAX)
        return filter;
    BSON_APPEND_DOCUMENT_BEGIN(filter, field, &range);
    if (from_ms != INT64_MIN)
        BSON_APPEND_DATE_TIME(&range, "$gte", from_ms);
    if (to_ms != INT64_MAX)
        BSON_APPEND_DATE_TIME(&range, "$lt", to_ms);
    bson_append_document_end(filter, &range);
    return filter;
}

void verify_tell_stranger(struct findings *f, const char *what, const bson_t *doc)
{
    bson_iter_t iter;
    char where[256] = "without _id";
    if (bson_iter_init_find(&iter, doc, "_id")) {
        if (BSON_ITER_HOLDS_OID(&iter))
            bson_oid_to_string(bson_iter_oid(&iter), where);
        else if (BSON_ITER_HOLDS_UTF8(&iter))
            snprintf(where, sizeof where, "%s", bson_iter_utf8(&iter, NULL));
    }
    findings_add(f, &(struct finding){.what = what,
                                      .where = where,
                                      .field = "document",
                                      .stored = "what nobody here wrote",
                                      .expected = "nothing"});
}
