/* A stored last state: newest value of each sensor, position, status, and the shares behind it. */
#include <endian.h>
#include <math.h>
#include <stdio.h>

#include "common/base/xmalloc.h"
#include "common/mongo/document.h"
#include "common/store/documents.h"

static const struct document_field head_fields[] = {
    {"last_seen", DOCUMENT_DATE, offsetof(struct device_state, last_seen_ms)},
    {"last_ts", DOCUMENT_DATE, offsetof(struct device_state, last_ts_ms)},
    {"first_seen", DOCUMENT_DATE, offsetof(struct device_state, first_seen_ms)},
    {"skew_ms", DOCUMENT_INT64, offsetof(struct device_state, skew_ms)},
    {"rev", DOCUMENT_INT64, offsetof(struct device_state, rev)},
};

static const struct document_field position_fields[] = {
    {"lat", DOCUMENT_DOUBLE, offsetof(struct device_state, lat)},
    {"lon", DOCUMENT_DOUBLE, offsetof(struct device_state, lon)},
    {"ts", DOCUMENT_DATE, offsetof(struct device_state, position_ms)},
};

static const struct document_field online_fields[] = {
    {"online", DOCUMENT_BOOL, offsetof(struct device_state, online)},
    {"online_ts", DOCUMENT_DATE, offsetof(struct device_state, online_ms)},
};

static const struct document_field status_fields[] = {
    {"timestamp", DOCUMENT_DATE, offsetof(struct device_state, status_ms)},
    {"created_at", DOCUMENT_DATE, offsetof(struct device_state, status_received_ms)},
};

static const struct document_field sensor_fields[] = {
    {"value", DOCUMENT_DOUBLE, offsetof(struct device_sensor, value)},
    {"ts", DOCUMENT_DATE, offsetof(struct device_sensor, ts_ms)},
};

static const struct document_field share_fields[] = {
    {"p", DOCUMENT_INT32, offsetof(struct device_share, partition)},
    {"o", DOCUMENT_INT64, offsetof(struct device_share, src)},
    {"n", DOCUMENT_INT64, offsetof(struct device_share, readings)},
};

static const struct document_field summary_fields[] = {
    {"median_ms", DOCUMENT_INT64, offsetof(struct cadence_summary, median_ms)},
    {"spread_ms", DOCUMENT_INT64, offsetof(struct cadence_summary, spread_ms)},
    {"gaps", DOCUMENT_INT32, offsetof(struct cadence_summary, gaps)},
};

/* In a share; "gaps" stands beside it: the latest gaps, oldest first. */
static const struct document_field cadence_fields[] = {
    {"ts", DOCUMENT_INT64, offsetof(struct cadence, last_ms)},
};

static void append_sensors(bson_t *doc, const struct device_state *d)
{
    bson_t array, item;
    BSON_APPEND_ARRAY_BEGIN(doc, "sensors", &array);
    for (unsigned i = 0; i < d->sensors; i++) {
        document_begin_item(&array, i, &item);
        BSON_APPEND_UTF8(&item, "name", d->sensor[i].name);
        document_write(&item, sensor_fields, DOCUMENT_COUNT(sensor_fields), &d->sensor[i]);
        bson_append_document_end(&array, &item);
    }
    bson_append_array_end(doc, &array);
}

/* A sensor's value at the top level too, where queries and indexes can reach it. */
static void append_shortcut(bson_t *doc, const struct device_state *d, const char *name)
{
    for (unsigned i = 0; i < d->sensors; i++) {
        double v = d->sensor[i].value;
        if (strcmp(d->sensor[i].name, name) != 0)
            continue;
        if (v >= INT32_MIN && v <= INT32_MAX && v == floor(v))
            BSON_APPEND_INT32(doc, name, (int32_t)v);
        else
            BSON_APPEND_DOUBLE(doc, name, v);
    }
}

static bool has_status(const struct device_state *d)
{
    static const struct reading_id none = {0};
    return d->status_ms || d->status_received_ms || memcmp(&d->status_id, &none, sizeof none) != 0;
}

static void append_status(bson_t *doc, const struct device_state *d)
{
    bson_t child;
    bson_oid_t oid;
    bson_oid_init_from_data(&oid, d->status_id.byte);
    BSON_APPEND_DOCUMENT_BEGIN(doc, "status", &child);
    BSON_APPEND_OID(&child, "id", &oid);
    document_write(&child, status_fields, DOCUMENT_COUNT(status_fields), d);
    bson_append_document_end(doc, &child);
}

static void append_position(bson_t *doc, const struct device_state *d)
{
    bson_t child;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "position", &child);
    document_write(&child, position_fields, DOCUMENT_COUNT(position_fields), d);
    bson_append_document_end(doc, &child);
}

static void append_cadence(bson_t *doc, const struct device_state *d)
{
    bson_t child;
    struct cadence_summary summary;
    const struct cadence *c = device_state_cadence(d);
    if (!c || !cadence_summary(c, &summary))
        return;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "cadence", &child);
    document_write(&child, summary_fields, DOCUMENT_COUNT(summary_fields), &summary);
    bson_append_document_end(doc, &child);
}

/* Numbers of four bytes in the order of little-endian machines, as everywhere in BSON. */
static void append_gaps(bson_t *doc, const struct cadence *c)
{
    uint32_t bytes[CADENCE_GAPS];
    if (!c->started)
        return;
    for (unsigned i = 0; i < c->gaps; i++)
        bytes[i] = htole32(cadence_gap(c, i));
    document_write(doc, cadence_fields, DOCUMENT_COUNT(cadence_fields), c);
    BSON_APPEND_BINARY(doc, "gaps", BSON_SUBTYPE_BINARY, (const uint8_t *)bytes,
                       (uint32_t)(c->gaps * sizeof *bytes));
}

static void append_shares(bson_t *doc, const struct device_state *d)
{
    bson_t child, item;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "counts", &child);
    BSON_APPEND_INT64(&child, "readings", (int64_t)device_state_readings(d));
    bson_append_document_end(doc, &child);
    BSON_APPEND_DOCUMENT_BEGIN(doc, "src", &child);
    for (unsigned i = 0; i < d->shares; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", (int)d->share[i].partition);
        BSON_APPEND_INT64(&child, name, d->share[i].src);
    }
    bson_append_document_end(doc, &child);
    BSON_APPEND_ARRAY_BEGIN(doc, "acc", &child);
    for (unsigned i = 0; i < d->shares; i++) {
        document_begin_item(&child, i, &item);
        document_write(&item, share_fields, DOCUMENT_COUNT(share_fields), &d->share[i]);
        append_gaps(&item, &d->share[i].cadence);
        bson_append_document_end(&child, &item);
    }
    bson_append_array_end(doc, &child);
}

void document_device_encode(bson_t *doc, const struct device_state *d, int64_t rev)
{
    struct device_state head = *d;
    head.rev = rev;
    BSON_APPEND_UTF8(doc, "_id", d->device_id);
    BSON_APPEND_UTF8(doc, "device_id", d->device_id);
    document_write(doc, head_fields, DOCUMENT_COUNT(head_fields), &head);
    append_sensors(doc, d);
    append_shortcut(doc, d, "battery_level");
    append_shortcut(doc, d, "rssi");
    if (d->has_position)
        append_position(doc, d);
    if (d->has_online)
        document_write(doc, online_fields, DOCUMENT_COUNT(online_fields), d);
    if (has_status(d))
        append_status(doc, d);
    append_cadence(doc, d);
    append_shares(doc, d);
}

static bool read_sensor(void *arg, const bson_t *item)
{
    struct device_state *d = arg;
    struct device_sensor s = {0};
    bson_iter_t iter;
    uint32_t len = 0;
    if (!bson_iter_init_find(&iter, item, "name") || !BSON_ITER_HOLDS_UTF8(&iter))
        return false;
    const char *name = bson_iter_utf8(&iter, &len);
    uint64_t found = document_read(item, sensor_fields, DOCUMENT_COUNT(sensor_fields), &s);
    if (len > READING_SENSOR_NAME_MAX || !document_complete(found, DOCUMENT_COUNT(sensor_fields)))
        return false;
    memcpy(s.name, name, len);
    if (d->sensors == d->sensors_cap) {
        d->sensors_cap = d->sensors_cap ? 2 * d->sensors_cap : 8;
        d->sensor = xreallocarray(d->sensor, d->sensors_cap, sizeof *d->sensor);
    }
    d->sensor[d->sensors++] = s;
    return true;
}

/* Documents of before this was learned have none: then it begins with the next reading. */
static bool read_gaps(const bson_t *doc, struct cadence *c)
{
    bson_iter_t iter;
    bson_subtype_t subtype;
    uint32_t len = 0, gap;
    const uint8_t *bytes = NULL;
    c->started = document_complete(document_read(doc, cadence_fields, 1, c), 1);
    if (!c->started || !bson_iter_init_find(&iter, doc, "gaps") || !BSON_ITER_HOLDS_BINARY(&iter))
        return !c->started;
    bson_iter_binary(&iter, &subtype, &len, &bytes);
    if (len % sizeof gap != 0 || len > CADENCE_GAPS * sizeof gap)
        return false;
    c->gaps = (uint8_t)(len / sizeof gap);
    c->next = c->gaps % CADENCE_GAPS;
    for (unsigned i = 0; i < c->gaps; i++) {
        memcpy(&gap, bytes + i * sizeof gap, sizeof gap);
        c->gap_ms[i] = le32toh(gap);
    }
    return true;
}

static bool read_share(void *arg, const bson_t *item)
{
    struct device_state *d = arg;
    struct device_share s = {0};
    uint64_t found = document_read(item, share_fields, DOCUMENT_COUNT(share_fields), &s);
    if (!document_complete(found, DOCUMENT_COUNT(share_fields)) || !read_gaps(item, &s.cadence))
        return false;
    if (d->shares == d->shares_cap) {
        d->shares_cap = d->shares_cap ? 2 * d->shares_cap : 1;
        d->share = xreallocarray(d->share, d->shares_cap, sizeof *d->share);
    }
    d->share[d->shares++] = s;
    return true;
}

static void read_status(const bson_t *doc, struct device_state *d)
{
    bson_t child;
    bson_iter_t iter;
    if (!document_child(doc, "status", &child))
        return;
    document_read(&child, status_fields, DOCUMENT_COUNT(status_fields), d);
    if (bson_iter_init_find(&iter, &child, "id") && BSON_ITER_HOLDS_OID(&iter))
        memcpy(d->status_id.byte, bson_iter_oid(&iter)->bytes, READING_ID_BYTES);
}

bool document_device_decode(const bson_t *doc, struct device_state *d)
{
    bson_t child;
    size_t count = DOCUMENT_COUNT(head_fields);
    if (!document_complete(document_read(doc, head_fields, count, d), count))
        return false;
    if (document_child(doc, "position", &child)) {
        count = DOCUMENT_COUNT(position_fields);
        d->has_position =
            document_complete(document_read(&child, position_fields, count, d), count);
    }
    count = DOCUMENT_COUNT(online_fields);
    d->has_online = document_complete(document_read(doc, online_fields, count, d), count);
    read_status(doc, d);
    return document_each(doc, "sensors", read_sensor, d) &&
           document_each(doc, "acc", read_share, d) && d->shares > 0;
}
