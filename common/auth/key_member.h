/* The members of one key in the keys file: a row each, read and written. Pure. */
#ifndef WEIR_AUTH_KEY_MEMBER_H
#define WEIR_AUTH_KEY_MEMBER_H

#include <jansson.h>

#include "common/auth/key_record.h"
#include "common/base/err.h"

/* Reads keys[index] into *k, which has been initialised. ERR_INVALID with the place, what is wrong
 * there and what is allowed. */
WEIR_MUST_CHECK int key_members_read(struct key_record *k, json_t *object, size_t index,
                                     struct err *e);

#endif
