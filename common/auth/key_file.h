/* The keys file as a document: JSON in, checked strictly, and JSON out. Pure. */
#ifndef WEIR_AUTH_KEY_FILE_H
#define WEIR_AUTH_KEY_FILE_H

#include "common/auth/key_record.h"
#include "common/base/buf.h"
#include "common/base/err.h"

enum { KEY_FILE_BYTES_MAX = 4 << 20, KEY_FILE_KEYS_MAX = 10000 };

/* {"version":1,"keys":[{"id":"3f7kq2ab","sha256":"<64 hex digits>","scopes":["ingest"],
 *   "devices":["dev-1*"],"not_before":"2026-11-21T10:00:00Z","expires_at":...,"created_at":...,
 *   "revoked_at":...,"note":"greenhouse 4"}]}
 *
 * id, sha256 and scopes are required, the others may be left out. No "devices" = every device; an
 * empty list is refused, because taking the last pattern away must not open everything. */
struct key_file {
    struct key_record *key; /* owned */
    size_t keys;
};

/* ERR_SYNTAX with line and column, or ERR_INVALID or ERR_TOO_LARGE with the place in the document
 * ("keys[3].scopes[1]"), what is wrong there and what is allowed. *f is valid in any case. */
WEIR_MUST_CHECK int key_file_parse(struct key_file *f, struct span json, struct err *e);
void key_file_deinit(struct key_file *f);

/* One key a line, so that differences can be read. */
void key_file_write(const struct key_file *f, struct buf *out);
void key_record_write(const struct key_record *k, struct buf *out); /* {"id":...} */

struct key_record *key_file_find(const struct key_file *f, struct span id); /* NULL: none */
/* Takes over the contents of *k. ERR_TOO_LARGE when it is full, ERR_EXISTS for a known id. */
WEIR_MUST_CHECK int key_file_add(struct key_file *f, struct key_record *k, struct err *e);

/* The rules of single values, for whoever makes keys. */
WEIR_MUST_CHECK int key_file_check_pattern(struct span pattern, struct err *e);
WEIR_MUST_CHECK int key_file_check_note(struct span note, struct err *e);

#endif
