/* The members of one key in the keys file. */
#include "common/auth/key_member.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/auth/key_file.h"
#include "common/base/timestamp.h"
#include "common/base/utf8.h"
#include "common/base/xmalloc.h"
#include "common/model/reading.h"

enum { WHOLE = -1, SHA256_HEX = 2 * SHA256_BYTES };

/* "keys[3].scopes[1]" */
struct place {
    size_t key;
    const char *member; /* NULL: the key itself */
    int item;           /* WHOLE: the member itself */
};

static int wrong(const struct place *at, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int wrong(const struct place *at, struct err *e, const char *fmt, ...)
{
    char item[16] = "", text[ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (at->item != WHOLE)
        snprintf(item, sizeof item, "[%d]", at->item);
    return err_set(e, ERR_INVALID, "keys[%zu]%s%s%s: %s", at->key, at->member ? "." : "",
                   at->member ? at->member : "", item, text);
}

/* --- one value -------------------------------------------------------------------------------- */

static int read_id(struct key_record *k, json_t *v, struct place *at, struct err *e)
{
    struct span id = span_of(json_string_value(v), json_string_length(v));
    if (!api_key_id_valid(id))
        return wrong(at, e, "must be %d to %d letters a-z and digits", API_KEY_ID_MIN,
                     API_KEY_ID_MAX);
    memcpy(k->id, id.p, id.len);
    return 0;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_sha256(struct key_record *k, json_t *v, struct place *at, struct err *e)
{
    const char *hex = json_string_value(v);
    size_t good = 0;
    while (good < SHA256_HEX && hex && nibble(hex[good]) >= 0)
        good++;
    if (good != SHA256_HEX || json_string_length(v) != SHA256_HEX)
        return wrong(at, e, "must be %d hex digits 0-9a-f", SHA256_HEX);
    for (size_t i = 0; i < SHA256_BYTES; i++)
        k->sha256[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    return 0;
}

static int read_scope(struct key_record *k, json_t *v, struct place *at, struct err *e)
{
    unsigned scope = scope_parse(span_str(json_string_value(v)));
    if (!scope)
        return wrong(at, e, "must be one of %s", scope_names);
    if (k->scopes & scope)
        return wrong(at, e, "stands there twice");
    k->scopes |= scope;
    return 0;
}

int key_file_check_pattern(struct span pattern, struct err *e)
{
    if (pattern.p && reading_device_id_check(pattern) == PROBLEM_NONE)
        return 0;
    return err_set(e, ERR_INVALID,
                   "must be a device id of 1 to %d bytes without control characters; '*' stands "
                   "for any run of them",
                   READING_DEVICE_ID_MAX);
}

static int read_device(struct key_record *k, json_t *v, struct place *at, struct err *e)
{
    struct err why = {0};
    const char *pattern = json_string_value(v);
    if (key_file_check_pattern(span_str(pattern), &why) != 0)
        return wrong(at, e, "%s", why.message);
    key_record_add_device(k, pattern);
    return 0;
}

int key_file_check_note(struct span note, struct err *e)
{
    bool good = note.p && note.len <= KEY_NOTE_MAX && utf8_valid(note);
    for (size_t i = 0; good && i < note.len; i++)
        good = (unsigned char)note.p[i] >= 0x20 && note.p[i] != 0x7f;
    return good ? 0
                : err_set(e, ERR_INVALID,
                          "must be a text of at most %d bytes without control characters",
                          KEY_NOTE_MAX);
}

static int read_note(struct key_record *k, json_t *v, struct place *at, struct err *e)
{
    struct err why = {0};
    if (key_file_check_note(span_str(json_string_value(v)), &why) != 0)
        return wrong(at, e, "%s", why.message);
    k->note = xstrdup(json_string_value(v));
    return 0;
}

static int read_time(int64_t *to, json_t *v, struct place *at, struct err *e)
{
    if (!timestamp_parse(span_of(json_string_value(v), json_string_length(v)), to))
        return wrong(at, e, "must be a time such as \"2026-11-21T10:00:00Z\" (RFC 3339)");
    return 0;
}

static int read_not_before(struct key_record *k, json_t *v, struct place *at, struct err *e)
{
    return read_time(&k->not_before_ms, v, at, e);
}

static int read_expires_at(struct key_record *k, json_t *v, struct place *at, struct err *e)
{
    return read_time(&k->expires_at_ms, v, at, e);
}

static int read_created_at(struct key_record *k, json_t *v, struct place *at, struct err *e)
{
    return read_time(&k->created_at_ms, v, at, e);
}

static int read_revoked_at(struct key_record *k, json_t *v, struct place *at, struct err *e)
{
    return read_time(&k->revoked_at_ms, v, at, e);
}

/* --- the rows --------------------------------------------------------------------------------- */

typedef int (*read_fn)(struct key_record *k, json_t *v, struct place *at, struct err *e);

static const struct member {
    const char *name;
    read_fn read; /* of the value, or of each item */
    unsigned max; /* of a list: the most items; 0 = no list */
    bool required;
} members[] = {
    {"id", read_id, 0, true},
    {"sha256", read_sha256, 0, true},
    {"scopes", read_scope, 3, true},
    {"devices", read_device, KEY_PATTERNS_MAX, false},
    {"not_before", read_not_before, 0, false},
    {"expires_at", read_expires_at, 0, false},
    {"created_at", read_created_at, 0, false},
    {"revoked_at", read_revoked_at, 0, false},
    {"note", read_note, 0, false},
};
enum { MEMBERS = sizeof members / sizeof members[0] };

static int read_list(struct key_record *k, const struct member *m, json_t *list, struct place *at,
                     struct err *e)
{
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count == 0 || count > m->max)
        return wrong(at, e, "must be a list of 1 to %u texts%s", m->max,
                     m->required ? "" : "; leave it out for every device");
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        at->item = (int)i;
        rc = m->read(k, json_array_get(list, i), at, e);
    }
    return rc;
}

static int read_member(struct key_record *k, const char *name, json_t *value, struct place *at,
                       struct err *e)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        if (strcmp(members[i].name, name) != 0)
            continue;
        at->member = name;
        return members[i].max ? read_list(k, &members[i], value, at, e)
                              : members[i].read(k, value, at, e);
    }
    return wrong(at, e,
                 "\"%.40s\" is unknown; allowed are id, sha256, scopes, devices, "
                 "not_before, expires_at, created_at, revoked_at, note",
                 name);
}

static int check_missing(json_t *object, const struct place *at, struct err *e)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (members[i].required && !json_object_get(object, members[i].name))
            return wrong(at, e, "%s is missing", members[i].name);
    return 0;
}

int key_members_read(struct key_record *k, json_t *object, size_t index, struct err *e)
{
    struct place at = {.key = index, .item = WHOLE};
    if (!json_is_object(object))
        return wrong(&at, e, "must be an object");
    const char *name;
    json_t *value;
    int rc = 0;
    json_object_foreach(object, name, value)
    {
        at = (struct place){.key = index, .item = WHOLE};
        rc = read_member(k, name, value, &at, e);
        if (rc != 0)
            return rc;
    }
    at = (struct place){.key = index, .item = WHOLE};
    rc = check_missing(object, &at, e);
    if (rc == 0 && k->not_before_ms >= k->expires_at_ms)
        rc = wrong(&at, e, "expires_at must be later than not_before");
    return rc;
}

/* --- and out again ---------------------------------------------------------------------------- */

static void write_name(struct buf *out, const char *name)
{
    buf_printf(out, ",\"%s\":", name);
}

static void write_time(struct buf *out, const char *name, int64_t ms, int64_t none)
{
    if (ms == none)
        return;
    char text[TIMESTAMP_TEXT_MAX];
    write_name(out, name);
    buf_json_string(out, span_of(text, timestamp_format(ms, text)));
}

static void write_scopes(struct buf *out, unsigned scopes)
{
    write_name(out, "scopes");
    char before = '[';
    for (unsigned bit = 1; bit < SCOPE_ALL; bit <<= 1) {
        if (!(scopes & bit))
            continue;
        buf_printf(out, "%c\"%s\"", before, scope_name((enum scope)bit));
        before = ',';
    }
    buf_char(out, ']');
}

static void write_devices(struct buf *out, const struct key_record *k)
{
    if (k->devices == 0)
        return;
    write_name(out, "devices");
    for (unsigned i = 0; i < k->devices; i++) {
        buf_char(out, i > 0 ? ',' : '[');
        buf_json_string(out, span_str(k->device[i]));
    }
    buf_char(out, ']');
}

void key_record_write(const struct key_record *k, struct buf *out)
{
    char sha256[SHA256_HEX + 1];
    hex_encode(k->sha256, SHA256_BYTES, sha256);
    buf_printf(out, "{\"id\":\"%s\",\"sha256\":\"%s\"", k->id, sha256);
    write_scopes(out, k->scopes);
    write_devices(out, k);
    write_time(out, "not_before", k->not_before_ms, KEY_EVER);
    write_time(out, "expires_at", k->expires_at_ms, KEY_NEVER);
    write_time(out, "created_at", k->created_at_ms, KEY_EVER);
    write_time(out, "revoked_at", k->revoked_at_ms, KEY_NEVER);
    if (k->note) {
        write_name(out, "note");
        buf_json_string(out, span_str(k->note));
    }
    buf_char(out, '}');
}
