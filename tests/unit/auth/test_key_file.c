/* The keys file: what is taken, and what is said of what is not. */
#include <stdio.h>

#include "common/base/random.h"
#include "common/base/timestamp.h"
#include "tests/unit/auth/keys.h"
#include "tests/unit/unit.h"

static struct key_file must_parse(const char *json)
{
    struct key_file f;
    struct err e = {0};
    ck_assert_msg(key_file_parse(&f, span_str(json), &e) == 0, "%s: %s", json, e.message);
    return f;
}

static void must_not_parse(const char *json, const char *message)
{
    struct key_file f;
    struct err e = {0};
    ck_assert_msg(key_file_parse(&f, span_str(json), &e) != 0, "%s", json);
    ck_assert_msg(strncmp(e.message, message, strlen(message)) == 0, "%s: %s, expected %s", json,
                  e.message, message);
    key_file_deinit(&f);
}

/* A file of one good key with `more` behind its members. */
static const char *with(const char *more)
{
    static struct buf text;
    struct test_key k = test_key(1);
    buf_clear(&text);
    test_file_json(&k, 1, more, &text);
    return buf_cstr(&text);
}

/* A file of one key with just these members. */
static const char *of(const char *members)
{
    static struct buf text;
    buf_clear(&text);
    buf_printf(&text, "{\"version\":1,\"keys\":[{%s}]}", members);
    return buf_cstr(&text);
}

static int64_t ms(const char *text)
{
    int64_t t;
    ck_assert(timestamp_parse(span_str(text), &t));
    return t;
}

START_TEST(a_whole_key_is_read)
{
    struct key_file f = must_parse(
        with(",\"devices\":[\"dev-1*\",\"x\"],\"not_before\":\"2026-01-01T00:00:00Z\","
             "\"expires_at\":\"2027-01-01T00:00:00Z\",\"created_at\":\"2025-12-31T00:00:00Z\","
             "\"revoked_at\":\"2026-06-01T00:00:00Z\",\"note\":\"greenhouse \\u00e9\""));
    const struct key_record *k = &f.key[0];
    ck_assert_uint_eq(f.keys, 1);
    ck_assert_str_eq(k->id, test_key(1).id);
    ck_assert_uint_eq(k->scopes, SCOPE_INGEST);
    ck_assert_uint_eq(k->devices, 2);
    ck_assert_str_eq(k->device[0], "dev-1*");
    ck_assert_int_eq(k->not_before_ms, ms("2026-01-01T00:00:00Z"));
    ck_assert_int_eq(k->expires_at_ms, ms("2027-01-01T00:00:00Z"));
    ck_assert_int_eq(k->created_at_ms, ms("2025-12-31T00:00:00Z"));
    ck_assert_int_eq(k->revoked_at_ms, ms("2026-06-01T00:00:00Z"));
    ck_assert_str_eq(k->note, "greenhouse \xc3\xa9");
    key_file_deinit(&f);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
    struct key_file f = must_parse(
        with(",\"devices\":[\"a\\\"b\"],\"expires_at\":\"2027-01-01T00:00:00.5Z\",\"note\":\"n\""));
    struct buf first = {0}, second = {0};
    key_file_write(&f, &first);
    key_file_deinit(&f);
    f = must_parse(buf_cstr(&first));
    key_file_write(&f, &second);
    key_file_deinit(&f);
    ck_assert_str_eq(buf_cstr(&first), buf_cstr(&second));
    buf_deinit(&first);
    buf_deinit(&second);
    f = must_parse("{\"keys\":[],\"version\":1}");
    ck_assert_uint_eq(f.keys, 0);
    key_file_deinit(&f);
}
END_TEST

START_TEST(states_follow_the_times)
{
    struct key_file f = must_parse(with(",\"not_before\":\"2026-01-01T00:00:00Z\","
                                        "\"expires_at\":\"2027-01-01T00:00:00Z\""));
    struct key_record *k = &f.key[0];
    ck_assert_int_eq(key_record_state(k, ms("2026-01-01T00:00:00Z") - 1), KEY_PENDING);
    ck_assert_int_eq(key_record_state(k, ms("2026-01-01T00:00:00Z")), KEY_ACTIVE);
    ck_assert_int_eq(key_record_state(k, ms("2027-01-01T00:00:00Z") - 1), KEY_ACTIVE);
    ck_assert_int_eq(key_record_state(k, ms("2027-01-01T00:00:00Z")), KEY_EXPIRED);
    k->revoked_at_ms = ms("2030-01-01T00:00:00Z"); /* also when that is still to come */
    ck_assert_int_eq(key_record_state(k, ms("2026-02-01T00:00:00Z")), KEY_REVOKED);
    key_file_deinit(&f);
}
END_TEST

#define ID     "\"id\":\"aaaaaaaa\""
#define SHA    "\"sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\""
#define SCOPES "\"scopes\":[\"read\"]"

START_TEST(the_document_must_have_its_form)
{
    must_not_parse("", "line 1, column 1: ");
    must_not_parse("{\"version\":1,\n\"keys\":[}", "line 2, column 9: ");
    must_not_parse("{\"version\":1,\"keys\":[]} x", "line 1, column 25: ");
    must_not_parse("[]", "must be an object");
    must_not_parse("{\"version\":1}", "keys: is missing");
    must_not_parse("{\"keys\":[]}", "version: is missing; it must be 1");
    must_not_parse("{\"version\":2,\"keys\":[]}", "version: must be 1");
    must_not_parse("{\"version\":\"1\",\"keys\":[]}", "version: must be 1");
    must_not_parse("{\"version\":1,\"keys\":{}}", "keys: must be an array");
    must_not_parse("{\"version\":1,\"keys\":[],\"extra\":0}", "extra: is unknown; allowed are");
    must_not_parse("{\"version\":1,\"version\":1,\"keys\":[]}", "line 1, column 22: duplicate");
    must_not_parse("{\"version\":1,\"keys\":[7]}", "keys[0]: must be an object");
}
END_TEST

START_TEST(every_member_is_checked_where_it_stands)
{
    must_not_parse(of(ID "," SHA), "keys[0]: scopes is missing");
    must_not_parse(of(ID "," SCOPES), "keys[0]: sha256 is missing");
    must_not_parse(of(SHA "," SCOPES), "keys[0]: id is missing");
    must_not_parse(of("\"id\":\"short\""), "keys[0].id: must be 8 to 32 letters a-z and digits");
    must_not_parse(of("\"id\":\"AAAAAAAA\""), "keys[0].id: ");
    must_not_parse(of("\"id\":7"), "keys[0].id: ");
    must_not_parse(of(ID ",\"sha256\":\"00\""), "keys[0].sha256: must be 64 hex digits 0-9a-f");
    must_not_parse(of(ID ",\"sha256\":null"), "keys[0].sha256: ");
    must_not_parse(of(ID "," SHA ",\"scopes\":[]"), "keys[0].scopes: must be a list of 1 to 3");
    must_not_parse(of(ID "," SHA ",\"scopes\":\"read\""), "keys[0].scopes: must be a list");
    must_not_parse(of("\"scopes\":[\"read\",\"write\"]"),
                   "keys[0].scopes[1]: must be one of ingest, read, admin");
    must_not_parse(of("\"scopes\":[\"read\",\"read\"]"), "keys[0].scopes[1]: stands there twice");
    must_not_parse(of("\"scopes\":[1]"), "keys[0].scopes[0]: must be one of");
    must_not_parse(with(",\"devices\":[]"),
                   "keys[0].devices: must be a list of 1 to 64 texts; leave it out for every");
    must_not_parse(with(",\"devices\":[\"\"]"), "keys[0].devices[0]: must be a device id");
    must_not_parse(with(",\"devices\":[\"a\",\"b\\n\"]"), "keys[0].devices[1]: ");
    must_not_parse(with(",\"devices\":[null]"), "keys[0].devices[0]: ");
    must_not_parse(with(",\"not_before\":\"soon\""), "keys[0].not_before: must be a time");
    must_not_parse(with(",\"expires_at\":1800000000"), "keys[0].expires_at: must be a time");
    must_not_parse(with(",\"created_at\":null"), "keys[0].created_at: must be a time");
    must_not_parse(with(",\"revoked_at\":true"), "keys[0].revoked_at: must be a time");
    must_not_parse(with(",\"note\":\"a\\u0007b\""), "keys[0].note: must be a text of at most 256");
    must_not_parse(with(",\"note\":[]"), "keys[0].note: ");
    must_not_parse(with(",\"disabled\":true"),
                   "keys[0]: \"disabled\" is unknown; allowed are id, sha256");
    must_not_parse(with(",\"not_before\":\"2027-01-01T00:00:00Z\","
                        "\"expires_at\":\"2026-01-01T00:00:00Z\""),
                   "keys[0]: expires_at must be later than not_before");
}
END_TEST

START_TEST(no_key_stands_there_twice)
{
    struct test_key keys[3] = {test_key(1), test_key(2), test_key(1)};
    struct buf text = {0};
    test_file_json(keys, 3, "", &text);
    must_not_parse(buf_cstr(&text), "keys[2].id: is also that of keys[0]");
    snprintf(keys[2].id, sizeof keys[2].id, "zzzzzzzz");
    buf_clear(&text);
    test_file_json(keys, 3, "", &text);
    must_not_parse(buf_cstr(&text), "keys[2].sha256: is also that of keys[0]");
    buf_deinit(&text);
}
END_TEST

static void many_keys(size_t count, struct buf *out)
{
    buf_str(out, "{\"version\":1,\"keys\":[");
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s{\"id\":\"key%07zu\",\"sha256\":\"%064zx\",\"scopes\":[\"read\"]}",
                   i > 0 ? "," : "", i, i);
    buf_str(out, "]}");
}

START_TEST(everything_is_bounded)
{
    struct buf text = {0};
    many_keys(KEY_FILE_KEYS_MAX, &text);
    struct key_file f = must_parse(buf_cstr(&text));
    ck_assert_uint_eq(f.keys, KEY_FILE_KEYS_MAX);
    struct key_record k = {.id = "another0"};
    struct err e = {0};
    ck_assert_int_eq(key_file_add(&f, &k, &e), ERR_TOO_LARGE);
    key_file_deinit(&f);
    buf_clear(&text);
    many_keys(KEY_FILE_KEYS_MAX + 1, &text);
    must_not_parse(buf_cstr(&text), "keys: at most 10000 are allowed");
    buf_clear(&text);
    buf_str(&text, ",\"devices\":[\"d\"");
    for (int i = 1; i < KEY_PATTERNS_MAX; i++)
        buf_str(&text, ",\"d\"");
    size_t without_end = text.len;
    buf_str(&text, "]");
    f = must_parse(with(buf_cstr(&text)));
    key_file_deinit(&f);
    text.len = without_end;
    buf_str(&text, ",\"d\"]");
    must_not_parse(with(buf_cstr(&text)), "keys[0].devices: must be a list of 1 to 64");
    buf_clear(&text);
    memset(buf_reserve(&text, KEY_FILE_BYTES_MAX + 1), ' ', KEY_FILE_BYTES_MAX + 1);
    buf_commit(&text, KEY_FILE_BYTES_MAX + 1);
    must_not_parse(buf_cstr(&text), "the file is larger than 4MiB");
    buf_deinit(&text);
}
END_TEST

START_TEST(an_id_is_added_once)
{
    struct key_file f = {0};
    struct key_record k;
    struct err e = {0};
    for (int i = 0; i < 2; i++) {
        key_record_init(&k);
        snprintf(k.id, sizeof k.id, "samesame");
        ck_assert_int_eq(key_file_add(&f, &k, &e), i == 0 ? 0 : ERR_EXISTS);
    }
    ck_assert_ptr_nonnull(key_file_find(&f, span_str("samesame")));
    ck_assert_ptr_null(key_file_find(&f, span_str("samesam")));
    key_file_deinit(&f);
}
END_TEST

/* Whatever becomes of a byte, the answer is a list of keys or an error with a sentence. */
START_TEST(damaged_files_are_refused_or_read)
{
    const char *good = with(",\"devices\":[\"dev-1*\"],\"note\":\"n\"");
    size_t len = strlen(good);
    struct rng r;
    rng_seed(&r, 3);
    for (int i = 0; i < 20000; i++) {
        char text[1024];
        memcpy(text, good, len);
        for (unsigned n = 1 + rng_below(&r, 3); n > 0; n--)
            text[rng_below(&r, (uint32_t)len)] = (char)rng_below(&r, 256);
        struct key_file f;
        struct err e = {0};
        int rc = key_file_parse(&f, span_of(text, len), &e);
        ck_assert(rc == e.code && (rc == 0) == (e.message[0] == '\0'));
        key_file_deinit(&f);
    }
}
END_TEST

UNIT_CASE(key_file)
{
    tcase_add_test(tc, a_whole_key_is_read);
    tcase_add_test(tc, what_is_written_is_read_again);
    tcase_add_test(tc, states_follow_the_times);
    tcase_add_test(tc, the_document_must_have_its_form);
    tcase_add_test(tc, every_member_is_checked_where_it_stands);
    tcase_add_test(tc, no_key_stands_there_twice);
    tcase_add_test(tc, everything_is_bounded);
    tcase_add_test(tc, an_id_is_added_once);
    tcase_add_test(tc, damaged_files_are_refused_or_read);
}
