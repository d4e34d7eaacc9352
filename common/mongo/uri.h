/* The store's URL: what must be right in it, and what holds where it says nothing. Internal. */
#ifndef WEIR_MONGO_URI_H
#define WEIR_MONGO_URI_H

#include "common/mongo/mongo.h"

/* The URL of the options with the defaults that mongo_new promises: bounded timeouts, writes that
 * are answered from the journal of a majority, reads of what a majority has. ERR_INVALID with *e.
 * Owned by the caller (mongoc_uri_destroy). */
WEIR_MUST_CHECK int mongo_uri_new(mongoc_uri_t **out, const struct mongo_options *options,
                                  struct err *e);

#endif
