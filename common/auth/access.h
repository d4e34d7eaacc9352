/* Whether a request may do what it asks for: a decision over its head, the keys and the time. Pure.
 */
#ifndef WEIR_AUTH_ACCESS_H
#define WEIR_AUTH_ACCESS_H

#include "common/auth/key_table.h"
#include "common/http/request.h"

enum access {
    ACCESS_GRANTED,
    ACCESS_NO_KEY,
    ACCESS_TWO_KEYS,  /* different ones */
    ACCESS_MALFORMED, /* begins like a key of weirctl, with wrong check digits: a typo */
    ACCESS_UNKNOWN,
    ACCESS_PENDING, /* not yet valid; this and the following need the whole, right key */
    ACCESS_EXPIRED,
    ACCESS_REVOKED,
    ACCESS_NO_SCOPE,
    ACCESSES,
};

/* `keys` NULL: authentication is off, everything is granted and *key is NULL. Otherwise *key is the
 * key, when it is known, and lives as long as the table. */
enum access access_check(const struct key_table *keys, const struct http_head *head,
                         enum scope need, int64_t now_ms, const struct key_record **key);

/* How it is answered. What is said of an unknown key and of a mistyped one is the same, so that
 * guessing teaches nothing. */
struct access_answer {
    int status;         /* 400, 401, 403 */
    const char *code;   /* of the error's body */
    const char *detail; /* for people */
    const char *reason; /* for metrics */
};
const struct access_answer *access_answer(enum access access);

#endif
