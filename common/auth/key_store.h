/* The keys of a process: one table at a time, replaced as a whole when the file changes, and read
 * by several threads without a lock on the way of a request. */
#ifndef WEIR_AUTH_KEY_STORE_H
#define WEIR_AUTH_KEY_STORE_H

#include "common/auth/key_table.h"

struct key_store;

/* `api_key` (one key with all scopes) and `path` (a keys file) may each be NULL: both = keys of
 * either are good, neither = authentication is off. Fails when the file cannot be used. */
WEIR_MUST_CHECK int key_store_new(struct key_store **out, const char *api_key, const char *path,
                                  struct err *e);
void key_store_free(struct key_store *s); /* after its readers; NULL is allowed */

bool key_store_is_on(const struct key_store *s);

enum key_reload {
    KEY_RELOAD_SAME,  /* nothing new, or broken in the way that was told already */
    KEY_RELOAD_TAKEN, /* there is a new table */
    KEY_RELOAD_KEPT,  /* the file cannot be used: the keys stay as they were, *e says why */
};

/* Looks at the file, and reads it when it has changed since the last time; `force`: in any case.
 * Always from the same thread. `now_ms` is wall-clock time. */
enum key_reload key_store_reload(struct key_store *s, bool force, int64_t now_ms, struct err *e);

/* From any thread: */
/* Why the file on disk is not the one in use; "" when it is. */
void key_store_problem(struct key_store *s, char out[ERR_MESSAGE_MAX]);
/* All zero when authentication is off. */
void key_store_count(struct key_store *s, int64_t now_ms, unsigned count[KEY_STATES]);

/* A thread's own hold on the table. */
struct key_reader {
    struct key_store *store; /* borrowed */
    struct key_table *table; /* a reference */
    unsigned version;
};

void key_reader_init(struct key_reader *r, struct key_store *s);
void key_reader_deinit(struct key_reader *r);

/* The newest table; NULL when authentication is off. It, and the keys in it, live until the next
 * call with this reader. Costs one atomic load while nothing has changed. */
const struct key_table *key_reader_table(struct key_reader *r);

/* For option_row.valid: whether this file could be used. */
WEIR_MUST_CHECK int key_store_check_file(const char *path, struct err *e);

#endif
