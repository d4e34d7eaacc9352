/* Hashes from libxxhash and OpenSSL, and hex. */
#include "common/base/hash.h"

#include <openssl/sha.h>
#include <xxhash.h>

uint64_t hash_table(struct span s, uint64_t seed)
{
    return XXH3_64bits_withSeed(s.p, s.len, seed);
}

void hash_sha256(const void *p, size_t len, uint8_t out[SHA256_BYTES])
{
    SHA256(p, len, out);
}

void hex_encode(const uint8_t *p, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *out++ = digits[p[i] >> 4];
        *out++ = digits[p[i] & 15];
    }
    *out = '\0';
}
