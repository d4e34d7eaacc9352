/* The documents that a query finds, one after the other. */
#include "tools/ctl/documents.h"

#include "common/mongo/errors.h"

void documents_open(struct documents *d, struct reach *r, const char *collection, bson_t *filter,
                    bson_t *opts)
{
    bson_t all = BSON_INITIALIZER;
    *d = (struct documents){.name = collection, .collection = reach_collection(r, collection)};
    d->cursor = mongoc_collection_find_with_opts(d->collection, filter ? filter : &all, opts, NULL);
    bson_destroy(filter);
    bson_destroy(opts);
}

void documents_open_indexes(struct documents *d, struct reach *r, const char *collection)
{
    *d = (struct documents){.name = collection, .collection = reach_collection(r, collection)};
    d->cursor = mongoc_collection_find_indexes_with_opts(d->collection, NULL);
}

void documents_close(struct documents *d)
{
    mongoc_cursor_destroy(d->cursor);
    mongoc_collection_destroy(d->collection);
    *d = (struct documents){.name = d->name};
}

int documents_next(struct documents *d, struct err *e)
{
    bson_error_t error = {0};
    if (mongoc_cursor_next(d->cursor, &d->doc))
        return 0;
    d->doc = NULL;
    return mongoc_cursor_error(d->cursor, &error) ? mongo_fail(e, d->name, &error, NULL) : 0;
}

int documents_each(struct documents *d, void (*take)(void *arg, const bson_t *doc), void *arg,
                   struct err *e)
{
    int rc;
    while ((rc = documents_next(d, e)) == 0 && d->doc)
        take(arg, d->doc);
    documents_close(d);
    return rc;
}
