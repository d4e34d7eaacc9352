/* One key as it is known: everything but its secret. */
#ifndef WEIR_AUTH_KEY_RECORD_H
#define WEIR_AUTH_KEY_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/auth/api_key.h"
#include "common/auth/scope.h"
#include "common/base/hash.h"

enum { KEY_PATTERNS_MAX = 64, KEY_NOTE_MAX = 256 };

/* Times that are not given. */
#define KEY_EVER  INT64_MIN
#define KEY_NEVER INT64_MAX

/* Zero is not valid: see key_record_init. */
struct key_record {
    char id[API_KEY_ID_MAX + 1];
    uint8_t sha256[SHA256_BYTES]; /* of the whole text of the key */
    unsigned scopes;              /* of enum scope */
    char **device;                /* owned patterns (model/device_pattern.h), owned array */
    unsigned devices;             /* 0 = every device */
    int64_t not_before_ms;        /* KEY_EVER = from the beginning */
    int64_t expires_at_ms;        /* KEY_NEVER = does not; valid before this moment */
    int64_t created_at_ms;        /* KEY_EVER = not said */
    int64_t revoked_at_ms;        /* KEY_NEVER = is not */
    char *note;                   /* owned; NULL = none */
};

enum key_state { KEY_ACTIVE, KEY_PENDING, KEY_EXPIRED, KEY_REVOKED, KEY_STATES };

void key_record_init(struct key_record *k);
void key_record_deinit(struct key_record *k);

/* A key that has been revoked stays so, whatever its times say. */
enum key_state key_record_state(const struct key_record *k, int64_t now_ms);
const char *key_state_name(enum key_state state); /* "active", ... */

void key_record_add_device(struct key_record *k, const char *pattern);
/* Whether the key may be used for this device; k NULL: there is no authentication. */
bool key_record_allows(const struct key_record *k, struct span device_id);

#endif
