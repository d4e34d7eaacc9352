/* POST /status of the older systems: what a device says of itself; answered as it is kept. */
#include "common/base/timestamp.h"
#include "ingest/adapter.h"
#include "ingest/media_type.h"
#include "ingest/submission.h"

static void write_time(struct buf *out, const char *name, int64_t ms)
{
    char text[TIMESTAMP_TEXT_MAX];
    size_t len = timestamp_format(ms, text);
    buf_printf(out, ",\"%s\":\"%.*s\"", name, (int)len, text);
}

/* Only for battery_level and rssi, which are there and whole numbers: READING_STATUS. */
static void write_sensor(struct buf *out, const struct reading *r, const char *name)
{
    for (unsigned i = 0; i < r->sensors; i++) {
        if (!span_is(r->sensor[i].name, name))
            continue;
        buf_printf(out, ",\"%s\":", name);
        buf_json_i64(out, (int64_t)r->sensor[i].value);
    }
}

static void write_status(struct buf *out, const struct reading *r)
{
    char hex[READING_ID_HEX + 1];
    const struct reading_id id = reading_id(r);
    reading_id_hex(&id, hex);
    buf_str(out, "{\"device_id\":");
    buf_json_string(out, r->device_id);
    write_time(out, "timestamp", r->ts_ms);
    write_sensor(out, r, "battery_level");
    write_sensor(out, r, "rssi");
    buf_printf(out, ",\"online\":%s,\"id\":\"%s\"", r->online ? "true" : "false", hex);
    write_time(out, "created_at", r->received_at_ms);
    buf_char(out, '}');
}

static void submit(struct submission *s, struct span body)
{
    struct reading *r = submission_decode(s, body, READING_STATUS);
    if (!r)
        return;
    submission_publish(s, r, 0);
    write_status(submission_answer(s), r);
}

const struct adapter adapter_status = {
    .method = HTTP_POST,
    .path = "/status",
    .errors = HTTP_DETAIL,
    .takes = media_type_is_json,
    .takes_text = "application/json",
    .status = 201,
    .submit = submit,
};
