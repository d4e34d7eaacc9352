/* Hashes from libxxhash and OpenSSL, and hex. */
#include "common/base/hash.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <xxhash.h>

uint64_t hash_table(struct span s, uint64_t seed)
{
    return XXH3_64bits_withSeed(s.p, s.len, seed);
}

/* Not SHA256(): since OpenSSL 3 that looks the algorithm up in its providers at each call, with
 * locks and allocations that take several times as long as the hash of a reading. */
void hash_sha256(const void *p, size_t len, uint8_t out[SHA256_BYTES])
{
    SHA256_CTX c;
    SHA256_Init(&c);
    SHA256_Update(&c, p, len);
    SHA256_Final(out, &c);
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
