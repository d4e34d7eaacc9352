/* A second, plain decoder of readings on top of jansson, to hold the real one against. */
#include "tests/unit/model/reading_oracle.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/timestamp.h"

const struct oracle_difference_text oracle_differences[ORACLE_DIFFERENCES] = {
    [ORACLE_NO_DIFFERENCE] = {"none", "", "", ""},
    [ORACLE_DUPLICATE] = {"duplicate", "a name given twice is refused where it matters",
                          "refuses it at every level",
                          "no names are remembered inside and between members that are ignored"},
    [ORACLE_OVERFLOW] = {"overflow", "1e400 is out of range, in a field; ignored where that is",
                         "refuses the document as no JSON",
                         "RFC 8259 section 6 sets no limit, and the answer can name the field"},
    [ORACLE_NUL] = {"nul", "a NUL byte is refused everywhere", "2.14 overlooks it behind a number",
                    "nothing with a NUL byte is JSON"},
    [ORACLE_SEQ] = {"seq", "digits are read as they stand", "integers end at 64 bits, for all",
                    "the sequence number cannot be asked for when another integer is too large"},
};

enum { DEPTH_MAX = 16 }; /* nesting that readers allow (contract.md section 3) */

static size_t depth_of(json_t *value)
{
    size_t deepest = 0, i;
    const char *name;
    json_t *child;
    if (json_is_object(value)) {
        json_object_foreach(value, name, child)
        {
            size_t depth = depth_of(child);
            deepest = depth > deepest ? depth : deepest;
        }
        return deepest + 1;
    }
    if (json_is_array(value)) {
        json_array_foreach(value, i, child)
        {
            size_t depth = depth_of(child);
            deepest = depth > deepest ? depth : deepest;
        }
        return deepest + 1;
    }
    return 0;
}

static bool one_of(const char *name, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(name, *list) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_sensor_name(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    size_t len = strlen(name);
    return len >= 1 && len <= 64 && strchr(letters, name[0]) && strspn(name, all) == len;
}

static bool get_text(const json_t *value, size_t max, char out[ORACLE_TEXT_MAX])
{
    const char *text = json_string_value(value);
    if (!text || strlen(text) < 1 || strlen(text) > max) {
        return false;
    }
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool has_controls(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p < 32 || *p == 127 || (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)) {
            return true;
        }
    }
    return false;
}

static bool get_time(const json_t *value, int64_t *ms)
{
    if (json_is_string(value)) {
        return timestamp_parse(span_str(json_string_value(value)), ms);
    }
    if (!json_is_real(value)) {
        return false;
    }
    double v = json_real_value(value);
    v = round(fabs(v) < 1e11 ? v * 1000 : v);
    if (v < -62167219200000.0 || v > 253402300799999.0) {
        return false;
    }
    *ms = (int64_t)v;
    return true;
}

static bool get_between(const json_t *value, double min, double max, double *out)
{
    *out = json_real_value(value);
    return json_is_real(value) && *out >= min && *out <= max;
}

static bool add_sensor(struct oracle_reading *o, const char *name, const json_t *value)
{
    static const char *const own[] = {"temperature_c", "humidity", "battery_level", "rssi", NULL};
    double v = json_real_value(value);
    bool integer = v == floor(v);
    if (!json_is_real(value) ||
        (!strcmp(name, "battery_level") && (!integer || v < 0 || v > 100)) ||
        (!strcmp(name, "rssi") && (!integer || fabs(v) > 9007199254740991.0))) {
        return false;
    }
    o->extras += !one_of(name, own);
    if (o->extras > READING_EXTRA_MAX) {
        return false;
    }
    struct oracle_sensor *sensor = &o->sensor[o->sensors++];
    memcpy(sensor->name, name, strlen(name) + 1);
    sensor->value = v;
    return true;
}

/* One member of a known name. */
static bool take_known(struct oracle_reading *o, const char *name, const json_t *value)
{
    if (!strcmp(name, "device_id")) {
        return get_text(value, 128, o->device_id) && !has_controls(o->device_id);
    }
    if (!strcmp(name, "ts") || !strcmp(name, "timestamp")) {
        return get_time(value, &o->ts_ms);
    }
    if (!strcmp(name, "received_at")) {
        return get_time(value, &o->received_at_ms);
    }
    if (!strcmp(name, "key")) {
        return get_text(value, 255, o->key);
    }
    if (!strcmp(name, "online")) {
        o->has_online = true;
        o->online = json_is_true(value);
        return json_is_boolean(value);
    }
    if (!strcmp(name, "lat")) {
        return json_is_null(value) || get_between(value, -90, 90, &o->lat);
    }
    if (!strcmp(name, "lon")) {
        return json_is_null(value) || get_between(value, -180, 180, &o->lon);
    }
    if (!strcmp(name, "seq")) {
        o->has_seq = true;
        return json_is_real(value);
    }
    return add_sensor(o, name, value);
}

static bool take_member(struct oracle_reading *o, const char *name, const json_t *value,
                        enum reading_mode mode)
{
    static const char *const known[] = {"device_id", "ts",     "timestamp", "temperature_c",
                                        "humidity",  "lat",    "lon",       "battery_level",
                                        "rssi",      "online", "seq",       NULL};
    static const char *const server[] = {"received_at", "key", NULL};
    bool server_only = one_of(name, server);
    if (one_of(name, known) || (server_only && mode == READING_CANONICAL)) {
        return take_known(o, name, value);
    }
    if (is_sensor_name(name) && !server_only && json_is_real(value)) {
        return add_sensor(o, name, value);
    }
    o->ignored++;
    return mode == READING_LENIENT;
}

static bool has(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    return value && !json_is_null(value);
}

static bool check(struct oracle_reading *o, const json_t *root, const struct reading_rules *rules)
{
    bool stamped = has(root, "ts") || has(root, "timestamp");
    bool content = o->sensors > 0 || o->has_online || has(root, "lat");
    bool lenient = rules->mode == READING_LENIENT;
    int64_t base_ms = o->received_at_ms ? o->received_at_ms : rules->now_ms;
    if (!has(root, "device_id") || has(root, "lat") != has(root, "lon") ||
        (lenient && (!has(root, "temperature_c") || !has(root, "humidity"))) ||
        (!lenient && !content) || (rules->mode == READING_CANONICAL && !stamped)) {
        return false;
    }
    o->has_position = has(root, "lat");
    o->ts_from_server = !stamped;
    o->ts_ms = stamped ? o->ts_ms : rules->now_ms;
    return o->ts_from_server || o->ts_ms <= base_ms + rules->max_future_skew_ms;
}

/* All numbers were read as doubles; seq needs its digits, so it is read a second time. */
static bool read_seq(struct oracle_reading *o, struct span json)
{
    json_error_t error;
    json_t *root = json_loadb(json.p, json.len, 0, &error);
    if (!root) {
        o->difference = ORACLE_SEQ;
        return true;
    }
    const json_t *seq = json_object_get(root, "seq");
    double v = json_number_value(seq);
    bool good = json_is_integer(seq) || (v == floor(v) && fabs(v) <= 9007199254740991.0);
    o->seq = json_is_integer(seq) ? json_integer_value(seq) : good ? (int64_t)v : 0;
    json_decref(root);
    return good;
}

static int decode(struct oracle_reading *o, json_t *root, struct span json,
                  const struct reading_rules *rules)
{
    const char *name;
    json_t *value;
    bool good = true;
    if (depth_of(root) > DEPTH_MAX) {
        return ERR_SYNTAX;
    }
    if (!json_is_object(root)) {
        return ERR_INVALID;
    }
    if (json_object_get(root, "ts") && json_object_get(root, "timestamp")) {
        return ERR_SYNTAX;
    }
    json_object_foreach(root, name, value)
    {
        good = take_member(o, name, value, rules->mode) && good;
    }
    good = good && (!o->has_seq || read_seq(o, json));
    return good && check(o, root, rules) ? 0 : ERR_INVALID;
}

static enum oracle_difference difference_of(enum json_error_code code)
{
    return code == json_error_duplicate_key      ? ORACLE_DUPLICATE
           : code == json_error_numeric_overflow ? ORACLE_OVERFLOW
                                                 : ORACLE_NO_DIFFERENCE;
}

void oracle_decode(struct oracle_reading *o, struct span json, const struct reading_rules *rules)
{
    json_error_t error;
    memset(o, 0, sizeof(*o));
    if (memchr(json.p, '\0', json.len)) {
        o->rc = ERR_SYNTAX;
        o->difference = ORACLE_NUL;
        return;
    }
    json_t *root =
        json_loadb(json.p, json.len,
                   JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY, &error);
    if (!root) {
        o->rc = ERR_SYNTAX;
        o->difference = difference_of(json_error_code(&error));
        return;
    }
    o->rc = decode(o, root, json, rules);
    json_decref(root);
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0; /* -0 is not 0 */
}

static bool same_reading(const struct reading *r, const struct oracle_reading *o)
{
    bool same = span_is(r->device_id, o->device_id) && span_is(r->key, o->key) &&
                r->ts_ms == o->ts_ms && r->received_at_ms == o->received_at_ms &&
                r->ts_from_server == o->ts_from_server && r->has_position == o->has_position &&
                r->has_online == o->has_online && r->has_seq == o->has_seq &&
                r->online == o->online && r->sensors == o->sensors && r->ignored == o->ignored;
    same = same && (o->difference == ORACLE_SEQ || r->seq == o->seq);
    if (o->has_position) {
        same = same && same_double(r->lat, o->lat) && same_double(r->lon, o->lon);
    }
    for (unsigned i = 0; same && i < r->sensors; i++) {
        same = span_is(r->sensor[i].name, o->sensor[i].name) &&
               same_double(r->sensor[i].value, o->sensor[i].value);
    }
    return same;
}

bool oracle_agrees(const struct oracle_reading *o, int rc, const struct reading *r)
{
    if (o->difference == ORACLE_DUPLICATE || o->difference == ORACLE_OVERFLOW) {
        return rc != 0 || r->ignored > 0;
    }
    if (o->difference == ORACLE_SEQ && rc != o->rc) {
        return rc == ERR_INVALID; /* it may be the seq itself that is too large */
    }
    return rc == o->rc && (rc != 0 || same_reading(r, o));
}
