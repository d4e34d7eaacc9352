/* A body with many readings, cut into the bytes of each. Pure. */
#ifndef WEIR_INGEST_BATCH_H
#define WEIR_INGEST_BATCH_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/span.h"

enum { BATCH_LINES_MAX = 65535 }; /* blank ones too */

struct batch_item {
    struct span json; /* borrowed from the body */
    unsigned index;   /* its place in the array, or the number of its line; from 0 */
};

/* Zero-initialise; reused from request to request, so it stays as large as the largest was. */
struct batch {
    struct batch_item *item; /* owned */
    unsigned items, capacity;
};

void batch_deinit(struct batch *b);

/* Both return 0, or ERR_TOO_LARGE for more than max_items; `e` says it in a sentence. */

/* `json` is a JSON array as a whole; its items may be any values. ERR_SYNTAX, and `e` says what
 * and at which byte, when any of it is not JSON. */
WEIR_MUST_CHECK int batch_of_array(struct batch *b, struct span json, unsigned max_items,
                                   struct err *e);
/* One item a line, unlooked at. Lines end with LF or CRLF, the last one also with the text. Lines
 * of white space alone are no items; they count for the index, so that it is a number of a line. */
WEIR_MUST_CHECK int batch_of_lines(struct batch *b, struct span text, unsigned max_items,
                                   struct err *e);

#endif
