/* Which requests are let in: one line for each head. */
#include <stdio.h>

#include "common/auth/access.h"
#include "common/auth/credential.h"
#include "tests/unit/auth/keys.h"
#include "tests/unit/unit.h"

static struct test_key good, old, young, revoked, reader, stranger;
static struct key_table *table;
static const int64_t now_ms = INT64_C(1800000000000); /* 2027-01-15 */

static void start(void)
{
    static const char scopes[] = "\"scopes\":[\"ingest\"]";
    struct buf json = {0};
    good = test_key(1), old = test_key(2), young = test_key(3);
    revoked = test_key(4), reader = test_key(5), stranger = test_key(6);
    buf_str(&json, "{\"version\":1,\"keys\":[");
    test_key_json(&good, ",\"devices\":[\"dev-1*\",\"x\"]", &json);
    buf_char(&json, ',');
    test_key_json(&old, ",\"expires_at\":\"2026-01-01T00:00:00Z\"", &json);
    buf_char(&json, ',');
    test_key_json(&young, ",\"not_before\":\"2028-01-01T00:00:00Z\"", &json);
    buf_char(&json, ',');
    test_key_json(&revoked, ",\"revoked_at\":\"2026-01-01T00:00:00Z\"", &json);
    buf_char(&json, ',');
    test_key_json(&reader, "", &json);
    char *last = memmem(buf_cstr(&json) + json.len - 40, 40, scopes, sizeof scopes - 1);
    ck_assert_ptr_nonnull(last);
    memcpy(last, "\"scopes\":[\"read\"]  ", sizeof scopes - 1);
    buf_str(&json, "]}");
    struct key_file f;
    struct err e = {0};
    ck_assert_msg(key_file_parse(&f, buf_view(&json), &e) == 0, "%s", e.message);
    buf_deinit(&json);
    table = key_table_new(&f);
}

static void stop(void)
{
    key_table_unref(table);
}

/* A head with these fields, "Name: value\r\n" each. */
static struct http_head head_of(const char *fields)
{
    static char text[4096];
    static const struct http_limits limits = {8192, 16384, 1 << 20};
    struct http_head head;
    struct http_refusal refusal;
    size_t from = 0;
    int len = snprintf(text, sizeof text, "POST /x HTTP/1.1\r\nHost: h\r\n%s\r\n", fields);
    ck_assert_int_eq(http_parse_head(&head, text, (size_t)len, &from, &limits, &refusal), len);
    return head;
}

static const char *field(const char *name, const char *value)
{
    static char text[4][1024];
    static unsigned next;
    char *out = text[next++ % 4];
    snprintf(out, sizeof text[0], "%s%s\r\n", name, value);
    return out;
}

#define X      "X-API-Key: "
#define BEARER "Authorization: Bearer "

static const struct key_record *must_be(enum access expected, const char *fields)
{
    struct http_head head = head_of(fields);
    const struct key_record *key;
    enum access access = access_check(table, &head, SCOPE_INGEST, now_ms, &key);
    ck_assert_msg(access == expected, "%s: %d, expected %d", fields, access, expected);
    return key;
}

START_TEST(a_key_comes_in_three_ways)
{
    ck_assert_str_eq(must_be(ACCESS_GRANTED, field(X, good.text))->id, good.id);
    must_be(ACCESS_GRANTED, field("x-api-key:", good.text));
    must_be(ACCESS_GRANTED, field(BEARER, good.text));
    must_be(ACCESS_GRANTED, field("authorization: bearer   ", good.text));
    must_be(ACCESS_GRANTED, field("Authorization: Token ", good.text));
    must_be(ACCESS_UNKNOWN, field("Authorization: Basic ", good.text));
    must_be(ACCESS_UNKNOWN, field("Authorization: ", good.text));       /* no scheme */
    must_be(ACCESS_UNKNOWN, field("Authorization: Bearer", good.text)); /* no space */
}
END_TEST

START_TEST(without_a_key_there_is_nothing_to_judge)
{
    must_be(ACCESS_NO_KEY, "");
    must_be(ACCESS_NO_KEY, field("X-API-Keys: ", good.text));
    must_be(ACCESS_NO_KEY, field("Cookie: X-API-Key=", good.text));
    must_be(ACCESS_UNKNOWN, X "\r\n");
    must_be(ACCESS_UNKNOWN, BEARER "\r\n");
}
END_TEST

START_TEST(two_different_keys_are_one_too_many)
{
    char both[512];
    snprintf(both, sizeof both, "%s%s", field(X, good.text), field(BEARER, good.text));
    must_be(ACCESS_GRANTED, both);
    snprintf(both, sizeof both, "%s%s", field(X, good.text), field(X, good.text));
    must_be(ACCESS_GRANTED, both);
    snprintf(both, sizeof both, "%s%s", field(X, good.text), field(BEARER, old.text));
    must_be(ACCESS_TWO_KEYS, both);
    snprintf(both, sizeof both, "%s%s", field(X, old.text), field(X, good.text));
    must_be(ACCESS_TWO_KEYS, both);
    snprintf(both, sizeof both, "%s%s", field(X, good.text), "Authorization: Basic eDp5\r\n");
    must_be(ACCESS_TWO_KEYS, both);
    snprintf(both, sizeof both, "%s%s%s", field(X, good.text), field(X, good.text), X "\r\n");
    must_be(ACCESS_TWO_KEYS, both);
}
END_TEST

START_TEST(every_state_has_its_verdict)
{
    char typo[API_KEY_LEN + 1], wrong[API_KEY_LEN + 1];
    memcpy(typo, good.text, sizeof typo);
    typo[30] ^= 1;
    memcpy(wrong, stranger.text, sizeof wrong); /* well formed, and nobody's */
    must_be(ACCESS_MALFORMED, field(X, typo));
    must_be(ACCESS_UNKNOWN, field(X, wrong));
    must_be(ACCESS_UNKNOWN, field(X, "something else"));
    must_be(ACCESS_EXPIRED, field(X, old.text));
    must_be(ACCESS_PENDING, field(X, young.text));
    must_be(ACCESS_REVOKED, field(X, revoked.text));
    must_be(ACCESS_NO_SCOPE, field(X, reader.text));
    struct http_head head = head_of(field(X, reader.text));
    const struct key_record *key;
    ck_assert_int_eq(access_check(table, &head, SCOPE_READ, now_ms, &key), ACCESS_GRANTED);
    ck_assert_int_eq(access_check(table, &head, SCOPE_ADMIN, now_ms, &key), ACCESS_NO_SCOPE);
}
END_TEST

START_TEST(a_stranger_learns_nothing_from_the_answer)
{
    const struct access_answer *unknown = access_answer(ACCESS_UNKNOWN);
    const struct access_answer *malformed = access_answer(ACCESS_MALFORMED);
    ck_assert_int_eq(unknown->status, 401);
    ck_assert_int_eq(malformed->status, 401);
    ck_assert_str_eq(unknown->code, malformed->code);
    ck_assert_str_eq(unknown->detail, malformed->detail);
    ck_assert_str_ne(unknown->reason, malformed->reason); /* the operator may know */
    for (enum access a = ACCESS_NO_KEY; a < ACCESSES; a++)
        ck_assert_int_ge(access_answer(a)->status, 400);
}
END_TEST

START_TEST(patterns_say_which_devices)
{
    const struct key_record *key = must_be(ACCESS_GRANTED, field(X, good.text));
    ck_assert(key_record_allows(key, span_str("dev-1")));
    ck_assert(key_record_allows(key, span_str("dev-17")));
    ck_assert(key_record_allows(key, span_str("x")));
    ck_assert(!key_record_allows(key, span_str("dev-2")));
    ck_assert(!key_record_allows(key, span_str("")));
}
END_TEST

START_TEST(off_means_everybody)
{
    struct http_head head = head_of(field(X, "whatever"));
    const struct key_record *key;
    ck_assert_int_eq(access_check(NULL, &head, SCOPE_ADMIN, now_ms, &key), ACCESS_GRANTED);
    ck_assert_ptr_null(key);
}
END_TEST

UNIT_CASE(access)
{
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, a_key_comes_in_three_ways);
    tcase_add_test(tc, without_a_key_there_is_nothing_to_judge);
    tcase_add_test(tc, two_different_keys_are_one_too_many);
    tcase_add_test(tc, every_state_has_its_verdict);
    tcase_add_test(tc, a_stranger_learns_nothing_from_the_answer);
    tcase_add_test(tc, patterns_say_which_devices);
    tcase_add_test(tc, off_means_everybody);
}
