/* Who did what, when: a document in the store for every command that changes something. */
#ifndef WEIR_CTL_AUDIT_H
#define WEIR_CTL_AUDIT_H

#include <bson/bson.h>

#include "tools/ctl/reach.h"

/* `audit`: _id, what, by, at, details; `done_at` and `result` when it has ended. */
struct audit {
    struct reach *reach; /* borrowed */
    bson_oid_t id;
};

/* Written before anything is changed: no record, no change. Details are copied. */
WEIR_MUST_CHECK int audit_begin(struct audit *a, struct reach *r, const char *what,
                                const bson_t *details, int64_t now_ms, struct err *e);
WEIR_MUST_CHECK int audit_end(const struct audit *a, const bson_t *result, int64_t now_ms,
                              struct err *e);

#endif
