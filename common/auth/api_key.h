/* The text of a key: wk_<id>_<secret>_<crc>. Pure. */
#ifndef WEIR_AUTH_API_KEY_H
#define WEIR_AUTH_API_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

/*  wk_3f7kq2ab_k5v2...40 characters..._90ab12cd
 *     id       secret                  crc
 *
 * id and secret are base32 in lower case (a-z, 2-7), crc is the CRC-32 of zlib over everything
 * before its underscore, as 8 hex digits: a typo is told from a key that does not exist, and
 * scanners for leaked secrets recognise a key with certainty. The secret has 200 bits. */
enum {
    API_KEY_ID_MIN = 8,
    API_KEY_ID_MAX = 32,
    API_KEY_ID_BYTES = 5,      /* of the ids that are made here: 8 characters */
    API_KEY_SECRET_BYTES = 25, /* 40 characters */
    API_KEY_RANDOM_BYTES = API_KEY_ID_BYTES + API_KEY_SECRET_BYTES,
    API_KEY_LEN = 3 + 8 + 1 + 40 + 1 + 8,
    API_KEY_PLAIN_MIN = 16, /* of a key that was not made here: API_KEY */
    API_KEY_TEXT_MAX = 512,
};

/* [a-z0-9], API_KEY_ID_MIN to API_KEY_ID_MAX of them. */
bool api_key_id_valid(struct span id);

/* Makes a key of random bytes, which must come from the kernel. NUL-terminated; *id points into
 * `out`. */
void api_key_make(const uint8_t random[API_KEY_RANDOM_BYTES], char out[API_KEY_LEN + 1],
                  struct span *id);

/* Whether the text has this form, with the right crc. Whether the key exists is another matter. */
bool api_key_well_formed(struct span text);

/* What the setting API_KEY may be: 16 to 512 printable ASCII characters without spaces, and when it
 * begins like a key that was made here, then a whole one. The message does not show it. */
WEIR_MUST_CHECK int api_key_check_setting(const char *text, struct err *e);

#endif
