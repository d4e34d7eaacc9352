/* The sink over the store: batches become bulk writes and lookups by _id. */
#include "aggregator/sink_mongo.h"

#include <stdio.h>
#include <stdlib.h>

#include "aggregator/raw_writer.h"
#include "common/base/xmalloc.h"
#include "common/mongo/cas.h"
#include "common/mongo/lookup.h"
#include "common/store/documents.h"
#include "common/store/schema.h"

struct sink_mongo {
    struct mongo *mongo; /* borrowed */
    struct raw_writer *writer;
    char *topic, *raw, *windows, *devices, *ledger;
};

struct sink_mongo *sink_mongo_new(const struct sink_mongo_options *options)
{
    struct sink_mongo *s = xcalloc(1, sizeof *s);
    *s = (struct sink_mongo){.mongo = options->mongo,
                             .writer = raw_writer_new(),
                             .topic = xstrdup(options->topic),
                             .raw = xstrdup(options->raw),
                             .windows = xstrdup(options->windows),
                             .devices = xstrdup(options->devices),
                             .ledger = xstrdup(options->ledger)};
    return s;
}

void sink_mongo_free(struct sink_mongo *s)
{
    if (!s)
        return;
    raw_writer_free(s->writer);
    free(s->topic);
    free(s->raw);
    free(s->windows);
    free(s->devices);
    free(s->ledger);
    free(s);
}

/* One call's hold on a collection. */
struct session {
    mongoc_client_t *client;
    mongoc_collection_t *collection;
};

static int begin(struct session *session, struct sink_mongo *s, const char *name, struct err *e)
{
    session->client = mongo_pop(s->mongo);
    if (!session->client)
        return err_set(e, ERR_UNAVAILABLE, "no store client is free");
    session->collection = mongo_collection(s->mongo, session->client, name);
    return 0;
}

static void end(struct session *session, struct sink_mongo *s)
{
    mongoc_collection_destroy(session->collection);
    mongo_push(s->mongo, session->client);
}

/* Outside of single raw documents there is nobody to give up: whatever is wrong, try again. */
static int retry_later(int rc, struct err *e)
{
    if (rc == 0 || rc == ERR_UNAVAILABLE)
        return rc;
    if (e)
        e->code = ERR_UNAVAILABLE;
    return ERR_UNAVAILABLE;
}

/* --- raw readings ----------------------------------------------------------------------------- */

static void insert_begin(void *self, const struct sink_raw *items, size_t count)
{
    struct sink_mongo *s = self;
    raw_writer_begin(s->writer, raw_bulk_new(s->mongo, s->raw, items, count));
}

static int insert_finish(void *self, struct sink_raw *items, size_t count, int wait_ms,
                         struct err *e)
{
    (void)count;
    struct sink_mongo *s = self;
    struct raw_bulk *b = raw_writer_finish(s->writer, wait_ms);
    if (!b)
        return ERR_TIMEOUT;
    int rc = raw_bulk_answer(b, items, e);
    raw_bulk_free(b);
    return rc;
}

static void insert_abandon(void *self)
{
    struct sink_mongo *s = self;
    raw_writer_abandon(s->writer);
}

static void take_origin(void *arg, size_t item, const bson_t *doc)
{
    struct sink_raw *raw = ((struct sink_raw *const *)arg)[item];
    struct reading stored;
    struct document_origin origin = {.partition = -1, .offset = -1};
    bool readable = document_raw_decode(doc, &stored, &origin);
    raw->outcome = RAW_EXISTS;
    raw->found_partition = origin.partition;
    raw->found_offset = origin.offset;
    raw->same_contents = readable && reading_same_contents(&stored, raw->reading);
}

static int read_origins(void *self, struct sink_raw *const *items, size_t count, struct err *e)
{
    struct session session = {0};
    int rc = begin(&session, self, ((struct sink_mongo *)self)->raw, e);
    if (rc)
        return rc;
    struct mongo_lookup *l = mongo_lookup_new();
    for (size_t i = 0; i < count; i++) {
        bson_value_t id = {.value_type = BSON_TYPE_OID};
        bson_oid_init_from_data(&id.value.v_oid, items[i]->id.byte);
        mongo_lookup_add(l, &id);
        items[i]->outcome = RAW_UNKNOWN;
    }
    rc = mongo_lookup_run(l, session.collection, NULL, take_origin, (void *)(uintptr_t)items, e);
    /* Half an answer must not look like documents that are gone. */
    for (size_t i = 0; i < count && rc != 0; i++)
        items[i]->outcome = RAW_EXISTS;
    mongo_lookup_free(l);
    end(&session, self);
    return rc;
}

/* --- windows and devices ---------------------------------------------------------------------- */

/* Documents for one compare-and-set, owned until it is done. */
struct cas_batch {
    bson_t *doc;
    struct mongo_cas *item;
    size_t count;
};

static void batch_init(struct cas_batch *b, size_t count)
{
    *b = (struct cas_batch){.doc = xcalloc(count, sizeof *b->doc),
                            .item = xcalloc(count, sizeof *b->item),
                            .count = count};
    for (size_t i = 0; i < count; i++) {
        bson_init(&b->doc[i]);
        b->item[i].doc = &b->doc[i];
    }
}

static void batch_deinit(struct cas_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        bson_destroy(&b->doc[i]);
    free(b->doc);
    free(b->item);
}

static void batch_expect(struct cas_batch *b, size_t i, int64_t rev)
{
    b->item[i].expected = rev == 0 ? MONGO_CAS_ABSENT : rev;
}

static int batch_write(struct cas_batch *b, struct sink_mongo *s, const char *collection,
                       const char *guard, struct err *e)
{
    struct session session = {0};
    int rc = begin(&session, s, collection, e);
    if (rc)
        return rc;
    rc = mongo_cas_write(session.collection, guard, b->item, b->count, e);
    end(&session, s);
    return retry_later(rc, e);
}

static int write_windows(void *self, struct sink_window *items, size_t count, int64_t now_ms,
                         struct err *e)
{
    struct sink_mongo *s = self;
    struct cas_batch b;
    batch_init(&b, count);
    for (size_t i = 0; i < count; i++) {
        const struct window *w = items[i].window;
        document_window_encode(&b.doc[i], items[i].device_id, items[i].sensor, w, w->rev + 1,
                               now_ms);
        batch_expect(&b, i, w->rev);
    }
    int rc = batch_write(&b, s, s->windows, "$rev", e);
    for (size_t i = 0; i < count && rc == 0; i++) {
        items[i].lost = b.item[i].lost;
        items[i].window->rev += items[i].lost ? 0 : 1;
    }
    batch_deinit(&b);
    return rc;
}

static int write_devices(void *self, struct sink_device *items, size_t count, struct err *e)
{
    struct sink_mongo *s = self;
    struct cas_batch b;
    batch_init(&b, count);
    for (size_t i = 0; i < count; i++) {
        document_device_encode(&b.doc[i], items[i].state, items[i].state->rev + 1);
        batch_expect(&b, i, items[i].state->rev);
    }
    int rc = batch_write(&b, s, s->devices, "$rev", e);
    for (size_t i = 0; i < count && rc == 0; i++) {
        items[i].lost = b.item[i].lost;
        items[i].state->rev += items[i].lost ? 0 : 1;
    }
    batch_deinit(&b);
    return rc;
}

/* A lookup and what became of the documents that were found. */
struct reader {
    void *items;
    int unreadable;
};

static int run_lookup(struct sink_mongo *s, const char *collection, const struct mongo_lookup *l,
                      void (*visit)(void *arg, size_t item, const bson_t *doc), struct reader *r,
                      struct err *e)
{
    struct session session = {0};
    int rc = begin(&session, s, collection, e);
    if (rc)
        return rc;
    rc = mongo_lookup_run(l, session.collection, NULL, visit, r, e);
    end(&session, s);
    if (rc == 0 && r->unreadable)
        rc = err_set(e, ERR_UNAVAILABLE, "%d documents of %s are not ours to read", r->unreadable,
                     collection);
    return rc;
}

static void take_window(void *arg, size_t item, const bson_t *doc)
{
    struct reader *r = arg;
    struct sink_window *target = &((struct sink_window *)r->items)[item];
    int64_t start_ms = target->window->start_ms;
    window_deinit(target->window);
    window_init(target->window, start_ms);
    target->found = document_window_decode(doc, target->window);
    r->unreadable += !target->found;
}

static int read_windows(void *self, struct sink_window *items, size_t count, struct err *e)
{
    struct sink_mongo *s = self;
    struct reader r = {.items = items};
    struct mongo_lookup *l = mongo_lookup_new();
    for (size_t i = 0; i < count; i++) {
        char id[WINDOW_ID_MAX];
        size_t len = window_id(id, items[i].device_id, items[i].sensor, items[i].window->start_ms);
        items[i].found = false;
        mongo_lookup_add_utf8(l, id, len);
    }
    int rc = run_lookup(s, s->windows, l, take_window, &r, e);
    mongo_lookup_free(l);
    return rc;
}

static bool take_key(const bson_t *doc, struct sink_key *key)
{
    bson_iter_t device, sensor, start;
    uint32_t device_len, sensor_len;
    if (!bson_iter_init_find(&device, doc, "device_id") || !BSON_ITER_HOLDS_UTF8(&device) ||
        !bson_iter_init_find(&sensor, doc, "sensor_type") || !BSON_ITER_HOLDS_UTF8(&sensor) ||
        !bson_iter_init_find(&start, doc, "timestamp") || !BSON_ITER_HOLDS_DATE_TIME(&start))
        return false;
    const char *device_id = bson_iter_utf8(&device, &device_len);
    const char *name = bson_iter_utf8(&sensor, &sensor_len);
    if (device_len >= sizeof key->device_id || sensor_len >= sizeof key->sensor)
        return false;
    memcpy(key->device_id, device_id, device_len + 1);
    memcpy(key->sensor, name, sensor_len + 1);
    key->start_ms = bson_iter_date_time(&start);
    return true;
}

/* {final: false, timestamp: {$lte: until}, "src.p3": {$exists: true}}, keys only. */
static mongoc_cursor_t *open_windows(mongoc_collection_t *c, int32_t partition, int64_t until_ms,
                                     size_t max)
{
    bson_t filter = BSON_INITIALIZER, child;
    char share[32];
    snprintf(share, sizeof share, "src.p%d", (int)partition);
    BSON_APPEND_BOOL(&filter, "final", false);
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "timestamp", &child);
    BSON_APPEND_DATE_TIME(&child, "$lte", until_ms);
    bson_append_document_end(&filter, &child);
    BSON_APPEND_DOCUMENT_BEGIN(&filter, share, &child);
    BSON_APPEND_BOOL(&child, "$exists", true);
    bson_append_document_end(&filter, &child);
    bson_t *opts =
        BCON_NEW("limit", BCON_INT64((int64_t)max), "projection", "{", "device_id", BCON_INT32(1),
                 "sensor_type", BCON_INT32(1), "timestamp", BCON_INT32(1), "}");
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(c, &filter, opts, NULL);
    bson_destroy(opts);
    bson_destroy(&filter);
    return cursor;
}

static int find_open(void *self, int32_t partition, int64_t until_ms, struct sink_key *out,
                     size_t max, size_t *count, struct err *e)
{
    struct sink_mongo *s = self;
    struct session session = {0};
    int rc = begin(&session, s, s->windows, e);
    if (rc)
        return rc;
    mongoc_cursor_t *cursor = open_windows(session.collection, partition, until_ms, max);
    const bson_t *doc;
    bson_error_t error = {0};
    for (*count = 0; *count < max && mongoc_cursor_next(cursor, &doc);)
        *count += take_key(doc, &out[*count]);
    if (mongoc_cursor_error(cursor, &error))
        rc = retry_later(mongo_fail(e, "find open windows", &error, NULL), e);
    mongoc_cursor_destroy(cursor);
    end(&session, s);
    return rc;
}

static void take_device(void *arg, size_t item, const bson_t *doc)
{
    struct reader *r = arg;
    struct sink_device *target = &((struct sink_device *)r->items)[item];
    char id[READING_DEVICE_ID_MAX + 1];
    memcpy(id, target->state->device_id, sizeof id);
    device_state_deinit(target->state);
    device_state_init(target->state, span_str(id));
    target->found = document_device_decode(doc, target->state);
    r->unreadable += !target->found;
}

static int read_devices(void *self, struct sink_device *items, size_t count, struct err *e)
{
    struct sink_mongo *s = self;
    struct reader r = {.items = items};
    struct mongo_lookup *l = mongo_lookup_new();
    for (size_t i = 0; i < count; i++) {
        items[i].found = false;
        mongo_lookup_add_utf8(l, items[i].state->device_id, strlen(items[i].state->device_id));
    }
    int rc = run_lookup(s, s->devices, l, take_device, &r, e);
    mongo_lookup_free(l);
    return rc;
}

/* --- the ledger ------------------------------------------------------------------------------- */

struct ledger_reader {
    struct ledger *out;
    bool found, readable;
};

static void take_ledger(void *arg, size_t item, const bson_t *doc)
{
    (void)item;
    struct ledger_reader *r = ((struct reader *)arg)->items;
    r->found = true;
    r->readable = document_ledger_decode(doc, r->out);
    ((struct reader *)arg)->unreadable += !r->readable;
}

static int read_ledger(void *self, int32_t partition, struct ledger *out, struct err *e)
{
    struct sink_mongo *s = self;
    *out = (struct ledger){.partition = partition};
    struct ledger_reader ledger = {.out = out};
    struct reader r = {.items = &ledger};
    struct mongo_lookup *l = mongo_lookup_new();
    char id[DOCUMENT_LEDGER_ID_MAX];
    document_ledger_id(id, s->topic, partition);
    mongo_lookup_add_utf8(l, id, strlen(id));
    int rc = run_lookup(s, s->ledger, l, take_ledger, &r, e);
    mongo_lookup_free(l);
    if (rc == 0 && !ledger.found)
        rc = err_set(e, ERR_NOT_FOUND, "%s has no account yet", id);
    return rc;
}

static int write_ledgers(void *self, struct sink_ledger *items, size_t count, int64_t now_ms,
                         struct err *e)
{
    struct sink_mongo *s = self;
    struct cas_batch b;
    batch_init(&b, count);
    for (size_t i = 0; i < count; i++) {
        document_ledger_encode(&b.doc[i], s->topic, &items[i].ledger, now_ms);
        b.item[i].expected = items[i].expected_next < 0 ? MONGO_CAS_ABSENT : items[i].expected_next;
    }
    int rc = batch_write(&b, s, s->ledger, "$next_offset", e);
    for (size_t i = 0; i < count && rc == 0; i++)
        items[i].lost = b.item[i].lost;
    batch_deinit(&b);
    return rc;
}

static int identity(void *self, char out[SINK_IDENTITY_MAX], struct err *e)
{
    struct sink_mongo *s = self;
    return store_schema_identity(s->mongo, out, e);
}

struct sink sink_mongo_port(struct sink_mongo *s)
{
    return (struct sink){.self = s,
                         .insert_begin = insert_begin,
                         .insert_finish = insert_finish,
                         .insert_abandon = insert_abandon,
                         .read_origins = read_origins,
                         .read_windows = read_windows,
                         .find_open = find_open,
                         .write_windows = write_windows,
                         .read_devices = read_devices,
                         .write_devices = write_devices,
                         .identity = identity,
                         .read_ledger = read_ledger,
                         .write_ledgers = write_ledgers};
}
