/* The way out of a connection: writing what its peer takes, and waiting for a slow one. */
#ifndef WEIR_HTTP_OUTPUT_H
#define WEIR_HTTP_OUTPUT_H

#include "common/base/buf.h"

struct connection;

enum {
    OUTPUT_HIGH_BYTES = 256 * 1024, /* waiting: no further request is taken, streams must wait */
    OUTPUT_KEEP_BYTES = 8 * 1024,   /* memory that a quiet connection keeps in each buffer */
};

/* Writes once; what the peer does not take makes the connection blocked until it does. */
void output_write(struct connection *c);

/* Appends "100 Continue": only when all earlier answers are in the output. */
void output_promise_continue(struct connection *c);

/* Empties a buffer, and gives its memory back when that has become large. */
void output_trim(struct buf *b);

#endif
