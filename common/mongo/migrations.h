/* The version of a store's contents, and the steps from one to the next. */
#ifndef WEIR_MONGO_MIGRATIONS_H
#define WEIR_MONGO_MIGRATIONS_H

#include <stddef.h>
#include <stdint.h>

#include "common/mongo/mongo.h"

/* One step. It is repeated when it was cut off, and two programs may be at it at once; so it must
 * come to the same when it is done twice, and skip what is done already. It may meet an empty
 * store. Documents that programs of the version before still write must stay readable. */
struct mongo_migration {
    const char *what; /* a few words for the log */
    /* ERR_UNAVAILABLE: try again later; anything else: do not go on. NULL: nothing to do. */
    int (*apply)(struct mongo *m, void *arg, struct err *e);
    void *arg;
};

struct mongo_migrations {
    const struct mongo_migration *step; /* step[i] leads from version i to i + 1; borrowed */
    size_t count;                       /* so this is the version that the program knows */
    /* Told of each step that is done; may be NULL. */
    void (*done)(void *arg, int64_t version, const char *what);
    void *arg;
};

/* Brings the store to the newest version, step by step; `meta` says how far it is, also after a
 * crash. A store without a version is at 0. Blocks. ERR_UNAVAILABLE: try again later. ERR_INVALID:
 * the store is newer than the program, and nothing was written. */
WEIR_MUST_CHECK int mongo_migrate(struct mongo *m, const struct mongo_migrations *migrations,
                                  int64_t now_ms, struct err *e);

/* For programs that write and do not migrate: ERR_INVALID when the store is newer than `known`. */
WEIR_MUST_CHECK int mongo_refuse_newer(struct mongo *m, size_t known, struct err *e);

#endif
