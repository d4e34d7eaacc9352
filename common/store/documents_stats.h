/* The numbers of a window or a rollup as fields of a document. */
#ifndef WEIR_STORE_DOCUMENTS_STATS_H
#define WEIR_STORE_DOCUMENTS_STATS_H

#include <bson/bson.h>
#include <stdbool.h>

#include "common/model/window.h"

/* count, min, max, first, last: exact as they stand. */
void document_stats_write_plain(bson_t *doc, const struct window_stats *s);
bool document_stats_read_plain(const bson_t *doc, struct window_stats *s); /* all must be there */

/* sum, average, stddev: rounded for people; never read back. */
void document_stats_write_rounded(bson_t *doc, const struct window_stats *s);

/* One number of a document, as it stands there and as it should; NaN = null. */
struct document_stats_pair {
    const char *field; /* constant */
    double stored, expected;
};
/* Whether the plain and the rounded numbers of the document are those of `s`; else the first that
 * is not. */
bool document_stats_sound(const bson_t *doc, const struct window_stats *s,
                          struct document_stats_pair *wrong);

/* What the others cannot give back: first_ms, last_ms, and the exact sums. */
void document_stats_write_exact(bson_t *doc, const struct window_stats *s);
/* Into zero-initialised stats. */
bool document_stats_read_exact(const bson_t *doc, struct window_stats *s);

#endif
