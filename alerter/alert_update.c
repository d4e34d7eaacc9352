/* The update that brings a document of `alerts` up to an episode. */
#include "alerter/alert_update.h"

#include "common/base/buf.h"

void alert_update_selector(bson_t *selector, const struct alert_document *d)
{
    bson_oid_t oid;
    bson_oid_init_from_string(&oid, d->episode->id);
    BSON_APPEND_OID(selector, "_id", &oid);
}

/* As it was when the episode began: an escalation changes the severity beside it. */
static void append_message(bson_t *doc, const struct alert_rule *rule,
                           const struct alert_episode *episode)
{
    struct buf message = {0};
    enum alert_severity first = episode->escalated_ms ? ALERT_WARNING : episode->severity;
    alert_message(rule, first, episode->value, &message);
    BSON_APPEND_UTF8(doc, "message", buf_cstr(&message));
    buf_deinit(&message);
}

/* What the alerter alone knows: it replaces what is stored. */
static void append_ours(bson_t *doc, const struct alert_document *d)
{
    const struct alert_episode *episode = d->episode;
    const struct alert_rule *rule = d->state->rule;
    BSON_APPEND_UTF8(doc, "device_id", d->state->device_id);
    BSON_APPEND_UTF8(doc, "sensor_type", rule->sensor);
    BSON_APPEND_DOUBLE(doc, "value", episode->value);
    BSON_APPEND_UTF8(doc, "alert_type", rule->id);
    BSON_APPEND_UTF8(doc, "severity", alert_severity_name(episode->severity));
    append_message(doc, rule, episode);
    BSON_APPEND_DATE_TIME(doc, "timestamp", episode->start_ms);
    BSON_APPEND_DATE_TIME(doc, "created_at", episode->created_at_ms);
    BSON_APPEND_UTF8(doc, "rule_id", rule->id);
    BSON_APPEND_INT64(doc, "count", (int64_t)episode->count);
    BSON_APPEND_DOUBLE(doc, "peak", episode->peak);
    BSON_APPEND_DOUBLE(doc, "last_value", episode->last_value);
    if (episode->active)
        BSON_APPEND_NULL(doc, "resolved_at");
    else
        BSON_APPEND_DATE_TIME(doc, "resolved_at", episode->resolved_ms);
    BSON_APPEND_INT64(doc, "revision", episode->revision);
}

/* {"$ifNull": [path, fallback]}; the fallback is appended by the caller in between. */
static void begin_if_null(bson_t *parent, const char *key, const char *path, bson_t *expression,
                          bson_t *operands)
{
    BSON_APPEND_DOCUMENT_BEGIN(parent, key, expression);
    BSON_APPEND_ARRAY_BEGIN(expression, "$ifNull", operands);
    BSON_APPEND_UTF8(operands, "0", path);
}

static void end_operands(bson_t *parent, bson_t *expression, bson_t *operands)
{
    bson_append_array_end(expression, operands);
    bson_append_document_end(parent, expression);
}

static void append_stored_revision(bson_t *parent, const char *key)
{
    bson_t expression, operands;
    begin_if_null(parent, key, "$revision", &expression, &operands);
    BSON_APPEND_INT64(&operands, "1", 0);
    end_operands(parent, &expression, &operands);
}

static void append_transitions(bson_t *parent, const struct alert_document *d)
{
    bson_t list, item;
    BSON_APPEND_ARRAY_BEGIN(parent, "$literal", &list);
    for (unsigned i = 0; i < d->transitions; i++) {
        const struct alert_transition *t = &d->transition[i];
        char text[16];
        const char *key;
        size_t len = bson_uint32_to_string(i, &key, text, sizeof text);
        bson_append_document_begin(&list, key, (int)len, &item);
        BSON_APPEND_UTF8(&item, "event", alert_event_name(t->event));
        BSON_APPEND_DATE_TIME(&item, "timestamp", t->ts_ms);
        BSON_APPEND_DOUBLE(&item, "value", t->value);
        BSON_APPEND_UTF8(&item, "severity", alert_severity_name(t->episode.severity));
        BSON_APPEND_INT64(&item, "revision", t->episode.revision);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(parent, &list);
}

/* {"$filter": {"input": ours, "as": "t", "cond": {"$gt": ["$$t.revision", stored revision]}}} */
static void append_new_transitions(bson_t *parent, const char *key, const struct alert_document *d)
{
    bson_t expression, filter, input, cond, operands;
    BSON_APPEND_DOCUMENT_BEGIN(parent, key, &expression);
    BSON_APPEND_DOCUMENT_BEGIN(&expression, "$filter", &filter);
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "input", &input);
    append_transitions(&input, d);
    bson_append_document_end(&filter, &input);
    BSON_APPEND_UTF8(&filter, "as", "t");
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "cond", &cond);
    BSON_APPEND_ARRAY_BEGIN(&cond, "$gt", &operands);
    BSON_APPEND_UTF8(&operands, "0", "$$t.revision");
    append_stored_revision(&operands, "1");
    end_operands(&filter, &cond, &operands);
    bson_append_document_end(&expression, &filter);
    bson_append_document_end(parent, &expression);
}

static void append_history(bson_t *parent, const struct alert_document *d)
{
    bson_t expression, operands, stored, stored_operands, empty;
    BSON_APPEND_DOCUMENT_BEGIN(parent, "history", &expression);
    BSON_APPEND_ARRAY_BEGIN(&expression, "$concatArrays", &operands);
    begin_if_null(&operands, "0", "$history", &stored, &stored_operands);
    BSON_APPEND_ARRAY_BEGIN(&stored_operands, "1", &empty);
    bson_append_array_end(&stored_operands, &empty);
    end_operands(&operands, &stored, &stored_operands);
    append_new_transitions(&operands, "1", d);
    end_operands(parent, &expression, &operands);
}

/* What a person said about an active alert stands; the end of the episode ends it. */
static void append_status(bson_t *parent, const struct alert_episode *episode)
{
    bson_t expression, operands, equal, sides;
    if (!episode->active) {
        BSON_APPEND_UTF8(parent, "status", "resolved");
        return;
    }
    BSON_APPEND_DOCUMENT_BEGIN(parent, "status", &expression);
    BSON_APPEND_ARRAY_BEGIN(&expression, "$cond", &operands);
    BSON_APPEND_DOCUMENT_BEGIN(&operands, "0", &equal);
    BSON_APPEND_ARRAY_BEGIN(&equal, "$eq", &sides);
    BSON_APPEND_UTF8(&sides, "0", "$status");
    BSON_APPEND_UTF8(&sides, "1", "acknowledged");
    end_operands(&operands, &equal, &sides);
    BSON_APPEND_UTF8(&operands, "1", "acknowledged");
    BSON_APPEND_UTF8(&operands, "2", "active");
    end_operands(parent, &expression, &operands);
}

/* Fields that depend on what is stored. */
static void append_joined(bson_t *parent, const struct alert_document *d)
{
    bson_t expression, operands;
    append_status(parent, d->episode);
    begin_if_null(parent, "acked", "$acked", &expression, &operands);
    BSON_APPEND_BOOL(&operands, "1", false);
    end_operands(parent, &expression, &operands);
    append_history(parent, d);
}

static void append_merge(bson_t *parent, const char *key, const struct alert_document *d)
{
    bson_t expression, operands, ours, literal, joined;
    BSON_APPEND_DOCUMENT_BEGIN(parent, key, &expression);
    BSON_APPEND_ARRAY_BEGIN(&expression, "$mergeObjects", &operands);
    BSON_APPEND_UTF8(&operands, "0", "$$ROOT");
    BSON_APPEND_DOCUMENT_BEGIN(&operands, "1", &ours);
    /* $literal: a device's string that begins with '$' must stay a string. */
    BSON_APPEND_DOCUMENT_BEGIN(&ours, "$literal", &literal);
    append_ours(&literal, d);
    bson_append_document_end(&ours, &literal);
    bson_append_document_end(&operands, &ours);
    BSON_APPEND_DOCUMENT_BEGIN(&operands, "2", &joined);
    append_joined(&joined, d);
    bson_append_document_end(&operands, &joined);
    end_operands(parent, &expression, &operands);
}

static void append_is_newer(bson_t *parent, const char *key, int64_t revision)
{
    bson_t expression, operands;
    BSON_APPEND_DOCUMENT_BEGIN(parent, key, &expression);
    BSON_APPEND_ARRAY_BEGIN(&expression, "$lt", &operands);
    append_stored_revision(&operands, "0");
    BSON_APPEND_INT64(&operands, "1", revision);
    end_operands(parent, &expression, &operands);
}

void alert_update_pipeline(bson_t *pipeline, const struct alert_document *d)
{
    bson_t stage, expression, branches;
    BSON_APPEND_DOCUMENT_BEGIN(pipeline, "0", &stage);
    BSON_APPEND_DOCUMENT_BEGIN(&stage, "$replaceWith", &expression);
    BSON_APPEND_ARRAY_BEGIN(&expression, "$cond", &branches);
    append_is_newer(&branches, "0", d->episode->revision);
    append_merge(&branches, "1", d);
    BSON_APPEND_UTF8(&branches, "2", "$$ROOT");
    end_operands(&stage, &expression, &branches);
    bson_append_document_end(pipeline, &stage);
}
