/* Indexes as a table: what is missing is made, and a changed time to live is applied. */
#include "common/mongo/indexes.h"

#include <string.h>

#include "common/mongo/errors.h"
#include "common/mongo/mongo.h"

/* One piece "name:1" of the list. */
static bool parse_key(struct span piece, bson_t *out, struct buf *name)
{
    const char *colon = piece.len ? memchr(piece.p, ':', piece.len) : NULL;
    if (!colon || colon == piece.p)
        return false;
    struct span field = span_of(piece.p, (size_t)(colon - piece.p));
    struct span direction = span_of(colon + 1, piece.len - field.len - 1);
    bool up = span_is(direction, "1");
    if (!up && !span_is(direction, "-1"))
        return false;
    bson_append_int32(out, field.p, (int)field.len, up ? 1 : -1);
    if (name->len)
        buf_char(name, '_');
    buf_span(name, field);
    buf_str(name, up ? "_1" : "_-1");
    return true;
}

bool mongo_index_parse(const char *keys, bson_t *out, struct buf *name)
{
    for (const char *at = keys;;) {
        const char *end = strchrnul(at, ',');
        if (!parse_key(span_of(at, (size_t)(end - at)), out, name))
            return false;
        if (!*end)
            return true;
        at = end + 1;
    }
}

/* One row of the table while it is being applied. */
struct index_task {
    mongoc_database_t *database;
    const struct mongo_index *row;
    bson_t keys;
    struct buf name;
};

static int run(struct index_task *t, const bson_t *command, const char *what, struct err *e)
{
    bson_t reply;
    bson_error_t error = {0};
    bool ok = mongoc_database_write_command_with_opts(t->database, command, NULL, &reply, &error);
    int rc = ok ? 0 : mongo_fail(e, what, &error, &reply);
    bson_destroy(&reply);
    return rc;
}

static int create(struct index_task *t, struct err *e)
{
    bson_t command = BSON_INITIALIZER, list, index;
    BSON_APPEND_UTF8(&command, "createIndexes", t->row->collection);
    BSON_APPEND_ARRAY_BEGIN(&command, "indexes", &list);
    BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &index);
    BSON_APPEND_DOCUMENT(&index, "key", &t->keys);
    BSON_APPEND_UTF8(&index, "name", buf_cstr(&t->name));
    if (t->row->expire_after_s > 0)
        BSON_APPEND_INT64(&index, "expireAfterSeconds", t->row->expire_after_s);
    bson_append_document_end(&list, &index);
    bson_append_array_end(&command, &list);
    int rc = run(t, &command, "createIndexes", e);
    bson_destroy(&command);
    return rc;
}

static int change_ttl(struct index_task *t)
{
    bson_t command = BSON_INITIALIZER, index;
    BSON_APPEND_UTF8(&command, "collMod", t->row->collection);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "index", &index);
    BSON_APPEND_DOCUMENT(&index, "keyPattern", &t->keys);
    BSON_APPEND_INT64(&index, "expireAfterSeconds", t->row->expire_after_s);
    bson_append_document_end(&command, &index);
    int rc = run(t, &command, "collMod", NULL);
    bson_destroy(&command);
    return rc;
}

static int drop(struct index_task *t, const char *name, struct err *e)
{
    bson_t command = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&command, "dropIndexes", t->row->collection);
    BSON_APPEND_UTF8(&command, "index", name);
    int rc = run(t, &command, "dropIndexes", e);
    bson_destroy(&command);
    return rc;
}

/* Whether `index`, as the server lists it, has the keys of the row. */
static bool same_keys(const struct index_task *t, const bson_t *index)
{
    bson_iter_t iter, theirs, ours;
    if (!bson_iter_init_find(&iter, index, "key") || !BSON_ITER_HOLDS_DOCUMENT(&iter) ||
        !bson_iter_recurse(&iter, &theirs) || !bson_iter_init(&ours, &t->keys))
        return false;
    for (;;) {
        bool more = bson_iter_next(&ours);
        if (more != bson_iter_next(&theirs))
            return false;
        if (!more)
            return true;
        if (strcmp(bson_iter_key(&ours), bson_iter_key(&theirs)) != 0 ||
            bson_iter_as_int64(&ours) != bson_iter_as_int64(&theirs))
            return false;
    }
}

static int64_t ttl_of(const bson_t *index)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, index, "expireAfterSeconds") ? bson_iter_as_int64(&iter) : 0;
}

/* Looks for the row among the collection's indexes: *name is filled (and *ttl) when it is there. */
static int look_up(struct index_task *t, struct buf *name, int64_t *ttl, struct err *e)
{
    mongoc_collection_t *c = mongoc_database_get_collection(t->database, t->row->collection);
    mongoc_cursor_t *cursor = mongoc_collection_find_indexes_with_opts(c, NULL);
    const bson_t *index;
    bson_iter_t iter;
    while (mongoc_cursor_next(cursor, &index)) {
        if (!same_keys(t, index) || !bson_iter_init_find(&iter, index, "name"))
            continue;
        buf_str(name, bson_iter_utf8(&iter, NULL));
        *ttl = ttl_of(index);
        break;
    }
    bson_error_t error = {0};
    int rc = mongoc_cursor_error(cursor, &error) ? mongo_fail(e, "listIndexes", &error, NULL) : 0;
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(c);
    return rc;
}

static int apply(struct index_task *t, struct err *e)
{
    struct buf name = {0};
    int64_t ttl = 0;
    int rc = look_up(t, &name, &ttl, e);
    if (rc == 0 && name.len == 0)
        rc = create(t, e);
    else if (rc == 0 && ttl != t->row->expire_after_s) {
        /* collMod cannot take a TTL away, and old servers cannot add one: then make it anew. */
        bool changed = ttl > 0 && t->row->expire_after_s > 0 && change_ttl(t) == 0;
        if (!changed)
            rc = drop(t, buf_cstr(&name), e);
        if (!changed && rc == 0)
            rc = create(t, e);
    }
    buf_deinit(&name);
    return rc;
}

static int ensure(struct mongo *m, mongoc_client_t *client, const struct mongo_index *row,
                  struct err *e)
{
    struct index_task t = {.row = row, .keys = BSON_INITIALIZER};
    int rc = 0;
    if (mongo_index_parse(row->keys, &t.keys, &t.name)) {
        t.database = mongoc_client_get_database(client, mongo_database(m));
        rc = apply(&t, e);
        mongoc_database_destroy(t.database);
    } else {
        rc = err_set(e, ERR_INVALID, "index keys '%s' of %s are malformed", row->keys,
                     row->collection);
    }
    bson_destroy(&t.keys);
    buf_deinit(&t.name);
    return rc;
}

int mongo_ensure_indexes(struct mongo *m, const struct mongo_index *indexes, size_t count,
                         struct err *e)
{
    mongoc_client_t *client = mongo_pop(m);
    if (!client)
        return err_set(e, ERR_UNAVAILABLE, "no store client is free");
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = ensure(m, client, &indexes[i], e);
    mongo_push(m, client);
    return rc;
}
