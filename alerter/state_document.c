/* The documents of `alert_state`: one rule for one device, to BSON and back. */
#include "alerter/state_document.h"

#include <stdio.h>
#include <string.h>

#include "common/base/xmalloc.h"

enum field_type { FIELD_DATE, FIELD_INT64, FIELD_DOUBLE };

/* The numbers of a struct as a table, so that writing and reading cannot drift apart. */
struct field {
    const char *name;
    enum field_type type;
    size_t offset;
};

#define COUNT(fields) (sizeof(fields) / sizeof *(fields))

static const struct field episode_fields[] = {
    {"revision", FIELD_INT64, offsetof(struct alert_episode, revision)},
    {"value", FIELD_DOUBLE, offsetof(struct alert_episode, value)},
    {"last_value", FIELD_DOUBLE, offsetof(struct alert_episode, last_value)},
    {"peak", FIELD_DOUBLE, offsetof(struct alert_episode, peak)},
    {"count", FIELD_INT64, offsetof(struct alert_episode, count)},
    {"start", FIELD_DATE, offsetof(struct alert_episode, start_ms)},
    {"last", FIELD_DATE, offsetof(struct alert_episode, last_ms)},
    {"escalated", FIELD_DATE, offsetof(struct alert_episode, escalated_ms)},
    {"resolved", FIELD_DATE, offsetof(struct alert_episode, resolved_ms)},
    {"created_at", FIELD_DATE, offsetof(struct alert_episode, created_at_ms)},
};

static const struct field transition_fields[] = {
    {"timestamp", FIELD_DATE, offsetof(struct alert_transition, ts_ms)},
    {"value", FIELD_DOUBLE, offsetof(struct alert_transition, value)},
};

static const struct field state_fields[] = {
    {"rev", FIELD_INT64, offsetof(struct alert_state, rev)},
    {"changed_at", FIELD_DATE, offsetof(struct alert_state, changed_ms)},
};

static const enum alert_event events[] = {ALERT_EVENT_FIRED, ALERT_EVENT_UPDATED,
                                          ALERT_EVENT_RESOLVED};

size_t state_document_id(char out[STATE_DOCUMENT_ID_MAX], const char *rule_id,
                         struct span device_id)
{
    int n =
        snprintf(out, STATE_DOCUMENT_ID_MAX, "%s/%.*s", rule_id, (int)device_id.len, device_id.p);
    return (size_t)n;
}

/* --- writing -----------------------------------------------------------------------------------
 */

static void write_fields(bson_t *doc, const struct field *fields, size_t count, const void *from)
{
    for (size_t i = 0; i < count; i++) {
        const void *at = (const char *)from + fields[i].offset;
        if (fields[i].type == FIELD_DOUBLE)
            BSON_APPEND_DOUBLE(doc, fields[i].name, *(const double *)at);
        else if (fields[i].type == FIELD_DATE)
            BSON_APPEND_DATE_TIME(doc, fields[i].name, *(const int64_t *)at);
        else
            BSON_APPEND_INT64(doc, fields[i].name, *(const int64_t *)at);
    }
}

static void write_episode(bson_t *doc, const struct alert_episode *episode)
{
    bson_t child;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "episode", &child);
    BSON_APPEND_UTF8(&child, "id", episode->id);
    BSON_APPEND_BOOL(&child, "active", episode->active);
    BSON_APPEND_UTF8(&child, "severity", alert_severity_name(episode->severity));
    write_fields(&child, episode_fields, COUNT(episode_fields), episode);
    bson_append_document_end(doc, &child);
}

static void begin_item(bson_t *array, unsigned i, bson_t *item)
{
    char text[16];
    const char *key;
    size_t len = bson_uint32_to_string(i, &key, text, sizeof text);
    bson_append_document_begin(array, key, (int)len, item);
}

static void write_src(bson_t *doc, const struct alert_state *state)
{
    bson_t array, item;
    BSON_APPEND_ARRAY_BEGIN(doc, "src", &array);
    for (unsigned i = 0; i < state->srcs; i++) {
        begin_item(&array, i, &item);
        BSON_APPEND_INT32(&item, "p", state->src[i].partition);
        BSON_APPEND_INT64(&item, "o", state->src[i].offset);
        bson_append_document_end(&array, &item);
    }
    bson_append_array_end(doc, &array);
}

static void write_outbox(bson_t *doc, const struct alert_state *state)
{
    bson_t array, item;
    BSON_APPEND_ARRAY_BEGIN(doc, "outbox", &array);
    for (unsigned i = 0; i < state->outbox_count; i++) {
        const struct alert_transition *t = &state->outbox[i];
        begin_item(&array, i, &item);
        BSON_APPEND_UTF8(&item, "event", alert_event_name(t->event));
        write_fields(&item, transition_fields, COUNT(transition_fields), t);
        write_episode(&item, &t->episode);
        bson_append_document_end(&array, &item);
    }
    bson_append_array_end(doc, &array);
}

void state_document_encode(bson_t *doc, const struct alert_state *state, int64_t rev)
{
    char id[STATE_DOCUMENT_ID_MAX];
    state_document_id(id, state->rule->id, span_str(state->device_id));
    BSON_APPEND_UTF8(doc, "_id", id);
    BSON_APPEND_UTF8(doc, "rule_id", state->rule->id);
    BSON_APPEND_UTF8(doc, "device_id", state->device_id);
    BSON_APPEND_INT64(doc, "rev", rev);
    BSON_APPEND_DATE_TIME(doc, "changed_at", state->changed_ms);
    write_episode(doc, &state->episode);
    write_src(doc, state);
    write_outbox(doc, state);
}

/* --- reading -----------------------------------------------------------------------------------
 */

static bool read_field(const bson_t *doc, const struct field *field, void *into)
{
    bson_iter_t iter;
    void *at = (char *)into + field->offset;
    if (!bson_iter_init_find(&iter, doc, field->name))
        return false;
    if (field->type == FIELD_DATE) {
        *(int64_t *)at = BSON_ITER_HOLDS_DATE_TIME(&iter) ? bson_iter_date_time(&iter) : 0;
        return BSON_ITER_HOLDS_DATE_TIME(&iter);
    }
    if (field->type == FIELD_DOUBLE)
        *(double *)at = bson_iter_as_double(&iter);
    else
        *(int64_t *)at = bson_iter_as_int64(&iter);
    return BSON_ITER_HOLDS_NUMBER(&iter);
}

static bool read_fields(const bson_t *doc, const struct field *fields, size_t count, void *into)
{
    bool complete = true;
    for (size_t i = 0; i < count; i++)
        complete &= read_field(doc, &fields[i], into);
    return complete;
}

/* A nested document or array, not copied. */
static bool child_of(const bson_iter_t *iter, bson_t *child)
{
    const uint8_t *data = NULL;
    uint32_t len = 0;
    if (BSON_ITER_HOLDS_DOCUMENT(iter))
        bson_iter_document(iter, &len, &data);
    else if (BSON_ITER_HOLDS_ARRAY(iter))
        bson_iter_array(iter, &len, &data);
    return data && bson_init_static(child, data, len);
}

static bool child_named(const bson_t *doc, const char *name, bson_t *child)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, doc, name) && child_of(&iter, child);
}

static const char *text_named(const bson_t *doc, const char *name)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, doc, name) && BSON_ITER_HOLDS_UTF8(&iter)
               ? bson_iter_utf8(&iter, NULL)
               : "";
}

static bool read_severity(const bson_t *doc, enum alert_severity *severity)
{
    const char *text = text_named(doc, "severity");
    for (int s = ALERT_WARNING; s <= ALERT_CRITICAL; s++)
        if (strcmp(text, alert_severity_name((enum alert_severity)s)) == 0) {
            *severity = (enum alert_severity)s;
            return true;
        }
    return false;
}

static bool read_episode(const bson_t *doc, struct alert_episode *episode)
{
    bson_t child;
    bson_iter_t iter;
    if (!child_named(doc, "episode", &child))
        return false;
    const char *id = text_named(&child, "id");
    if (strlen(id) != ALERT_ID_HEX || !read_severity(&child, &episode->severity) ||
        !bson_iter_init_find(&iter, &child, "active") || !BSON_ITER_HOLDS_BOOL(&iter))
        return false;
    memcpy(episode->id, id, ALERT_ID_HEX + 1);
    episode->active = bson_iter_bool(&iter);
    return read_fields(&child, episode_fields, COUNT(episode_fields), episode);
}

static bool read_event(const bson_t *item, enum alert_event *event)
{
    const char *text = text_named(item, "event");
    for (size_t i = 0; i < COUNT(events); i++)
        if (strcmp(text, alert_event_name(events[i])) == 0) {
            *event = events[i];
            return true;
        }
    return false;
}

static bool read_transition(struct alert_state *state, const bson_t *item)
{
    if (state->outbox_count == state->outbox_cap) {
        state->outbox_cap = state->outbox_cap ? 2 * state->outbox_cap : 4;
        state->outbox = xreallocarray(state->outbox, state->outbox_cap, sizeof *state->outbox);
    }
    struct alert_transition *t = &state->outbox[state->outbox_count++];
    *t = (struct alert_transition){0};
    return read_event(item, &t->event) && read_episode(item, &t->episode) &&
           read_fields(item, transition_fields, COUNT(transition_fields), t);
}

static bool read_source(struct alert_state *state, const bson_t *item)
{
    struct {
        int64_t partition, offset;
    } src = {0};
    static const struct field fields[] = {{"p", FIELD_INT64, 0}, {"o", FIELD_INT64, 8}};
    if (!read_fields(item, fields, COUNT(fields), &src))
        return false;
    if (state->srcs == state->srcs_cap) {
        state->srcs_cap = state->srcs_cap ? 2 * state->srcs_cap : 1;
        state->src = xreallocarray(state->src, state->srcs_cap, sizeof *state->src);
    }
    state->src[state->srcs++] =
        (struct alert_src){.partition = (int32_t)src.partition, .offset = src.offset};
    return true;
}

static bool read_each(const bson_t *doc, const char *name, struct alert_state *state,
                      bool (*read)(struct alert_state *state, const bson_t *item))
{
    bson_t array, item;
    bson_iter_t iter;
    if (!child_named(doc, name, &array) || !bson_iter_init(&iter, &array))
        return false;
    while (bson_iter_next(&iter))
        if (!child_of(&iter, &item) || !read(state, &item))
            return false;
    return true;
}

bool state_document_decode(const bson_t *doc, struct alert_state *state)
{
    return read_fields(doc, state_fields, COUNT(state_fields), state) && state->rev > 0 &&
           read_episode(doc, &state->episode) && read_each(doc, "src", state, read_source) &&
           read_each(doc, "outbox", state, read_transition);
}
