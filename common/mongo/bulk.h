/* Bulk writes whose outcome is known item by item, and replaces that only the first writer wins. */
#ifndef WEIR_MONGO_BULK_H
#define WEIR_MONGO_BULK_H

#include <mongoc/mongoc.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* Outcome of an unordered bulk for each operation, in order. */
struct mongo_bulk_item {
    int error; /* 0, or ERR_EXISTS, ERR_INVALID, ERR_TOO_LARGE, ERR_FAILED */
    int server_code;
};

/* Executes and fills items[0..count), count being the operations added to `bulk`. Returns 0 when
 * every operation has a definite outcome (also when some failed), ERR_UNAVAILABLE when the outcome
 * of any is unknown: then repeat the whole bulk. ERR_TOO_LARGE or ERR_INVALID when the driver will
 * not send one of the documents, or the server refuses the whole command for one; ERR_FAILED when
 * it fails on what the command holds: nobody knows which document, and some may be written. An
 * empty bulk is done at once. `modified` may be NULL. */
WEIR_MUST_CHECK int mongo_bulk_execute(mongoc_bulk_operation_t *bulk, struct mongo_bulk_item *items,
                                       size_t count, int64_t *modified, struct err *e);

/* Reads the outcome from the driver's reply; the part of mongo_bulk_execute without a server.
 * `ok` is whether the driver called the bulk a success. */
WEIR_MUST_CHECK int mongo_bulk_outcome(bool ok, const bson_t *reply, const bson_error_t *error,
                                       struct mongo_bulk_item *items, size_t count,
                                       int64_t *modified, struct err *e);

/* Adds "replace the document `id` by `doc` if its field at `path` is `expected`" as an update by
 * _id alone whose pipeline holds the guard (a filter with more than _id is slow on some servers).
 * `path` is
 * "$" and the name of an int64 field: "$rev". `doc` must hold _id and the field's new value. A lost
 * race shows as a `modified` that is too small. */
WEIR_MUST_CHECK int mongo_bulk_replace_if(mongoc_bulk_operation_t *bulk, const bson_value_t *id,
                                          const char *path, int64_t expected, const bson_t *doc,
                                          struct err *e);

/* Builds that pipeline, array-shaped: {"0": {"$replaceWith": {"$cond": [...]}}}. */
void mongo_guarded_replace(bson_t *pipeline, const char *path, int64_t expected, const bson_t *doc);

#endif
