/* Many documents by their _id with one query, each handed to the item that asked for it. */
#ifndef WEIR_MONGO_LOOKUP_H
#define WEIR_MONGO_LOOKUP_H

#include <mongoc/mongoc.h>
#include <stddef.h>

#include "common/base/err.h"

struct mongo_lookup;

struct mongo_lookup *mongo_lookup_new(void);
void mongo_lookup_free(struct mongo_lookup *l); /* NULL is allowed */

/* Asks for a document; the id is copied. Items count from 0 in the order of adding; one id may be
 * asked for more than once. */
void mongo_lookup_add(struct mongo_lookup *l, const bson_value_t *id);
void mongo_lookup_add_utf8(struct mongo_lookup *l, const char *id, size_t len);

/* Calls `visit` for every item whose document exists (`doc` is borrowed). `projection` may be NULL.
 * 0, or ERR_UNAVAILABLE when not all could be read: some may have been visited. */
WEIR_MUST_CHECK int mongo_lookup_run(const struct mongo_lookup *l, mongoc_collection_t *c,
                                     const bson_t *projection,
                                     void (*visit)(void *arg, size_t item, const bson_t *doc),
                                     void *arg, struct err *e);

#endif
