/* Scopes: what a key may be used for, as a set of bits. */
#ifndef WEIR_AUTH_SCOPE_H
#define WEIR_AUTH_SCOPE_H

#include "common/base/span.h"

/* None includes another: `admin` is for what changes the system's own state, and neither sends nor
 * reads. */
enum scope {
    SCOPE_INGEST = 1,
    SCOPE_READ = 2,
    SCOPE_ADMIN = 4,
};

enum { SCOPE_ALL = SCOPE_INGEST | SCOPE_READ | SCOPE_ADMIN, SCOPE_TEXT_MAX = 24 };

/* "ingest, read, admin", for messages. */
extern const char scope_names[];

unsigned scope_parse(struct span name); /* 0 when there is none of this name */
const char *scope_name(enum scope scope);

/* "ingest,read"; returns the length without the NUL. */
size_t scope_write(unsigned scopes, char out[SCOPE_TEXT_MAX]);

#endif
