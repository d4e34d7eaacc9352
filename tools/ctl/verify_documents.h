/* Stored documents as verify reads them: whose they are, in which order, and which to ask for. */
#ifndef WEIR_CTL_VERIFY_DOCUMENTS_H
#define WEIR_CTL_VERIFY_DOCUMENTS_H

#include "common/base/span.h"
#include "common/store/documents.h"
#include "tools/ctl/findings.h"
#include "tools/ctl/recount.h"

struct verify_window_key {
    struct span device, sensor; /* point into the document */
    int64_t start_ms;
    bool right_id; /* _id is the one that belongs to them */
};
/* False when the document does not say whose it is. */
bool verify_window_key(const bson_t *doc, struct verify_window_key *key);
/* Puts a stored window into the minute. */
void verify_take_window(struct minute *m, const bson_t *doc, const struct verify_window_key *key);

/* A finding: a document that is none of `what`, or stands under an _id that is not its own. */
void verify_tell_stranger(struct findings *f, const char *what, const bson_t *doc);

/* As the store sorts strings. */
int verify_compare(struct span a, struct span b);

/* {device_id: device (if any), FIELD: {$gte: from, $lt: to}}, parts that bound nothing left out. */
bson_t *verify_filter(struct span device, const char *field, int64_t from_ms, int64_t to_ms);

#endif
