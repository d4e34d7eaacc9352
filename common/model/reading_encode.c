/* Writes a reading as the canonical JSON of telemetry.raw. */
#include "common/model/reading.h"

#include "common/base/timestamp.h"

static void put_number(struct buf *out, struct span digits, double value)
{
    if (digits.len > 0) {
        buf_span(out, digits);
    } else {
        buf_json_double(out, value);
    }
}

static void put_time(struct buf *out, int64_t ms)
{
    char text[TIMESTAMP_TEXT_MAX];
    size_t len = timestamp_format(ms, text);
    buf_char(out, '"');
    buf_append(out, text, len);
    buf_char(out, '"');
}

static void put_sensors(const struct reading *r, struct buf *out)
{
    for (unsigned i = 0; i < r->sensors; i++) {
        const struct reading_sensor *sensor = &r->sensor[i];
        buf_append(out, ",\"", 2);
        buf_span(out, sensor->name);
        buf_append(out, "\":", 2);
        put_number(out, sensor->digits, sensor->value);
    }
}

static void put_state(const struct reading *r, struct buf *out)
{
    if (r->has_position) {
        buf_str(out, ",\"lat\":");
        put_number(out, r->lat_digits, r->lat);
        buf_str(out, ",\"lon\":");
        put_number(out, r->lon_digits, r->lon);
    }
    if (r->has_online) {
        buf_str(out, r->online ? ",\"online\":true" : ",\"online\":false");
    }
    if (r->has_seq) {
        buf_str(out, ",\"seq\":");
        buf_json_i64(out, r->seq);
    }
}

void reading_encode(const struct reading *r, struct buf *out)
{
    buf_str(out, "{\"device_id\":");
    buf_json_string(out, r->device_id);
    buf_str(out, ",\"ts\":");
    put_time(out, r->ts_ms);
    put_sensors(r, out);
    put_state(r, out);
    if (r->key.len > 0) {
        buf_str(out, ",\"key\":");
        buf_json_string(out, r->key);
    }
    if (r->received_at_ms != 0) {
        buf_str(out, ",\"received_at\":");
        put_time(out, r->received_at_ms);
    }
    buf_char(out, '}');
}
