/* Documents of the store as the JSON that the API's users get. */
#include "dashboard/views.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/base/timestamp.h"
#include "common/base/utf8.h"

enum { DEPTH_MAX = 16 };

static void write_value(struct buf *out, const bson_iter_t *iter, int depth);

static void write_text(struct buf *out, const bson_iter_t *iter)
{
    uint32_t len;
    const char *text = bson_iter_utf8(iter, &len);
    struct span s = span_of(text, len);
    if (utf8_valid(s))
        buf_json_string(out, s);
    else
        buf_str(out, "null");
}

static void write_oid(struct buf *out, const bson_oid_t *oid)
{
    char hex[2 * sizeof oid->bytes + 1];
    hex_encode(oid->bytes, sizeof oid->bytes, hex);
    buf_printf(out, "\"%s\"", hex);
}

static void write_date(struct buf *out, int64_t ms)
{
    char text[TIMESTAMP_TEXT_MAX];
    if (ms < TIMESTAMP_MIN_MS || ms > TIMESTAMP_MAX_MS) {
        buf_str(out, "null");
        return;
    }
    timestamp_format(ms, text);
    buf_printf(out, "\"%s\"", text);
}

static void write_key(struct buf *out, const bson_iter_t *iter, bool *first)
{
    struct span key = span_of(bson_iter_key(iter), bson_iter_key_len(iter));
    if (!*first)
        buf_char(out, ',');
    *first = false;
    buf_json_string(out, utf8_valid(key) ? key : span_str("?"));
    buf_char(out, ':');
}

static void write_nested(struct buf *out, const bson_iter_t *iter, int depth)
{
    bool array = BSON_ITER_HOLDS_ARRAY(iter), first = true;
    bson_iter_t child;
    if (depth == DEPTH_MAX || !bson_iter_recurse(iter, &child)) {
        buf_str(out, "null");
        return;
    }
    buf_char(out, array ? '[' : '{');
    while (bson_iter_next(&child)) {
        if (!array)
            write_key(out, &child, &first);
        else if (!first)
            buf_char(out, ',');
        first = false;
        write_value(out, &child, depth + 1);
    }
    buf_char(out, array ? ']' : '}');
}

static void write_value(struct buf *out, const bson_iter_t *iter, int depth)
{
    switch (bson_iter_type(iter)) {
    case BSON_TYPE_UTF8:
        write_text(out, iter);
        break;
    case BSON_TYPE_DOUBLE:
        buf_json_double(out, bson_iter_double(iter));
        break;
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64:
        buf_json_i64(out, bson_iter_as_int64(iter));
        break;
    case BSON_TYPE_BOOL:
        buf_str(out, bson_iter_bool(iter) ? "true" : "false");
        break;
    case BSON_TYPE_DATE_TIME:
        write_date(out, bson_iter_date_time(iter));
        break;
    case BSON_TYPE_OID:
        write_oid(out, bson_iter_oid(iter));
        break;
    case BSON_TYPE_DOCUMENT:
    case BSON_TYPE_ARRAY:
        write_nested(out, iter, depth);
        break;
    default: /* nothing that Weir writes */
        buf_str(out, "null");
        break;
    }
}

static bool is_hidden(const char *key, const char *const *hidden)
{
    for (; *hidden; hidden++)
        if (strcmp(key, *hidden) == 0)
            return true;
    return false;
}

void view_document(struct buf *out, const bson_t *doc, const char *const *hidden)
{
    bool first = true;
    bson_iter_t iter;
    buf_char(out, '{');
    if (bson_iter_init(&iter, doc)) {
        while (bson_iter_next(&iter)) {
            if (is_hidden(bson_iter_key(&iter), hidden))
                continue;
            write_key(out, &iter, &first);
            write_value(out, &iter, 1);
        }
    }
    buf_char(out, '}');
}

/* `key` is the sender's secret means of not counting twice; the rest is bookkeeping. */
void view_reading(struct buf *out, const bson_t *doc)
{
    static const char *const hidden[] = {"key", NULL};
    view_document(out, doc, hidden);
}

void view_window(struct buf *out, const bson_t *doc)
{
    static const char *const hidden[] = {"acc", "src", NULL};
    view_document(out, doc, hidden);
}

void view_alert(struct buf *out, const bson_t *doc)
{
    static const char *const hidden[] = {"src", "outbox", NULL};
    view_document(out, doc, hidden);
}

/* One member of a view: its name, and the path of the field in the document. */
struct member {
    const char *name, *path;
};

static void write_members(struct buf *out, const bson_t *doc, const struct member *members,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bson_iter_t iter, at;
        buf_printf(out, "%c\"%s\":", i ? ',' : '{', members[i].name);
        if (bson_iter_init(&iter, doc) && bson_iter_find_descendant(&iter, members[i].path, &at))
            write_value(out, &at, 1);
        else
            buf_str(out, "null");
    }
    buf_char(out, '}');
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

void view_device_id(struct buf *out, const bson_t *doc)
{
    bson_iter_t iter;
    if (bson_iter_init_find(&iter, doc, "_id"))
        write_value(out, &iter, 1);
    else
        buf_str(out, "null");
}

void view_status(struct buf *out, const bson_t *doc)
{
    static const struct member members[] = {{"device_id", "_id"},
                                            {"timestamp", "status.timestamp"},
                                            {"battery_level", "battery_level"},
                                            {"rssi", "rssi"},
                                            {"online", "online"},
                                            {"id", "status.id"},
                                            {"created_at", "status.created_at"}};
    write_members(out, doc, members, COUNT(members));
}

void view_summary(struct buf *out, const bson_t *doc)
{
    static const struct member members[] = {{"device_id", "_id"},
                                            {"timestamp", "status.timestamp"},
                                            {"last_update", "last_seen"},
                                            {"battery_level", "battery_level"},
                                            {"rssi", "rssi"},
                                            {"online", "online"}};
    write_members(out, doc, members, COUNT(members));
}

void view_risk(struct buf *out, const bson_t *doc)
{
    static const struct member members[] = {
        {"device_id", "_id"}, {"battery_level", "battery_level"}, {"last_update", "last_seen"}};
    write_members(out, doc, members, COUNT(members));
}

bool view_is_online(const bson_t *doc)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, doc, "online") && BSON_ITER_HOLDS_BOOL(&iter) &&
           bson_iter_bool(&iter);
}

void view_past_status(struct buf *out, const bson_t *doc)
{
    static const struct member members[] = {{"device_id", "device_id"},
                                            {"timestamp", "ts"},
                                            {"battery_level", "battery_level"},
                                            {"rssi", "rssi"},
                                            {"online", "online"},
                                            {"id", "_id"},
                                            {"created_at", "received_at"}};
    write_members(out, doc, members, COUNT(members));
}
