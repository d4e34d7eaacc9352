/* The documents that a query finds, one after the other. */
#ifndef WEIR_CTL_DOCUMENTS_H
#define WEIR_CTL_DOCUMENTS_H

#include <mongoc/mongoc.h>

#include "common/base/err.h"
#include "tools/ctl/reach.h"

/* Zeroed: not open, and may be closed. */
struct documents {
    const char *name; /* of the collection; borrowed */
    mongoc_collection_t *collection;
    mongoc_cursor_t *cursor;
    const bson_t *doc; /* NULL = before the first, or the end; valid until the next one */
};

/* Takes ownership of `filter` (NULL = all) and of `opts` (NULL = none). What the store says against
 * the query is told by the first documents_next. */
void documents_open(struct documents *d, struct reach *r, const char *collection, bson_t *filter,
                    bson_t *opts);
/* The same for the indexes that the collection has. */
void documents_open_indexes(struct documents *d, struct reach *r, const char *collection);
void documents_close(struct documents *d);

/* Moves d->doc on. The class of the error (mongo/errors.h) when it could not be read: what is there
 * then is not known. */
WEIR_MUST_CHECK int documents_next(struct documents *d, struct err *e);

/* Calls `take` with all that are left, and closes. */
WEIR_MUST_CHECK int documents_each(struct documents *d, void (*take)(void *arg, const bson_t *doc),
                                   void *arg, struct err *e);

#endif
