/* Wraps a record that can never be stored: the JSON value and the headers of telemetry.dlq. */
#include "common/model/dead_letter.h"

#include <string.h>

#include "common/base/num.h"
#include "common/base/timestamp.h"
#include "common/base/utf8.h"

static void put_time(struct buf *out, int64_t ms)
{
    char text[TIMESTAMP_TEXT_MAX];
    buf_json_string(out, span_of(text, timestamp_format(ms, text)));
}

/* RFC 4648 section 4, with padding. */
static void put_base64(struct buf *out, struct span bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++) {
            group = group << 8 | (k < left ? (unsigned char)bytes.p[i + k] : 0u);
        }
        buf_char(out, digits[group >> 18]);
        buf_char(out, digits[group >> 12 & 63]);
        buf_char(out, left > 1 ? digits[group >> 6 & 63] : '=');
        buf_char(out, left > 2 ? digits[group & 63] : '=');
    }
}

/* Text with a NUL goes as base64 too: many JSON readers refuse \u0000. And so does text of which
 * more than a sixteenth are control characters, because each takes six bytes when escaped. */
static bool is_readable(struct span value)
{
    size_t controls = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.p[i] == '\0') {
            return false;
        }
        controls += (unsigned char)value.p[i] < 0x20;
    }
    return controls <= value.len / 16 + 16 && utf8_valid(value);
}

static void put_original(const struct dead_letter *d, struct buf *out)
{
    if (!d->value.p) {
        buf_str(out, "\"original_message\":null");
    } else if (is_readable(d->value)) {
        buf_str(out, "\"original_message\":");
        buf_json_string(out, d->value);
    } else {
        buf_str(out, "\"original_message_base64\":\"");
        put_base64(out, d->value);
        buf_char(out, '"');
    }
    if (d->whole_bytes) {
        buf_str(out, ",\"original_truncated\":true,\"original_bytes\":");
        buf_json_i64(out, (int64_t)d->whole_bytes);
    }
}

static void put_origin(const struct dead_letter *d, struct buf *out)
{
    buf_str(out, ",\"origin\":{\"topic\":");
    buf_json_string(out, span_str(d->topic));
    buf_str(out, ",\"partition\":");
    buf_json_i64(out, d->partition);
    buf_str(out, ",\"offset\":");
    buf_json_i64(out, d->offset);
    buf_str(out, ",\"timestamp\":");
    if (d->record_ms >= 0) {
        put_time(out, d->record_ms);
    } else {
        buf_str(out, "null");
    }
    buf_char(out, '}');
}

static const char *class_name(enum dead_letter_class class)
{
    return class == DEAD_EXHAUSTED ? "exhausted" : "poison";
}

void dead_letter_encode(const struct dead_letter *d, struct buf *out)
{
    buf_char(out, '{');
    put_original(d, out);
    buf_str(out, ",\"failure_reason\":");
    buf_json_string(out, span_str(d->message));
    buf_str(out, ",\"timestamp\":");
    put_time(out, d->failed_at_ms);
    buf_str(out, ",\"worker\":");
    buf_json_string(out, span_str(d->worker));
    buf_str(out, ",\"code\":");
    buf_json_string(out, span_str(d->reason));
    buf_str(out, ",\"class\":");
    buf_json_string(out, span_str(class_name(d->class)));
    buf_str(out, ",\"attempts\":");
    buf_json_i64(out, d->attempts);
    put_origin(d, out);
    buf_char(out, '}');
}

/* --- headers ------------------------------------------------------------------------------- */

struct headers {
    struct buf *storage;
    struct dead_letter_header *item;
    size_t at[DEAD_LETTER_HEADERS_MAX]; /* storage may move while it grows: offsets first */
    unsigned count;
};

static void add_span(struct headers *h, const char *name, struct span value)
{
    h->item[h->count].name = name;
    h->item[h->count].value.len = value.len;
    h->at[h->count++] = h->storage->len;
    buf_span(h->storage, value);
}

static void add_i64(struct headers *h, const char *name, int64_t value)
{
    char text[NUM_TEXT_MAX];
    add_span(h, name, span_of(text, num_format_i64(value, text)));
}

unsigned dead_letter_headers(const struct dead_letter *d, struct buf *storage,
                             struct dead_letter_header out[DEAD_LETTER_HEADERS_MAX])
{
    struct headers h = {.storage = storage, .item = out};
    add_span(&h, "kafka_dlt-original-topic", span_str(d->topic));
    add_i64(&h, "kafka_dlt-original-partition", d->partition);
    add_i64(&h, "kafka_dlt-original-offset", d->offset);
    if (d->record_ms >= 0) {
        add_i64(&h, "kafka_dlt-original-timestamp", d->record_ms);
    }
    add_span(&h, "kafka_dlt-original-consumer-group", span_str(d->worker));
    add_span(&h, "kafka_dlt-exception-message", span_str(d->message));
    add_i64(&h, "kafka_deliveryAttempt", d->attempts);
    add_span(&h, "weir-reason", span_str(d->reason));
    if (d->traceparent.len > 0) {
        add_span(&h, "traceparent", d->traceparent);
    }
    if (d->replay.len > 0) {
        add_span(&h, "weir-replay", d->replay);
    }
    for (unsigned i = 0; i < h.count; i++) {
        out[i].value.p = storage->data + h.at[i];
    }
    return h.count;
}
