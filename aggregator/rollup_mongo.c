/* Rollups over the store: changes as a cursor, everything else as batches by _id. */
#include "aggregator/rollup_mongo.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"
#include "common/mongo/cas.h"
#include "common/mongo/document.h"
#include "common/mongo/lookup.h"
#include "common/store/documents.h"

enum { LEVELS = ROLLUP_KINDS + 1, CURSOR_BATCH = 1000 };

struct rollup_mongo {
    struct mongo *mongo; /* borrowed */
    mongoc_client_t *client;
    char *level[LEVELS]; /* owned: windows, hours, days; a kind is folded from the one before */
    char *state;
    mongoc_collection_t *streamed;
    mongoc_cursor_t *cursor; /* the open stream */
    bool drained;            /* it has given all: the driver must not be asked again */
};

struct rollup_mongo *rollup_mongo_new(const struct rollup_mongo_options *options)
{
    struct rollup_mongo *m = xcalloc(1, sizeof *m);
    *m = (struct rollup_mongo){
        .mongo = options->mongo,
        .level = {xstrdup(options->windows), xstrdup(options->hours), xstrdup(options->days)},
        .state = xstrdup(options->state)};
    return m;
}

static void close_stream(void *self)
{
    struct rollup_mongo *m = self;
    mongoc_cursor_destroy(m->cursor);
    m->cursor = NULL;
    mongoc_collection_destroy(m->streamed);
    m->streamed = NULL;
}

void rollup_mongo_free(struct rollup_mongo *m)
{
    if (!m)
        return;
    close_stream(m);
    if (m->client)
        mongo_push(m->mongo, m->client);
    for (int i = 0; i < LEVELS; i++)
        free(m->level[i]);
    free(m->state);
    free(m);
}

static int take_client(struct rollup_mongo *m, struct err *e)
{
    if (!m->client)
        m->client = mongo_pop(m->mongo);
    return m->client ? 0 : err_set(e, ERR_UNAVAILABLE, "no store client is free");
}

/* Whatever is wrong: there is nobody to give up, so the pass is done again. */
static int again(int rc, struct err *e)
{
    if (rc != 0 && e)
        e->code = ERR_UNAVAILABLE;
    return rc == 0 ? 0 : ERR_UNAVAILABLE;
}

static int run_lookup(struct rollup_mongo *m, const char *name, struct mongo_lookup *l,
                      void (*visit)(void *arg, size_t item, const bson_t *doc), void *arg,
                      struct err *e)
{
    int rc = take_client(m, e);
    if (rc == 0) {
        mongoc_collection_t *c = mongo_collection(m->mongo, m->client, name);
        rc = mongo_lookup_run(l, c, NULL, visit, arg, e);
        mongoc_collection_destroy(c);
    }
    mongo_lookup_free(l);
    return again(rc, e);
}

/* --- the clock, the lease and the checkpoint -------------------------------------------------- */

static int now(void *self, int64_t *now_ms, struct err *e)
{
    struct rollup_mongo *m = self;
    int rc = take_client(m, e);
    if (rc)
        return rc;
    bson_t command = BSON_INITIALIZER, reply;
    bson_error_t error = {0};
    static const struct document_field time[] = {{"localTime", DOCUMENT_DATE, 0}};
    BSON_APPEND_INT32(&command, "hello", 1);
    if (!mongoc_client_command_simple(m->client, "admin", &command, NULL, &reply, &error))
        rc = err_set(e, ERR_UNAVAILABLE, "hello: %s", error.message);
    else if (!document_complete(document_read(&reply, time, 1, now_ms), 1))
        rc = err_set(e, ERR_UNAVAILABLE, "the store does not tell its time");
    bson_destroy(&reply);
    bson_destroy(&command);
    return rc;
}

struct lease {
    char holder[64];
    int64_t until_ms, rev; /* rev 0: there is none */
};

static void take_lease(void *arg, size_t item, const bson_t *doc)
{
    (void)item;
    struct lease *l = arg;
    static const struct document_field fields[] = {
        {"until", DOCUMENT_DATE, offsetof(struct lease, until_ms)},
        {"rev", DOCUMENT_INT64, offsetof(struct lease, rev)},
    };
    document_read(doc, fields, DOCUMENT_COUNT(fields), l);
    bson_iter_t iter;
    if (bson_iter_init_find(&iter, doc, "holder") && BSON_ITER_HOLDS_UTF8(&iter))
        bson_strncpy(l->holder, bson_iter_utf8(&iter, NULL), sizeof l->holder);
}

static int read_lease(struct rollup_mongo *m, struct lease *out, struct err *e)
{
    struct mongo_lookup *l = mongo_lookup_new();
    mongo_lookup_add_utf8(l, "lease", strlen("lease"));
    *out = (struct lease){.rev = 0};
    return run_lookup(m, m->state, l, take_lease, out, e);
}

static int write_lease(struct rollup_mongo *m, const char *holder, int64_t until_ms, int64_t rev,
                       bool *held, struct err *e)
{
    bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&doc, "_id", "lease");
    BSON_APPEND_UTF8(&doc, "holder", holder);
    BSON_APPEND_DATE_TIME(&doc, "until", until_ms);
    BSON_APPEND_INT64(&doc, "rev", rev + 1);
    struct mongo_cas item = {.doc = &doc, .expected = rev ? rev : MONGO_CAS_ABSENT};
    mongoc_collection_t *c = mongo_collection(m->mongo, m->client, m->state);
    int rc = mongo_cas_write(c, "$rev", &item, 1, e);
    *held = rc == 0 && !item.lost;
    mongoc_collection_destroy(c);
    bson_destroy(&doc);
    return again(rc, e);
}

static int lease(void *self, const char *holder, int64_t now_ms, int64_t until_ms, bool *held,
                 struct err *e)
{
    struct lease l;
    *held = false;
    int rc = read_lease(self, &l, e);
    bool taken = l.rev && strcmp(l.holder, holder) != 0 && l.until_ms > now_ms;
    return rc || taken ? rc : write_lease(self, holder, until_ms, l.rev, held, e);
}

static const char *const state_id[ROLLUP_KINDS] = {"hours", "days"};

static const struct document_field state_fields[] = {
    {"through", DOCUMENT_DATE, offsetof(struct rollup_state, through_ms)},
    {"closed", DOCUMENT_DATE, offsetof(struct rollup_state, closed_ms)},
};

static void take_state(void *arg, size_t item, const bson_t *doc)
{
    (void)item;
    document_read(doc, state_fields, DOCUMENT_COUNT(state_fields), arg);
}

static int read_state(void *self, enum rollup_kind kind, struct rollup_state *out, struct err *e)
{
    struct rollup_mongo *m = self;
    struct mongo_lookup *l = mongo_lookup_new();
    mongo_lookup_add_utf8(l, state_id[kind], strlen(state_id[kind]));
    *out = (struct rollup_state){0};
    return run_lookup(m, m->state, l, take_state, out, e);
}

/* Whoever writes last wins: a checkpoint that goes back costs work and nothing else. */
static int write_state(void *self, enum rollup_kind kind, const struct rollup_state *state,
                       struct err *e)
{
    struct rollup_mongo *m = self;
    int rc = take_client(m, e);
    if (rc)
        return rc;
    bson_t id = BSON_INITIALIZER, doc = BSON_INITIALIZER, upsert = BSON_INITIALIZER;
    bson_error_t error = {0};
    BSON_APPEND_UTF8(&id, "_id", state_id[kind]);
    BSON_APPEND_UTF8(&doc, "_id", state_id[kind]);
    document_write(&doc, state_fields, DOCUMENT_COUNT(state_fields), state);
    BSON_APPEND_BOOL(&upsert, "upsert", true);
    mongoc_collection_t *c = mongo_collection(m->mongo, m->client, m->state);
    if (!mongoc_collection_replace_one(c, &id, &doc, &upsert, NULL, &error))
        rc = err_set(e, ERR_UNAVAILABLE, "checkpoint: %s", error.message);
    mongoc_collection_destroy(c);
    bson_destroy(&upsert);
    bson_destroy(&doc);
    bson_destroy(&id);
    return rc;
}

/* --- streams ---------------------------------------------------------------------------------- */

static int open_stream(struct rollup_mongo *m, const char *name, const bson_t *filter,
                       const char *order, struct err *e)
{
    static const char *const wanted[] = {"device_id", "sensor_type", "timestamp", "rev",
                                         "last_updated"};
    int rc = take_client(m, e);
    if (rc)
        return rc;
    bson_t opts = BSON_INITIALIZER, child;
    BSON_APPEND_DOCUMENT_BEGIN(&opts, "projection", &child);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        BSON_APPEND_INT32(&child, wanted[i], 1);
    bson_append_document_end(&opts, &child);
    BSON_APPEND_DOCUMENT_BEGIN(&opts, "sort", &child);
    BSON_APPEND_INT32(&child, order, 1);
    bson_append_document_end(&opts, &child);
    BSON_APPEND_INT32(&opts, "batchSize", CURSOR_BATCH);
    m->streamed = mongo_collection(m->mongo, m->client, name);
    m->cursor = mongoc_collection_find_with_opts(m->streamed, filter, &opts, NULL);
    m->drained = false;
    bson_destroy(&opts);
    return 0;
}

static int open_changes(void *self, enum rollup_kind kind, int64_t from_ms, struct err *e)
{
    struct rollup_mongo *m = self;
    bson_t filter = BSON_INITIALIZER, range;
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "last_updated", &range);
    BSON_APPEND_DATE_TIME(&range, "$gte", from_ms);
    bson_append_document_end(&filter, &range);
    int rc = open_stream(m, m->level[kind], &filter, "last_updated", e);
    bson_destroy(&filter);
    return rc;
}

static int open_unclosed(void *self, enum rollup_kind kind, int64_t from_ms, int64_t to_ms,
                         struct err *e)
{
    struct rollup_mongo *m = self;
    bson_t filter = BSON_INITIALIZER, range;
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "timestamp", &range);
    BSON_APPEND_DATE_TIME(&range, "$gte", from_ms);
    BSON_APPEND_DATE_TIME(&range, "$lt", to_ms);
    bson_append_document_end(&filter, &range);
    BSON_APPEND_BOOL(&filter, "final", false);
    int rc = open_stream(m, m->level[kind + 1], &filter, "timestamp", e);
    bson_destroy(&filter);
    return rc;
}

static bool read_text(const bson_t *doc, const char *field, char *out, size_t size)
{
    bson_iter_t iter;
    uint32_t len = 0;
    if (!bson_iter_init_find(&iter, doc, field) || !BSON_ITER_HOLDS_UTF8(&iter))
        return false;
    const char *text = bson_iter_utf8(&iter, &len);
    if (len >= size || memchr(text, '\0', len))
        return false;
    memcpy(out, text, len + 1);
    return true;
}

/* False for a document that is nobody's window; it is passed over. */
static bool read_change(const bson_t *doc, struct rollup_change *c)
{
    static const struct document_field fields[] = {
        {"timestamp", DOCUMENT_DATE, offsetof(struct rollup_change, start_ms)},
        {"rev", DOCUMENT_INT64, offsetof(struct rollup_change, rev)},
        {"last_updated", DOCUMENT_DATE, offsetof(struct rollup_change, updated_ms)},
    };
    size_t count = DOCUMENT_COUNT(fields);
    return document_complete(document_read(doc, fields, count, c), count) &&
           read_text(doc, "device_id", c->name.device_id, sizeof c->name.device_id) &&
           read_text(doc, "sensor_type", c->name.sensor, sizeof c->name.sensor);
}

static int next_changes(void *self, struct rollup_change *out, size_t max, size_t *count,
                        struct err *e)
{
    struct rollup_mongo *m = self;
    const bson_t *doc;
    bson_error_t error = {0};
    for (*count = 0; *count < max && !m->drained;) {
        m->drained = !mongoc_cursor_next(m->cursor, &doc);
        *count += !m->drained && read_change(doc, &out[*count]);
    }
    return mongoc_cursor_error(m->cursor, &error)
               ? err_set(e, ERR_UNAVAILABLE, "changes: %s", error.message)
               : 0;
}

/* --- rollups and their sources ---------------------------------------------------------------- */

static void ask(struct mongo_lookup *l, const struct rollup_name *name, int64_t start_ms)
{
    char id[WINDOW_ID_MAX];
    size_t len = window_id(id, span_str(name->device_id), span_str(name->sensor), start_ms);
    mongo_lookup_add_utf8(l, id, len);
}

static void take_rollup(void *arg, size_t i, const bson_t *doc)
{
    struct rollup_item *item = &((struct rollup_item *)arg)[i];
    item->unreadable = !document_rollup_decode(doc, &item->stored);
}

static int read_rollups(void *self, enum rollup_kind kind, struct rollup_item *items, size_t count,
                        struct err *e)
{
    struct rollup_mongo *m = self;
    struct mongo_lookup *l = mongo_lookup_new();
    for (size_t i = 0; i < count; i++)
        ask(l, &items[i].name, items[i].stored.start_ms);
    return run_lookup(m, m->level[kind + 1], l, take_rollup, items, e);
}

static bool read_window(const bson_t *doc, struct rollup_source *out)
{
    struct window w;
    window_init(&w, 0);
    bool ok = document_window_decode(doc, &w);
    if (ok)
        rollup_source_of_window(&w, out);
    window_deinit(&w);
    return ok;
}

static bool read_hour(const bson_t *doc, int64_t start_ms, struct rollup_source *out)
{
    struct rollup r;
    rollup_init(&r, &rollup_hour, start_ms);
    bool ok = document_rollup_decode(doc, &r);
    if (ok)
        rollup_source_of_rollup(&r, out);
    return ok;
}

/* Which source of which item each document was asked for. */
struct asking {
    struct rollup_item *items;
    struct {
        uint32_t item, place;
    } * at; /* owned; in the order of asking */
};

static void take_source(void *arg, size_t i, const bson_t *doc)
{
    const struct asking *asking = arg;
    struct rollup_item *item = &asking->items[asking->at[i].item];
    const struct rollup_level *level = item->fresh.level;
    int64_t start_ms = rollup_source_start(level, item->fresh.start_ms, asking->at[i].place);
    struct rollup_source source;
    item->sources++;
    bool ok = level == &rollup_hour ? read_window(doc, &source) : read_hour(doc, start_ms, &source);
    if (!ok || source.start_ms != start_ms || !rollup_fold(&item->fresh, &source))
        item->unreadable = true;
}

static int read_sources(void *self, enum rollup_kind kind, struct rollup_item *items, size_t count,
                        struct err *e)
{
    struct rollup_mongo *m = self;
    struct mongo_lookup *l = mongo_lookup_new();
    struct asking asking = {.items = items,
                            .at = xcalloc(count * ROLLUP_SOURCES_MAX + 1, sizeof *asking.at)};
    size_t asked = 0;
    for (size_t i = 0; i < count; i++) {
        const struct rollup *r = &items[i].fresh;
        for (unsigned place = 0; place < rollup_sources(r->level); place++) {
            if (!(items[i].places >> place & 1))
                continue;
            asking.at[asked].item = (uint32_t)i;
            asking.at[asked++].place = place;
            ask(l, &items[i].name, rollup_source_start(r->level, r->start_ms, place));
        }
    }
    int rc = run_lookup(m, m->level[kind], l, take_source, &asking, e);
    free(asking.at);
    return rc;
}

static int write_items(mongoc_collection_t *c, struct rollup_item *items, size_t count,
                       int64_t now_ms, struct err *e)
{
    bson_t *doc = xcalloc(count, sizeof *doc);
    struct mongo_cas *cas = xcalloc(count, sizeof *cas);
    for (size_t i = 0; i < count; i++) {
        const struct rollup_item *item = &items[i];
        int64_t rev = item->stored.rev;
        bson_init(&doc[i]);
        document_rollup_encode(&doc[i], span_str(item->name.device_id), span_str(item->name.sensor),
                               &item->fresh, rev + 1, now_ms);
        cas[i] = (struct mongo_cas){.doc = &doc[i], .expected = rev ? rev : MONGO_CAS_ABSENT};
    }
    int rc = mongo_cas_write(c, "$rev", cas, count, e);
    for (size_t i = 0; i < count; i++) {
        items[i].lost = cas[i].lost;
        bson_destroy(&doc[i]);
    }
    free(cas);
    free(doc);
    return rc;
}

static int write_rollups(void *self, enum rollup_kind kind, struct rollup_item *items, size_t count,
                         int64_t now_ms, struct err *e)
{
    struct rollup_mongo *m = self;
    int rc = take_client(m, e);
    if (rc)
        return rc;
    mongoc_collection_t *c = mongo_collection(m->mongo, m->client, m->level[kind + 1]);
    rc = write_items(c, items, count, now_ms, e);
    mongoc_collection_destroy(c);
    return again(rc, e);
}

struct rollup_store rollup_mongo_port(struct rollup_mongo *m)
{
    return (struct rollup_store){.self = m,
                                 .now = now,
                                 .lease = lease,
                                 .read_state = read_state,
                                 .write_state = write_state,
                                 .open_changes = open_changes,
                                 .open_unclosed = open_unclosed,
                                 .next_changes = next_changes,
                                 .close = close_stream,
                                 .read_rollups = read_rollups,
                                 .read_sources = read_sources,
                                 .write_rollups = write_rollups};
}
