/* A stored reading: the sensors under their own names, and where in the log it came from. */
#include <math.h>

#include "common/mongo/document.h"
#include "common/store/documents.h"

/* Every field of the document that is not a sensor. A sensor may bear such a name all the same. */
static const char *const reserved[] = {"_id",    "device_id", "ts",          "lat", "lon",
                                       "online", "seq",       "received_at", "key", "origin"};

/* A sensor name never holds a hyphen, so nothing else can look like this. */
static const char prefix[] = "sensor-";
enum { PREFIX_LEN = sizeof prefix - 1 };

static const struct document_field origin_fields[] = {
    {"p", DOCUMENT_INT32, offsetof(struct document_origin, partition)},
    {"o", DOCUMENT_INT64, offsetof(struct document_origin, offset)},
};

static bool is_reserved(struct span name)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (span_is(name, reserved[i]))
            return true;
    return false;
}

/* Small whole numbers that people query for; -0.0 stays a double, so that no bit is lost. */
static bool wants_int32(struct span name, double v)
{
    return (span_is(name, "battery_level") || span_is(name, "rssi")) && v >= INT32_MIN &&
           v <= INT32_MAX && v == floor(v) && !(v == 0 && signbit(v));
}

static void append_sensor(bson_t *doc, const struct reading_sensor *s)
{
    char renamed[PREFIX_LEN + READING_SENSOR_NAME_MAX];
    struct span field = s->name;
    if (is_reserved(s->name)) {
        memcpy(renamed, prefix, PREFIX_LEN);
        memcpy(renamed + PREFIX_LEN, s->name.p, s->name.len);
        field = span_of(renamed, PREFIX_LEN + s->name.len);
    }
    if (wants_int32(s->name, s->value))
        bson_append_int32(doc, field.p, (int)field.len, (int32_t)s->value);
    else
        bson_append_double(doc, field.p, (int)field.len, s->value);
}

static void append_rest(bson_t *doc, const struct reading *r)
{
    if (r->has_position) {
        BSON_APPEND_DOUBLE(doc, "lat", r->lat);
        BSON_APPEND_DOUBLE(doc, "lon", r->lon);
    }
    if (r->has_online)
        BSON_APPEND_BOOL(doc, "online", r->online);
    if (r->has_seq)
        BSON_APPEND_INT64(doc, "seq", r->seq);
    if (r->received_at_ms)
        BSON_APPEND_DATE_TIME(doc, "received_at", r->received_at_ms);
    if (r->key.len)
        bson_append_utf8(doc, "key", -1, r->key.p, (int)r->key.len);
}

void document_raw_encode(bson_t *doc, const struct reading *r, const struct reading_id *id,
                         int32_t partition, int64_t offset)
{
    bson_oid_t oid;
    bson_oid_init_from_data(&oid, id->byte);
    BSON_APPEND_OID(doc, "_id", &oid);
    bson_append_utf8(doc, "device_id", -1, r->device_id.p, (int)r->device_id.len);
    BSON_APPEND_DATE_TIME(doc, "ts", r->ts_ms);
    for (unsigned i = 0; i < r->sensors; i++)
        append_sensor(doc, &r->sensor[i]);
    append_rest(doc, r);
    const struct document_origin origin = {.partition = partition, .offset = offset};
    bson_t child;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "origin", &child);
    document_write(&child, origin_fields, DOCUMENT_COUNT(origin_fields), &origin);
    bson_append_document_end(doc, &child);
}

static bool read_text(const bson_iter_t *iter, struct span *out)
{
    uint32_t len = 0;
    if (!BSON_ITER_HOLDS_UTF8(iter))
        return false;
    const char *text = bson_iter_utf8(iter, &len);
    *out = span_of(text, len);
    return true;
}

static bool read_sensor(const bson_iter_t *iter, struct span name, struct reading *r)
{
    if (!BSON_ITER_HOLDS_NUMBER(iter))
        return true; /* somebody else's field */
    if (r->sensors == READING_SENSORS_MAX)
        return false;
    if (name.len > PREFIX_LEN && memcmp(name.p, prefix, PREFIX_LEN) == 0)
        name = span_of(name.p + PREFIX_LEN, name.len - PREFIX_LEN);
    r->sensor[r->sensors++] =
        (struct reading_sensor){.name = name, .value = bson_iter_as_double(iter)};
    return true;
}

static bool read_origin(const bson_iter_t *iter, struct document_origin *origin)
{
    bson_t child;
    return document_at(iter, &child) &&
           document_complete(
               document_read(&child, origin_fields, DOCUMENT_COUNT(origin_fields), origin),
               DOCUMENT_COUNT(origin_fields));
}

/* What document_read can read of a reading. */
static const struct document_field fields[] = {
    {"ts", DOCUMENT_DATE, offsetof(struct reading, ts_ms)},
    {"lat", DOCUMENT_DOUBLE, offsetof(struct reading, lat)},
    {"lon", DOCUMENT_DOUBLE, offsetof(struct reading, lon)},
    {"online", DOCUMENT_BOOL, offsetof(struct reading, online)},
    {"seq", DOCUMENT_INT64, offsetof(struct reading, seq)},
    {"received_at", DOCUMENT_DATE, offsetof(struct reading, received_at_ms)},
};
enum { FOUND_TS = 1, FOUND_LAT = 2, FOUND_LON = 4, FOUND_ONLINE = 8, FOUND_SEQ = 16 };

bool document_raw_decode(const bson_t *doc, struct reading *r, struct document_origin *origin)
{
    bool has_device = false, has_origin = false;
    bson_iter_t iter;
    memset(r, 0, offsetof(struct reading, scratch));
    r->scratch_used = 0;
    uint64_t found = document_read(doc, fields, DOCUMENT_COUNT(fields), r);
    r->has_position = (found & FOUND_LAT) && (found & FOUND_LON);
    r->has_online = found & FOUND_ONLINE;
    r->has_seq = found & FOUND_SEQ;
    if (!(found & FOUND_TS) || !bson_iter_init(&iter, doc))
        return false;
    while (bson_iter_next(&iter)) {
        struct span name = span_of(bson_iter_key(&iter), bson_iter_key_len(&iter));
        if (span_is(name, "device_id"))
            has_device = read_text(&iter, &r->device_id);
        else if (span_is(name, "key"))
            read_text(&iter, &r->key);
        else if (span_is(name, "origin"))
            has_origin = read_origin(&iter, origin);
        else if (!is_reserved(name) && !read_sensor(&iter, name, r))
            return false;
    }
    return has_device && has_origin;
}
