/* The store port over the collections `alert_state` and `alerts`. */
#include "alerter/store_mongo.h"

#include <stdlib.h>

#include "alerter/alert_update.h"
#include "alerter/cache.h"
#include "alerter/state_document.h"
#include "common/base/xmalloc.h"
#include "common/mongo/bulk.h"
#include "common/mongo/cas.h"
#include "common/mongo/lookup.h"
#include "common/store/schema.h"

/* One call's hold on a collection. */
struct session {
    mongoc_client_t *client;
    mongoc_collection_t *collection;
};

static int begin(struct session *session, struct alert_store_mongo *s, const char *name,
                 struct err *e)
{
    session->client = mongo_pop(s->mongo);
    if (!session->client) {
        err_set(e, ERR_UNAVAILABLE, "no store client is free");
        return ERR_UNAVAILABLE;
    }
    session->collection = mongo_collection(s->mongo, session->client, name);
    return 0;
}

static void end(struct session *session, struct alert_store_mongo *s)
{
    mongoc_collection_destroy(session->collection);
    mongo_push(s->mongo, session->client);
}

/* There is no alert that could be given up: whatever is wrong, try again until it is put right. */
static int retry_later(int rc, struct err *e)
{
    if (rc == 0)
        return 0;
    if (e)
        e->code = ERR_UNAVAILABLE;
    return ERR_UNAVAILABLE;
}

/* --- reading states --------------------------------------------------------------------------- */

struct reader {
    struct alert_load *items;
    unsigned unreadable;
};

static void take_state(void *arg, size_t item, const bson_t *doc)
{
    struct reader *r = arg;
    struct alert_load *load = &r->items[item];
    struct alert_state *state = xcalloc(1, sizeof *state);
    alert_state_init(state, load->rule, load->device_id);
    r->unreadable += !state_document_decode(doc, state);
    alert_loaded_free(load->state);
    load->state = state;
}

static int load_found(struct alert_store_mongo *s, const struct mongo_lookup *l, struct reader *r,
                      struct err *e)
{
    struct session session;
    int rc = begin(&session, s, s->states, e);
    if (rc != 0)
        return rc;
    rc = mongo_lookup_run(l, session.collection, NULL, take_state, r, e);
    end(&session, s);
    if (rc == 0 && r->unreadable > 0)
        rc = err_set(e, ERR_UNAVAILABLE, "%u documents of %s are not ours to read", r->unreadable,
                     s->states);
    return rc;
}

static int load(void *self, struct alert_load *items, size_t count, struct err *e)
{
    struct reader r = {.items = items};
    struct mongo_lookup *l = mongo_lookup_new();
    for (size_t i = 0; i < count; i++) {
        char id[STATE_DOCUMENT_ID_MAX];
        size_t len = state_document_id(id, items[i].rule->id, items[i].device_id);
        mongo_lookup_add_utf8(l, id, len);
        items[i].state = NULL;
    }
    int rc = load_found(self, l, &r, e);
    mongo_lookup_free(l);
    for (size_t i = 0; i < count && rc != 0; i++) {
        alert_loaded_free(items[i].state);
        items[i].state = NULL;
    }
    return retry_later(rc, e);
}

/* --- writing states --------------------------------------------------------------------------- */

static int write_cas(struct alert_store_mongo *s, struct mongo_cas *items, size_t count,
                     struct err *e)
{
    struct session session;
    int rc = begin(&session, s, s->states, e);
    if (rc != 0)
        return rc;
    rc = mongo_cas_write(session.collection, "$rev", items, count, e);
    end(&session, s);
    return retry_later(rc, e);
}

static int write_states(void *self, const struct alert_state *const *states, size_t count,
                        struct err *e)
{
    bson_t *doc = xcalloc(count, sizeof *doc);
    struct mongo_cas *item = xcalloc(count, sizeof *item);
    for (size_t i = 0; i < count; i++) {
        int64_t rev = states[i]->rev;
        bson_init(&doc[i]);
        state_document_encode(&doc[i], states[i], rev + 1);
        item[i] = (struct mongo_cas){.doc = &doc[i], .expected = rev == 0 ? MONGO_CAS_ABSENT : rev};
    }
    int rc = write_cas(self, item, count, e);
    for (size_t i = 0; i < count; i++) {
        if (rc == 0 && item[i].lost)
            rc = ERR_CONFLICT;
        bson_destroy(&doc[i]);
    }
    free(item);
    free(doc);
    return rc;
}

/* --- writing alerts --------------------------------------------------------------------------- */

static mongoc_bulk_operation_t *unordered_bulk(mongoc_collection_t *collection)
{
    bson_t opts = BSON_INITIALIZER;
    BSON_APPEND_BOOL(&opts, "ordered", false);
    mongoc_bulk_operation_t *bulk =
        mongoc_collection_create_bulk_operation_with_opts(collection, &opts);
    bson_destroy(&opts);
    return bulk;
}

static int add_alert(mongoc_bulk_operation_t *bulk, const struct alert_document *d, struct err *e)
{
    bson_t selector = BSON_INITIALIZER, pipeline = BSON_INITIALIZER, opts = BSON_INITIALIZER;
    bson_error_t error = {0};
    alert_update_selector(&selector, d);
    alert_update_pipeline(&pipeline, d);
    BSON_APPEND_BOOL(&opts, "upsert", true);
    bool ok = mongoc_bulk_operation_update_one_with_opts(bulk, &selector, &pipeline, &opts, &error);
    bson_destroy(&opts);
    bson_destroy(&pipeline);
    bson_destroy(&selector);
    return ok ? 0 : err_set(e, ERR_UNAVAILABLE, "alert %s: %s", d->episode->id, error.message);
}

static int run_bulk(mongoc_bulk_operation_t *bulk, size_t count, struct err *e)
{
    struct mongo_bulk_item *outcome = xcalloc(count, sizeof *outcome);
    int rc = mongo_bulk_execute(bulk, outcome, count, NULL, e);
    /* Two upserts of a new alert at once: one of them finds it there, and has to look again. */
    for (size_t i = 0; i < count && rc == 0; i++)
        if (outcome[i].error != 0)
            rc = err_set(e, ERR_UNAVAILABLE, "an alert was not taken: %s, code %d",
                         err_name(outcome[i].error), outcome[i].server_code);
    free(outcome);
    return rc;
}

static int write_alerts(void *self, const struct alert_document *items, size_t count, struct err *e)
{
    struct alert_store_mongo *s = self;
    struct session session;
    int rc = begin(&session, s, s->alerts, e);
    if (rc != 0)
        return rc;
    mongoc_bulk_operation_t *bulk = unordered_bulk(session.collection);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = add_alert(bulk, &items[i], e);
    if (rc == 0)
        rc = run_bulk(bulk, count, e);
    mongoc_bulk_operation_destroy(bulk);
    end(&session, s);
    return retry_later(rc, e);
}

struct alert_store_port alert_store_mongo_port(struct alert_store_mongo *s)
{
    return (struct alert_store_port){
        .self = s, .load = load, .write_states = write_states, .write_alerts = write_alerts};
}

int alert_store_mongo_prepare(struct alert_store_mongo *s, int64_t ttl_ms, struct err *e)
{
    const struct mongo_index indexes[] = {
        {s->alerts, "created_at:-1", (ttl_ms + 999) / 1000},
        {s->alerts, "device_id:1,created_at:-1", 0},
        {s->alerts, "timestamp:-1", 0},
        {s->alerts, "status:1,severity:1", 0},
    };
    int rc = store_schema_check(s->mongo, e);
    return rc ? rc : mongo_ensure_indexes(s->mongo, indexes, sizeof indexes / sizeof *indexes, e);
}
