/* Store errors told apart: the document's fault, a document that is there already, or trouble. */
#ifndef WEIR_MONGO_ERRORS_H
#define WEIR_MONGO_ERRORS_H

#include <mongoc/mongoc.h>

#include "common/base/err.h"

/* Whom an error blames, and so what is to be done. */
enum mongo_blame {
    MONGO_TROUBLE,   /* the server or the network: the same call again, for ever */
    MONGO_DENIED,    /* our rights, or how the server is set up: likewise, but people must act */
    MONGO_EXISTS,    /* a document with this key is there */
    MONGO_REFUSED,   /* the document, for good */
    MONGO_TOO_LARGE, /* the document, for good */
    MONGO_FAILED,    /* the document, perhaps: worth a few tries alone */
};

/* One error code of the server. What it says depends on where it stands: inside `writeErrors` it
 * speaks of a document; as the answer to a command it may as well speak of the command. */
struct mongo_error_code {
    int code;
    const char *name; /* MongoDB's own: "DocumentValidationFailure" */
    enum mongo_blame of_command, of_document;
};

/* NULL for a code that is not in the table: then a command had trouble, a document failed. */
const struct mongo_error_code *mongo_error_code(int code);
const char *mongo_error_code_name(int code); /* "unknown" when not in the table */

/* The class of an error: ERR_EXISTS, ERR_TOO_LARGE and ERR_INVALID (refused for good), ERR_FAILED
 * (MONGO_FAILED), and ERR_UNAVAILABLE for everything that is the server's or the network's trouble
 * or a matter of rights: no server, socket, timeout, not primary, write concern, disk full,
 * authentication, interrupted, and every command's code that is not known to blame what the command
 * holds. `reply` may be NULL. */
int mongo_classify(const bson_error_t *error, const bson_t *reply);

/* The same for one entry of `writeErrors`, where a code speaks of a document. */
int mongo_classify_write_error(int server_code);

/* Sets *e to the class of `error` with its text ("<what>: <text>") and returns the class. */
int mongo_fail(struct err *e, const char *what, const bson_error_t *error, const bson_t *reply);

#endif
