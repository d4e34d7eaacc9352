/* Whole documents written by compare-and-set, many at once, with the losers told apart. */
#ifndef WEIR_MONGO_CAS_H
#define WEIR_MONGO_CAS_H

#include <mongoc/mongoc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define MONGO_CAS_ABSENT INT64_MIN

struct mongo_cas {
    const bson_t *doc; /* borrowed; what to store: holds _id and the new value of the guard */
    int64_t expected;  /* value of the guard in the store; MONGO_CAS_ABSENT = insert */
    bool lost;         /* filled: the store holds something else */
};

/* Writes every item whose guard (an int64 field, named as "$rev") has the expected value. Returns
 * 0 when each item is either stored or lost, ERR_UNAVAILABLE when it is unknown: call again. A
 * repeat of a write that had worked counts as stored when the store still holds these very bytes.
 * ERR_INVALID or ERR_TOO_LARGE when the store refuses one of the documents for ever. */
WEIR_MUST_CHECK int mongo_cas_write(mongoc_collection_t *c, const char *guard,
                                    struct mongo_cas *items, size_t count, struct err *e);

#endif
