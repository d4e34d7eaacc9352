/* Keys and keys files for the tests. */
#ifndef WEIR_TESTS_UNIT_AUTH_KEYS_H
#define WEIR_TESTS_UNIT_AUTH_KEYS_H

#include "common/auth/key_file.h"

/* A key of random bytes that are all `seed`. */
struct test_key {
    char text[API_KEY_LEN + 1], id[API_KEY_ID_MAX + 1], sha256[2 * SHA256_BYTES + 1];
};
struct test_key test_key(uint8_t seed);

/* {"id":...,"sha256":...,"scopes":["ingest"]MORE}; MORE begins with a comma or is empty. */
void test_key_json(const struct test_key *k, const char *more, struct buf *out);

/* {"version":1,"keys":[...]} of these keys. */
void test_file_json(const struct test_key *keys, size_t count, const char *more, struct buf *out);

/* Writes a file as a whole, by rename. */
void test_write(const char *path, struct span text);

#endif
