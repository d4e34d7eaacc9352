/* Indexes as a table: what is missing is made, and a changed time to live is applied. */
#ifndef WEIR_MONGO_INDEXES_H
#define WEIR_MONGO_INDEXES_H

#include <mongoc/mongoc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

struct mongo;

struct mongo_index {
    const char *collection;
    const char *keys;       /* "device_id:1,ts:-1" */
    int64_t expire_after_s; /* TTL; 0 = none */
};

/* Creates what is missing; a TTL that differs is changed (collMod, or made anew where the server
 * cannot). Blocks. */
WEIR_MUST_CHECK int mongo_ensure_indexes(struct mongo *m, const struct mongo_index *indexes,
                                         size_t count, struct err *e);

/* Parses "device_id:1,ts:-1" into {device_id: 1, ts: -1} (an initialised, empty document) and
 * appends the usual name, device_id_1_ts_-1. False when it is not a list of name:1 or name:-1. */
bool mongo_index_parse(const char *keys, bson_t *out, struct buf *name);

#endif
