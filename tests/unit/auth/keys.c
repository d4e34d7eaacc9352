/* Keys and keys files for the tests. */
#include "tests/unit/auth/keys.h"

#include <check.h>
#include <stdio.h>

struct test_key test_key(uint8_t seed)
{
    struct test_key k;
    uint8_t random[API_KEY_RANDOM_BYTES], sha256[SHA256_BYTES];
    struct span id;
    memset(random, seed, sizeof random);
    api_key_make(random, k.text, &id);
    snprintf(k.id, sizeof k.id, "%.*s", (int)id.len, id.p);
    hash_sha256(k.text, strlen(k.text), sha256);
    hex_encode(sha256, sizeof sha256, k.sha256);
    return k;
}

void test_key_json(const struct test_key *k, const char *more, struct buf *out)
{
    buf_printf(out, "{\"id\":\"%s\",\"sha256\":\"%s\",\"scopes\":[\"ingest\"]%s}", k->id, k->sha256,
               more);
}

void test_file_json(const struct test_key *keys, size_t count, const char *more, struct buf *out)
{
    buf_str(out, "{\"version\":1,\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        buf_str(out, i > 0 ? "," : "");
        test_key_json(&keys[i], more, out);
    }
    buf_str(out, "]}");
}

void test_write(const char *path, struct span text)
{
    char temporary[256];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *f = fopen(temporary, "we");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text.p, 1, text.len, f), text.len);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(rename(temporary, path), 0);
}
