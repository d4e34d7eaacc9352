/* The version of a store's contents, and the steps from one to the next. */
#include "common/mongo/migrations.h"

#include "common/mongo/document.h"

/* {_id: "schema"} of `meta`. */
static int read_version(mongoc_collection_t *c, int64_t *version, struct err *e)
{
    static const struct document_field field[] = {{"version", DOCUMENT_INT64, 0}};
    bson_t filter = BSON_INITIALIZER;
    bson_error_t error = {0};
    const bson_t *doc;
    *version = 0;
    BSON_APPEND_UTF8(&filter, "_id", "schema");
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(c, &filter, NULL, NULL);
    if (mongoc_cursor_next(cursor, &doc))
        document_read(doc, field, 1, version);
    int rc =
        mongoc_cursor_error(cursor, &error) ? mongo_fail(e, "schema version", &error, NULL) : 0;
    mongoc_cursor_destroy(cursor);
    bson_destroy(&filter);
    return rc;
}

/* $max: whoever is slower does not take the version back. */
static int write_version(mongoc_collection_t *c, int64_t version, int64_t now_ms, struct err *e)
{
    bson_t filter = BSON_INITIALIZER, update = BSON_INITIALIZER, opts = BSON_INITIALIZER, child;
    bson_error_t error = {0};
    BSON_APPEND_UTF8(&filter, "_id", "schema");
    BSON_APPEND_DOCUMENT_BEGIN(&update, "$max", &child);
    BSON_APPEND_INT32(&child, "version", (int32_t)version);
    bson_append_document_end(&update, &child);
    BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &child);
    BSON_APPEND_DATE_TIME(&child, "migrated_at", now_ms);
    bson_append_document_end(&update, &child);
    BSON_APPEND_DOCUMENT_BEGIN(&update, "$setOnInsert", &child);
    BSON_APPEND_DATE_TIME(&child, "created_at", now_ms);
    bson_append_document_end(&update, &child);
    BSON_APPEND_BOOL(&opts, "upsert", true);
    bool ok = mongoc_collection_update_one(c, &filter, &update, &opts, NULL, &error);
    int rc = ok ? 0 : mongo_fail(e, "schema version", &error, NULL);
    bson_destroy(&opts);
    bson_destroy(&update);
    bson_destroy(&filter);
    if (rc == ERR_EXISTS && e) /* two first starts at once: the document is there next time */
        e->code = ERR_UNAVAILABLE;
    return rc == ERR_EXISTS ? ERR_UNAVAILABLE : rc;
}

static int refuse_newer(int64_t version, size_t known, struct err *e)
{
    if (version <= (int64_t)known)
        return 0;
    return err_set(e, ERR_INVALID,
                   "the store has schema version %lld, this program knows %zu: it was written by a "
                   "newer one, which has to be run instead",
                   (long long)version, known);
}

static int migrate(struct mongo *m, mongoc_collection_t *meta,
                   const struct mongo_migrations *migrations, int64_t now_ms, struct err *e)
{
    int64_t version;
    for (;;) {
        int rc = read_version(meta, &version, e);
        if (rc == 0)
            rc = refuse_newer(version, migrations->count, e);
        if (rc || version == (int64_t)migrations->count)
            return rc;
        const struct mongo_migration *step = &migrations->step[version];
        rc = step->apply ? step->apply(m, step->arg, e) : 0;
        if (rc == 0)
            rc = write_version(meta, ++version, now_ms, e);
        if (rc)
            return rc;
        if (migrations->done)
            migrations->done(migrations->arg, version, step->what);
    }
}

int mongo_migrate(struct mongo *m, const struct mongo_migrations *migrations, int64_t now_ms,
                  struct err *e)
{
    mongoc_client_t *client = mongo_pop(m);
    if (!client)
        return err_set(e, ERR_UNAVAILABLE, "no store client is free");
    mongoc_collection_t *meta = mongo_collection(m, client, "meta");
    int rc = migrate(m, meta, migrations, now_ms, e);
    mongoc_collection_destroy(meta);
    mongo_push(m, client);
    return rc;
}

int mongo_refuse_newer(struct mongo *m, size_t known, struct err *e)
{
    mongoc_client_t *client = mongo_pop(m);
    if (!client)
        return err_set(e, ERR_UNAVAILABLE, "no store client is free");
    mongoc_collection_t *meta = mongo_collection(m, client, "meta");
    int64_t version;
    int rc = read_version(meta, &version, e);
    mongoc_collection_destroy(meta);
    mongo_push(m, client);
    return rc ? rc : refuse_newer(version, known, e);
}
