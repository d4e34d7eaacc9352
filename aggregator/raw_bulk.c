/* One bulk insertion of raw readings. */
#include "aggregator/raw_bulk.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "common/mongo/bulk.h"
#include "common/mongo/errors.h"
#include "common/store/documents.h"

struct raw_bulk {
    struct mongo *mongo;     /* borrowed */
    mongoc_client_t *client; /* NULL: there was none */
    mongoc_collection_t *collection;
    mongoc_bulk_operation_t *bulk;
    size_t count;                    /* of the items */
    size_t sent;                     /* of those the driver takes */
    size_t *place;                   /* owned: of each that is sent, among the items */
    struct mongo_bulk_item *outcome; /* owned: of each that is sent */
    int rc;
    struct err e;
};

/* What the driver itself will not send stays out, and is refused alone. */
static void fill(struct raw_bulk *b, const struct sink_raw *items)
{
    bson_t doc = BSON_INITIALIZER;
    for (size_t i = 0; i < b->count; i++) {
        const struct sink_raw *raw = &items[i];
        bson_error_t error;
        bson_reinit(&doc);
        document_raw_encode(&doc, raw->reading, &raw->id, raw->partition, raw->offset);
        if (mongoc_bulk_operation_insert_with_opts(b->bulk, &doc, NULL, &error))
            b->place[b->sent++] = i;
    }
    bson_destroy(&doc);
}

struct raw_bulk *raw_bulk_new(struct mongo *mongo, const char *collection,
                              const struct sink_raw *items, size_t count)
{
    struct raw_bulk *b = xcalloc(1, sizeof *b);
    *b = (struct raw_bulk){.mongo = mongo, .client = mongo_pop(mongo), .count = count};
    if (!b->client) {
        b->rc = err_set(&b->e, ERR_UNAVAILABLE, "no store client is free");
        return b;
    }
    b->place = xcalloc(count, sizeof *b->place);
    b->outcome = xcalloc(count, sizeof *b->outcome);
    b->collection = mongo_collection(mongo, b->client, collection);
    bson_t opts = BSON_INITIALIZER;
    BSON_APPEND_BOOL(&opts, "ordered", false);
    b->bulk = mongoc_collection_create_bulk_operation_with_opts(b->collection, &opts);
    bson_destroy(&opts);
    fill(b, items);
    return b;
}

void raw_bulk_execute(struct raw_bulk *b)
{
    if (b->client)
        b->rc = mongo_bulk_execute(b->bulk, b->outcome, b->sent, NULL, &b->e);
}

/* `code` 0 = the driver itself will not send it. */
static void set_outcome(struct sink_raw *raw, int error, int code)
{
    raw->outcome = error == 0            ? RAW_STORED
                   : error == ERR_EXISTS ? RAW_EXISTS
                   : error == ERR_FAILED ? RAW_FAILED
                                         : RAW_REFUSED;
    raw->too_large = error == ERR_TOO_LARGE;
    raw->store_code = code;
    raw->store_error = code ? mongo_error_code_name(code) : "refused by the driver";
}

static bool blames_contents(int rc)
{
    return rc == ERR_INVALID || rc == ERR_TOO_LARGE || rc == ERR_FAILED;
}

/* The whole call was refused for what it holds. A document that was alone in it is refused for
 * good; of several nobody knows which, and a code that may mean the call blames nobody yet. */
static int blame(const struct raw_bulk *b, struct sink_raw *items, struct err *e)
{
    if (b->sent > 1 || b->rc == ERR_FAILED)
        return err_set(e, ERR_FAILED, "%s", b->e.message);
    set_outcome(&items[b->place[0]], b->rc, 0);
    items[b->place[0]].store_error = "refused with the whole call";
    return 0;
}

int raw_bulk_answer(const struct raw_bulk *b, struct sink_raw *items, struct err *e)
{
    for (size_t i = 0; i < b->count; i++)
        items[i].outcome = RAW_UNKNOWN;
    if (!b->client)
        return err_set(e, b->rc, "%s", b->e.message);
    for (size_t i = 0, sent = 0; i < b->count; i++) {
        if (sent < b->sent && b->place[sent] == i)
            sent++;
        else
            set_outcome(&items[i], ERR_INVALID, 0);
    }
    for (size_t i = 0; i < b->sent && b->rc == 0; i++)
        set_outcome(&items[b->place[i]], b->outcome[i].error, b->outcome[i].server_code);
    if (blames_contents(b->rc))
        return blame(b, items, e);
    return b->rc ? err_set(e, ERR_UNAVAILABLE, "%s", b->e.message) : 0;
}

void raw_bulk_free(struct raw_bulk *b)
{
    if (!b)
        return;
    if (b->client) {
        mongoc_bulk_operation_destroy(b->bulk);
        mongoc_collection_destroy(b->collection);
        mongo_push(b->mongo, b->client);
    }
    free(b->place);
    free(b->outcome);
    free(b);
}
