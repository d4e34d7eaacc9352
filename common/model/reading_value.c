/* Takes one member of a reading: what each field allows, and where its value goes. */
#include <math.h>

#include "common/model/reading_decoder.h"

#include "common/base/num.h"
#include "common/base/timestamp.h"

enum { SHOWN_MAX = 40 }; /* bytes of a value repeated in a message */

bool reading_refuse_type(struct reading_decoder *d, const char *allowed)
{
    static const char *const names[] = {
        [JSON_TOKEN_OBJECT_BEGIN] = "an object",
        [JSON_TOKEN_ARRAY_BEGIN] = "an array",
        [JSON_TOKEN_STRING] = "a string",
        [JSON_TOKEN_NUMBER] = "a number",
        [JSON_TOKEN_TRUE] = "a boolean",
        [JSON_TOKEN_FALSE] = "a boolean",
        [JSON_TOKEN_NULL] = "null",
    };
    reading_problem_member(d, PROBLEM_TYPE, "must be %s, is %s", allowed, names[d->member.type]);
    return false;
}

static int shown_len(const struct reading_decoder *d)
{
    size_t len = d->member.text.len;
    return (int)(len < SHOWN_MAX ? len : SHOWN_MAX);
}

/* The value of a number, which must be finite. */
bool reading_take_number(struct reading_decoder *d, double *out)
{
    if (d->member.type != JSON_TOKEN_NUMBER) {
        return reading_refuse_type(d, "a number");
    }
    *out = d->member.value;
    if (isfinite(*out)) {
        return true;
    }
    reading_problem_member(d, PROBLEM_RANGE, "must be a finite number, is %.*s", shown_len(d),
                           d->member.text.p);
    return false;
}

static bool take_between(struct reading_decoder *d, double min, double max, double *out)
{
    if (!reading_take_number(d, out)) {
        return false;
    }
    if (*out >= min && *out <= max) {
        return true;
    }
    reading_problem_member(d, PROBLEM_RANGE, "must be between %.16g and %.16g, is %.*s", min, max,
                           shown_len(d), d->member.text.p);
    return false;
}

/* JSON has one kind of number: 87.0 and 8.7e1 are the integer 87. */
bool reading_take_integer(struct reading_decoder *d, double min, double max, double *out)
{
    if (d->member.type != JSON_TOKEN_NUMBER) {
        return reading_refuse_type(d, "an integer");
    }
    if (!take_between(d, min, max, out)) {
        return false;
    }
    if (*out == trunc(*out)) {
        return true;
    }
    reading_problem_member(d, PROBLEM_TYPE, "must be an integer, is %.*s", shown_len(d),
                           d->member.text.p);
    return false;
}

/* --- position, online, seq ----------------------------------------------------------------- */

static void take_lat(struct reading_decoder *d)
{
    if (d->member.type != JSON_TOKEN_NULL && take_between(d, -90, 90, &d->reading->lat)) {
        d->reading->lat_digits = d->member.text;
    }
}

static void take_lon(struct reading_decoder *d)
{
    if (d->member.type != JSON_TOKEN_NULL && take_between(d, -180, 180, &d->reading->lon)) {
        d->reading->lon_digits = d->member.text;
    }
}

static void take_online(struct reading_decoder *d)
{
    if (d->member.type != JSON_TOKEN_TRUE && d->member.type != JSON_TOKEN_FALSE) {
        (void)reading_refuse_type(d, "true or false");
        return;
    }
    d->reading->has_online = true;
    d->reading->online = d->member.type == JSON_TOKEN_TRUE;
}

static void take_seq(struct reading_decoder *d)
{
    struct reading *r = d->reading;
    double value;
    if (d->member.type == JSON_TOKEN_NUMBER &&
        num_parse_i64(d->member.text, INT64_MIN, INT64_MAX, &r->seq)) {
        r->has_seq = true;
        return;
    }
    /* Digits alone beyond int64, or a number with a fraction or an exponent. */
    if (d->member.type == JSON_TOKEN_NUMBER && fabs(d->member.value) > READING_INTEGER_MAX) {
        reading_problem_member(d, PROBLEM_RANGE,
                               "must be an integer between -2^63 and 2^63 - 1, is %.*s",
                               shown_len(d), d->member.text.p);
        return;
    }
    if (reading_take_integer(d, -READING_INTEGER_MAX, READING_INTEGER_MAX, &value)) {
        r->has_seq = true;
        r->seq = (int64_t)value;
    }
}

/* --- text ---------------------------------------------------------------------------------- */

/* Copies text that had to be unescaped to where it lives as long as the reading. There is always
 * room: names are held to their part, and device_id and key to their lengths. */
struct span reading_keep(struct reading *r, struct span text)
{
    char *to = r->scratch + r->scratch_used;
    memcpy(to, text.p, text.len);
    r->scratch_used += text.len;
    return span_of(to, text.len);
}

/* Decodes the string of the member. `room` is for escaped text; false when it is too small, and
 * then the text is longer than room.len / JSON_ESCAPE_MAX. */
static bool decode_text(const struct reading_decoder *d, char *room, size_t size, struct span *text)
{
    *text = d->member.text;
    if (d->member.escaped) {
        if (text->len > size) {
            return false;
        }
        *text = span_of(room, json_unescape(*text, room));
    }
    return true;
}

static void refuse_length(struct reading_decoder *d, int max)
{
    reading_problem_member(d, PROBLEM_LENGTH, "must have 1 to %d bytes", max);
}

static void take_device_id(struct reading_decoder *d)
{
    char room[JSON_ESCAPE_MAX * READING_DEVICE_ID_MAX];
    struct span id;
    if (d->member.type != JSON_TOKEN_STRING) {
        (void)reading_refuse_type(d, "a string");
        return;
    }
    enum reading_problem_code code =
        decode_text(d, room, sizeof(room), &id) ? reading_device_id_check(id) : PROBLEM_LENGTH;
    if (code == PROBLEM_LENGTH) {
        refuse_length(d, READING_DEVICE_ID_MAX);
    } else if (code != PROBLEM_NONE) {
        reading_problem_member(d, code, "must not hold control characters");
    } else {
        d->reading->device_id = d->member.escaped ? reading_keep(d->reading, id) : id;
    }
}

/* Any characters: refusing here what ingest has let in would lose an accepted reading. */
static void take_key(struct reading_decoder *d)
{
    char room[JSON_ESCAPE_MAX * READING_KEY_MAX];
    struct span key;
    if (d->member.type != JSON_TOKEN_STRING) {
        (void)reading_refuse_type(d, "a string");
    } else if (!decode_text(d, room, sizeof(room), &key) || key.len < 1 ||
               key.len > READING_KEY_MAX) {
        refuse_length(d, READING_KEY_MAX);
    } else {
        d->reading->key = d->member.escaped ? reading_keep(d->reading, key) : key;
    }
}

/* --- time ---------------------------------------------------------------------------------- */

/* Seconds below 1e11 (the year 5138), else milliseconds (which begin in 1973 there); rounded to
 * the nearest millisecond. */
static bool epoch_ms(double v, int64_t *ms)
{
    v = round(fabs(v) < 1e11 ? v * 1000 : v);
    if (!(v >= (double)TIMESTAMP_MIN_MS && v <= (double)TIMESTAMP_MAX_MS)) {
        return false;
    }
    *ms = (int64_t)v;
    return true;
}

static bool take_time(struct reading_decoder *d, int64_t *ms)
{
    char room[JSON_ESCAPE_MAX * TIMESTAMP_TEXT_MAX];
    struct span text;
    double value;
    if (d->member.type == JSON_TOKEN_STRING) {
        if (decode_text(d, room, sizeof(room), &text) && timestamp_parse(text, ms)) {
            return true;
        }
        reading_problem_member(d, PROBLEM_TIMESTAMP,
                               "must be a time as 2026-11-21T10:00:00.123Z (RFC 3339)");
        return false;
    }
    if (d->member.type != JSON_TOKEN_NUMBER) {
        return reading_refuse_type(d, "an RFC 3339 string or an epoch number");
    }
    if (!reading_take_number(d, &value)) {
        return false;
    }
    if (!epoch_ms(value, ms)) {
        reading_problem_member(d, PROBLEM_RANGE, "must be a time in the years 0 to 9999, is %.*s",
                               shown_len(d), d->member.text.p);
        return false;
    }
    return true;
}

static void take_ts(struct reading_decoder *d)
{
    d->ts_valid = take_time(d, &d->reading->ts_ms);
}

static void take_received_at(struct reading_decoder *d)
{
    (void)take_time(d, &d->reading->received_at_ms);
}

void reading_value_take(struct reading_decoder *d)
{
    static void (*const take[])(struct reading_decoder *) = {
        [FIELD_DEVICE_ID] = take_device_id,
        [FIELD_TS] = take_ts,
        [FIELD_TIMESTAMP] = take_ts,
        [FIELD_TEMPERATURE_C] = reading_take_sensor,
        [FIELD_HUMIDITY] = reading_take_sensor,
        [FIELD_BATTERY_LEVEL] = reading_take_sensor,
        [FIELD_RSSI] = reading_take_sensor,
        [FIELD_LAT] = take_lat,
        [FIELD_LON] = take_lon,
        [FIELD_ONLINE] = take_online,
        [FIELD_SEQ] = take_seq,
        [FIELD_RECEIVED_AT] = take_received_at,
        [FIELD_KEY] = take_key,
        [FIELD_EXTRA] = reading_take_extra,
    };
    enum reading_field field = d->member.field;
    bool server_only = field == FIELD_RECEIVED_AT || field == FIELD_KEY;
    bool allowed = !server_only || d->profile->server_fields;
    (allowed ? take[field] : reading_take_extra)(d);
}
