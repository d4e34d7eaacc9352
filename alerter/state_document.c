/* The documents of `alert_state`: one rule for one device, to BSON and back. */
#include "alerter/state_document.h"

#include <stdio.h>
#include <string.h>

#include "common/base/xmalloc.h"
#include "common/mongo/document.h"

static const struct document_field episode_fields[] = {
    {"active", DOCUMENT_BOOL, offsetof(struct alert_episode, active)},
    {"revision", DOCUMENT_INT64, offsetof(struct alert_episode, revision)},
    {"value", DOCUMENT_DOUBLE, offsetof(struct alert_episode, value)},
    {"last_value", DOCUMENT_DOUBLE, offsetof(struct alert_episode, last_value)},
    {"peak", DOCUMENT_DOUBLE, offsetof(struct alert_episode, peak)},
    {"count", DOCUMENT_INT64, offsetof(struct alert_episode, count)},
    {"start", DOCUMENT_DATE, offsetof(struct alert_episode, start_ms)},
    {"last", DOCUMENT_DATE, offsetof(struct alert_episode, last_ms)},
    {"escalated", DOCUMENT_DATE, offsetof(struct alert_episode, escalated_ms)},
    {"resolved", DOCUMENT_DATE, offsetof(struct alert_episode, resolved_ms)},
    {"created_at", DOCUMENT_DATE, offsetof(struct alert_episode, created_at_ms)},
};

static const struct document_field transition_fields[] = {
    {"timestamp", DOCUMENT_DATE, offsetof(struct alert_transition, ts_ms)},
    {"value", DOCUMENT_DOUBLE, offsetof(struct alert_transition, value)},
};

static const struct document_field state_fields[] = {
    {"rev", DOCUMENT_INT64, offsetof(struct alert_state, rev)},
    {"changed_at", DOCUMENT_DATE, offsetof(struct alert_state, changed_ms)},
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

/* --- writing ---------------------------------------------------------------------------------- */

static void write_episode(bson_t *doc, const struct alert_episode *episode)
{
    bson_t child;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "episode", &child);
    BSON_APPEND_UTF8(&child, "id", episode->id);
    BSON_APPEND_UTF8(&child, "severity", alert_severity_name(episode->severity));
    document_write(&child, episode_fields, DOCUMENT_COUNT(episode_fields), episode);
    bson_append_document_end(doc, &child);
}

static void write_src(bson_t *doc, const struct alert_state *state)
{
    bson_t array, item;
    BSON_APPEND_ARRAY_BEGIN(doc, "src", &array);
    for (unsigned i = 0; i < state->srcs; i++) {
        document_begin_item(&array, i, &item);
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
        document_begin_item(&array, i, &item);
        BSON_APPEND_UTF8(&item, "event", alert_event_name(t->event));
        document_write(&item, transition_fields, DOCUMENT_COUNT(transition_fields), t);
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

/* --- reading ---------------------------------------------------------------------------------- */

static bool read_fields(const bson_t *doc, const struct document_field *fields, size_t count,
                        void *into)
{
    return document_complete(document_read(doc, fields, count, into), count);
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
    if (!document_child(doc, "episode", &child))
        return false;
    const char *id = text_named(&child, "id");
    if (strlen(id) != ALERT_ID_HEX || !read_severity(&child, &episode->severity))
        return false;
    memcpy(episode->id, id, ALERT_ID_HEX + 1);
    return read_fields(&child, episode_fields, DOCUMENT_COUNT(episode_fields), episode);
}

static bool read_event(const bson_t *item, enum alert_event *event)
{
    const char *text = text_named(item, "event");
    for (size_t i = 0; i < DOCUMENT_COUNT(events); i++)
        if (strcmp(text, alert_event_name(events[i])) == 0) {
            *event = events[i];
            return true;
        }
    return false;
}

static bool read_transition(void *arg, const bson_t *item)
{
    struct alert_state *state = arg;
    if (state->outbox_count == state->outbox_cap) {
        state->outbox_cap = state->outbox_cap ? 2 * state->outbox_cap : 4;
        state->outbox = xreallocarray(state->outbox, state->outbox_cap, sizeof *state->outbox);
    }
    struct alert_transition *t = &state->outbox[state->outbox_count++];
    *t = (struct alert_transition){0};
    return read_event(item, &t->event) && read_episode(item, &t->episode) &&
           read_fields(item, transition_fields, DOCUMENT_COUNT(transition_fields), t);
}

static bool read_source(void *arg, const bson_t *item)
{
    struct alert_state *state = arg;
    struct {
        int64_t partition, offset;
    } src = {0};
    static const struct document_field fields[] = {{"p", DOCUMENT_INT64, 0},
                                                   {"o", DOCUMENT_INT64, 8}};
    if (!read_fields(item, fields, DOCUMENT_COUNT(fields), &src))
        return false;
    if (state->srcs == state->srcs_cap) {
        state->srcs_cap = state->srcs_cap ? 2 * state->srcs_cap : 1;
        state->src = xreallocarray(state->src, state->srcs_cap, sizeof *state->src);
    }
    state->src[state->srcs++] =
        (struct alert_src){.partition = (int32_t)src.partition, .offset = src.offset};
    return true;
}

bool state_document_decode(const bson_t *doc, struct alert_state *state)
{
    return read_fields(doc, state_fields, DOCUMENT_COUNT(state_fields), state) && state->rev > 0 &&
           read_episode(doc, &state->episode) && bson_has_field(doc, "src") &&
           document_each(doc, "src", read_source, state) && bson_has_field(doc, "outbox") &&
           document_each(doc, "outbox", read_transition, state);
}
