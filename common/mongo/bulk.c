/* Bulk writes whose outcome is known item by item, and replaces that only the first writer wins. */
#include "common/mongo/bulk.h"

#include "common/mongo/errors.h"

static int64_t number_at(const bson_t *reply, const char *name)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, reply, name) && BSON_ITER_HOLDS_NUMBER(&iter)
               ? bson_iter_as_int64(&iter)
               : 0;
}

/* One entry of writeErrors. False when it blames nobody we know, or the server rather than the
 * document: then that operation has no definite outcome. */
static bool read_write_error(bson_iter_t *entry, struct mongo_bulk_item *items, size_t count)
{
    bson_iter_t field;
    int64_t index = -1;
    int code = 0;
    if (!BSON_ITER_HOLDS_DOCUMENT(entry) || !bson_iter_recurse(entry, &field))
        return false;
    while (bson_iter_next(&field)) {
        if (BSON_ITER_IS_KEY(&field, "index"))
            index = bson_iter_as_int64(&field);
        else if (BSON_ITER_IS_KEY(&field, "code"))
            code = (int)bson_iter_as_int64(&field);
    }
    if (index < 0 || (size_t)index >= count)
        return false;
    items[index].server_code = code;
    items[index].error = mongo_classify_write_error(code);
    return items[index].error != ERR_UNAVAILABLE;
}

/* Returns the number of entries, or -1 when one leaves its outcome open. */
static int64_t read_write_errors(const bson_t *reply, struct mongo_bulk_item *items, size_t count)
{
    bson_iter_t iter, entry;
    int64_t found = 0;
    if (!bson_iter_init_find(&iter, reply, "writeErrors") || !BSON_ITER_HOLDS_ARRAY(&iter) ||
        !bson_iter_recurse(&iter, &entry))
        return 0;
    while (bson_iter_next(&entry)) {
        if (!read_write_error(&entry, items, count))
            return -1;
        found++;
    }
    return found;
}

int mongo_bulk_outcome(bool ok, const bson_t *reply, const bson_error_t *error,
                       struct mongo_bulk_item *items, size_t count, int64_t *modified,
                       struct err *e)
{
    memset(items, 0, count * sizeof *items);
    if (modified)
        *modified = number_at(reply, "nModified");
    if (ok && modified)
        return 0;
    bson_iter_t iter;
    int64_t failed = ok ? 0 : read_write_errors(reply, items, count);
    if (!ok && failed == 0) /* no document is blamed: the driver, the server or the line spoke */
        return mongo_fail(e, "bulk write", error, reply);
    /* A write error hides a later network error from the driver's one error slot, and a server may
     * answer the driver's own second try with the count of the first: only a full account shows
     * that every operation was done. */
    int64_t answered = number_at(reply, "nInserted") + number_at(reply, "nMatched") +
                       number_at(reply, "nUpserted") + number_at(reply, "nRemoved") + failed;
    if (answered == (int64_t)count &&
        (ok || !bson_iter_init_find(&iter, reply, "writeConcernErrors")))
        return 0;
    if (ok)
        return err_set(e, ERR_UNAVAILABLE, "bulk write: %lld of %zu operations are accounted for",
                       (long long)answered, count);
    (void)mongo_fail(e, "bulk write", error, reply);
    if (e)
        e->code = ERR_UNAVAILABLE; /* whatever the first of them says */
    return ERR_UNAVAILABLE;
}

int mongo_bulk_execute(mongoc_bulk_operation_t *bulk, struct mongo_bulk_item *items, size_t count,
                       int64_t *modified, struct err *e)
{
    if (count == 0) {
        if (modified)
            *modified = 0;
        return 0;
    }
    bson_t reply;
    bson_error_t error = {0};
    bool ok = mongoc_bulk_operation_execute(bulk, &reply, &error) != 0;
    int rc = mongo_bulk_outcome(ok, &reply, &error, items, count, modified, e);
    bson_destroy(&reply);
    return rc;
}

void mongo_guarded_replace(bson_t *pipeline, const char *path, int64_t expected, const bson_t *doc)
{
    bson_t stage, cond, branches, equal, operands, literal;
    bson_append_document_begin(pipeline, "0", 1, &stage);
    BSON_APPEND_DOCUMENT_BEGIN(&stage, "$replaceWith", &cond);
    BSON_APPEND_ARRAY_BEGIN(&cond, "$cond", &branches);
    BSON_APPEND_DOCUMENT_BEGIN(&branches, "0", &equal);
    BSON_APPEND_ARRAY_BEGIN(&equal, "$eq", &operands);
    BSON_APPEND_UTF8(&operands, "0", path);
    BSON_APPEND_INT64(&operands, "1", expected);
    bson_append_array_end(&equal, &operands);
    bson_append_document_end(&branches, &equal);
    /* $literal: a device's string that begins with '$' must stay a string. */
    BSON_APPEND_DOCUMENT_BEGIN(&branches, "1", &literal);
    BSON_APPEND_DOCUMENT(&literal, "$literal", doc);
    bson_append_document_end(&branches, &literal);
    BSON_APPEND_UTF8(&branches, "2", "$$ROOT");
    bson_append_array_end(&cond, &branches);
    bson_append_document_end(&stage, &cond);
    bson_append_document_end(pipeline, &stage);
}

int mongo_bulk_replace_if(mongoc_bulk_operation_t *bulk, const bson_value_t *id, const char *path,
                          int64_t expected, const bson_t *doc, struct err *e)
{
    bson_t selector = BSON_INITIALIZER, pipeline = BSON_INITIALIZER;
    bson_error_t error = {0};
    BSON_APPEND_VALUE(&selector, "_id", id);
    mongo_guarded_replace(&pipeline, path, expected, doc);
    bool ok = mongoc_bulk_operation_update_one_with_opts(bulk, &selector, &pipeline, NULL, &error);
    bson_destroy(&pipeline);
    bson_destroy(&selector);
    return ok ? 0 : err_set(e, ERR_INVALID, "guarded replace: %s", error.message);
}
