/* Store errors told apart: the document's fault, a document that is there already, or trouble. */
#ifndef WEIR_MONGO_ERRORS_H
#define WEIR_MONGO_ERRORS_H

#include <mongoc/mongoc.h>

#include "common/base/err.h"

/* Tells errors apart: ERR_EXISTS (11000), ERR_TOO_LARGE (document over 16 MiB), ERR_INVALID (the
 * server refuses this document for ever), and ERR_UNAVAILABLE for everything that is the server's
 * or the network's trouble: no server, socket, timeout, not primary, write concern, disk full,
 * authentication, interrupted, and every code that is not known to be the document's fault.
 * `reply` may be NULL. */
int mongo_classify(const bson_error_t *error, const bson_t *reply);

/* The same for one entry of `writeErrors`, where a code speaks of a document. */
int mongo_classify_write_error(int server_code);

/* Sets *e to the class of `error` with its text ("<what>: <text>") and returns the class. */
int mongo_fail(struct err *e, const char *what, const bson_error_t *error, const bson_t *reply);

#endif
