/* Finding a key: the right one, and the same work for every wrong one. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "common/auth/key_table.h"
#include "tests/unit/auth/keys.h"
#include "tests/unit/unit.h"

/* In the place of libcrypto's functions, because this program's own symbols come first. */
static _Thread_local unsigned hashes, compares;
static _Thread_local size_t compared_bytes;

int SHA256_Final(unsigned char *out, SHA256_CTX *c)
{
    static int (*theirs)(unsigned char *, SHA256_CTX *);
    if (!theirs)
        *(void **)&theirs = dlsym(RTLD_NEXT, "SHA256_Final");
    hashes++;
    return theirs(out, c);
}

int CRYPTO_memcmp(const void *a, const void *b, size_t len)
{
    compares++;
    compared_bytes = len;
    return memcmp(a, b, len);
}

static struct key_table *table_of(const struct test_key *keys, size_t count)
{
    struct buf text = {0};
    struct key_file f;
    struct err e = {0};
    test_file_json(keys, count, "", &text);
    ck_assert_msg(key_file_parse(&f, buf_view(&text), &e) == 0, "%s", e.message);
    buf_deinit(&text);
    struct key_table *t = key_table_new(&f);
    ck_assert_ptr_null(f.key); /* taken over */
    return t;
}

enum { KEYS = 100 };
static struct test_key keys[KEYS];

static struct key_table *full_table(size_t count)
{
    for (uint8_t i = 0; i < KEYS; i++)
        keys[i] = test_key(i);
    return table_of(keys, count);
}

START_TEST(every_key_is_found_by_its_text)
{
    for (size_t count = 0; count <= KEYS; count += count < 10 ? 1 : 30) {
        struct key_table *t = full_table(count);
        for (size_t i = 0; i < KEYS; i++) {
            const struct key_record *k = key_table_find(t, span_str(keys[i].text));
            if (i < count)
                ck_assert_str_eq(k->id, keys[i].id);
            else
                ck_assert_ptr_null(k);
        }
        key_table_unref(t);
    }
}
END_TEST

static void must_cost_one_of_each(const struct key_table *t, const char *text, bool known)
{
    hashes = compares = 0;
    const struct key_record *k = key_table_find(t, span_str(text));
    ck_assert_msg((k != NULL) == known, "%s", text);
    ck_assert_msg(hashes == 1, "%u hashes for %s", hashes, text);
    ck_assert_msg(compares == 1, "%u comparisons for %s", compares, text);
    ck_assert_uint_eq(compared_bytes, SHA256_BYTES);
}

START_TEST(every_wrong_key_costs_what_a_right_one_does)
{
    struct key_table *t = full_table(50), *empty = full_table(0);
    char wrong_secret[API_KEY_LEN + 1], too_long[API_KEY_TEXT_MAX + 2];
    memcpy(wrong_secret, keys[7].text, sizeof wrong_secret);
    wrong_secret[20] ^= 1;
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    must_cost_one_of_each(t, keys[7].text, true);
    must_cost_one_of_each(t, keys[70].text, false); /* unknown id */
    must_cost_one_of_each(t, wrong_secret, false);
    must_cost_one_of_each(t, "no key at all", false);
    must_cost_one_of_each(t, "", false);
    must_cost_one_of_each(t, too_long, false);
    must_cost_one_of_each(empty, keys[7].text, false);
    key_table_unref(t);
    key_table_unref(empty);
}
END_TEST

/* What is compared when nothing is found is all zero, and so may be a hash in the file. */
START_TEST(nobody_is_never_found)
{
    static const char json[] =
        "{\"version\":1,\"keys\":["
        "{\"id\":\"hashofnothing\",\"scopes\":[\"admin\"],\"sha256\":"
        "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"},"
        "{\"id\":\"zerozero\",\"scopes\":[\"admin\"],\"sha256\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\"}]}";
    struct key_file f;
    struct err e = {0};
    ck_assert_int_eq(key_file_parse(&f, span_str(json), &e), 0);
    struct key_table *t = key_table_new(&f);
    ck_assert_ptr_null(key_table_find(t, span_str("")));
    ck_assert_ptr_null(key_table_find(t, (struct span){0}));
    ck_assert_ptr_null(key_table_find(t, span_str("anything")));
    key_table_unref(t);
}
END_TEST

START_TEST(references_keep_the_table)
{
    struct key_table *t = full_table(3), *held = key_table_ref(t);
    key_table_unref(t);
    ck_assert_ptr_nonnull(key_table_find(held, span_str(keys[1].text)));
    unsigned count[KEY_STATES];
    key_table_count(held, 0, count);
    ck_assert_uint_eq(count[KEY_ACTIVE], 3);
    ck_assert_uint_eq(count[KEY_REVOKED], 0);
    key_table_unref(held);
    key_table_unref(NULL);
}
END_TEST

UNIT_CASE(key_table)
{
    tcase_add_test(tc, every_key_is_found_by_its_text);
    tcase_add_test(tc, every_wrong_key_costs_what_a_right_one_does);
    tcase_add_test(tc, nobody_is_never_found);
    tcase_add_test(tc, references_keep_the_table);
}
