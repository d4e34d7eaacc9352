/* Hashes: XXH3 for tables, SHA-256 for identities, and hex. */
#ifndef WEIR_BASE_HASH_H
#define WEIR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/span.h"

uint64_t hash_table(struct span s, uint64_t seed);

enum { SHA256_BYTES = 32 };
void hash_sha256(const void *p, size_t len, uint8_t out[SHA256_BYTES]);

/* Lower case, 2 * len characters and a NUL. */
void hex_encode(const uint8_t *p, size_t len, char *out);

#endif
