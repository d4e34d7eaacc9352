/* The store client: a pool with bounded timeouts that every daemon shares between its threads. */
#ifndef WEIR_MONGO_MONGO_H
#define WEIR_MONGO_MONGO_H

#include <mongoc/mongoc.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/mongo/bulk.h"
#include "common/mongo/errors.h"
#include "common/mongo/indexes.h"

struct mongo_options {
    const char *url, *database; /* borrowed */
    const char *app_name;       /* "weir-aggregator" */
    unsigned max_clients;       /* size of the pool */
    int32_t socket_timeout_ms;  /* longest wait for an answer; 0 = 10 s */
    void (*log)(void *arg, int level, const char *domain,
                const char *message); /* any thread; may be NULL; level: mongoc_log_level_t */
    void *log_arg;
};

struct mongo;

/* The driver is set up here, once a process; it is taken down at exit. Never waits for the server.
 * Timeouts: selection 3 s, connect 3 s, socket 10 s, unless the URL says otherwise. Writes are
 * w:majority, j:true and reads readConcern majority unless it does. The driver's log goes to the
 * `log` of the newest struct. */
WEIR_MUST_CHECK int mongo_new(struct mongo **out, const struct mongo_options *options,
                              struct err *e);
void mongo_free(struct mongo *m); /* every client must have been given back; NULL is allowed */

/* A client for one thread; NULL when all are out for longer than 3 s. */
mongoc_client_t *mongo_pop(struct mongo *m);
void mongo_push(struct mongo *m, mongoc_client_t *c);
const char *mongo_database(const struct mongo *m);
/* Owned by the caller (mongoc_collection_destroy). */
mongoc_collection_t *mongo_collection(struct mongo *m, mongoc_client_t *c, const char *name);

/* For readiness: whether the driver's monitoring knows a server that takes writes; never waits.
 * From any thread. `why` gets a sentence when false (may be NULL). */
bool mongo_ready(struct mongo *m, char *why, size_t why_size);

#endif
