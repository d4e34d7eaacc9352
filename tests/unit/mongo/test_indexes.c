/* Index keys as text, and the URLs that the store client refuses. */
#include "common/mongo/indexes.h"
#include "common/mongo/mongo.h"
#include "tests/unit/unit.h"

static void must_parse(const char *keys, const char *json, const char *name)
{
    bson_t out = BSON_INITIALIZER;
    struct buf got = {0};
    ck_assert_msg(mongo_index_parse(keys, &out, &got), "%s", keys);
    char *text = bson_as_relaxed_extended_json(&out, NULL);
    ck_assert_str_eq(text, json);
    ck_assert_str_eq(buf_cstr(&got), name);
    bson_free(text);
    buf_deinit(&got);
    bson_destroy(&out);
}

static void must_not_parse(const char *keys)
{
    bson_t out = BSON_INITIALIZER;
    struct buf name = {0};
    ck_assert_msg(!mongo_index_parse(keys, &out, &name), "'%s'", keys);
    buf_deinit(&name);
    bson_destroy(&out);
}

START_TEST(keys_are_parsed)
{
    must_parse("ts:-1", "{ \"ts\" : -1 }", "ts_-1");
    must_parse("device_id:1,ts:-1", "{ \"device_id\" : 1, \"ts\" : -1 }", "device_id_1_ts_-1");
    must_parse("a.b:1", "{ \"a.b\" : 1 }", "a.b_1");
}
END_TEST

START_TEST(malformed_keys_are_refused)
{
    static const char *const wrong[] = {"",     "ts",   ":1",       "ts:",       "ts:2", "ts:+1",
                                        "a:1,", ",a:1", "a:1,,b:1", "a:1 ,b:1x", "a:11"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        must_not_parse(wrong[i]);
}
END_TEST

static int open_url(const char *url, struct err *e)
{
    struct mongo *m = NULL;
    const struct mongo_options options = {.url = url, .database = "iotdb", .max_clients = 1};
    int rc = mongo_new(&m, &options, e);
    mongo_free(m);
    return rc;
}

START_TEST(wrong_urls_are_refused_with_a_reason)
{
    static const char *const wrong[] = {"http://localhost",
                                        "mongodb://",
                                        "",
                                        "mongodb://h:1/?tlsCAFile=/nonexistent/ca.pem&tls=true",
                                        "mongodb://user:@h:1/",
                                        "mongodb://user@h:1/"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct err e = {0};
        ck_assert_msg(open_url(wrong[i], &e) == ERR_INVALID, "%s", wrong[i]);
        ck_assert_str_ne(e.message, "");
    }
}
END_TEST

START_TEST(a_store_that_is_away_is_no_reason_not_to_start)
{
    struct err e = {0};
    ck_assert_int_eq(open_url("mongodb://127.0.0.1:1/", &e), 0);
}
END_TEST

UNIT_CASE(indexes)
{
    tcase_add_test(tc, keys_are_parsed);
    tcase_add_test(tc, malformed_keys_are_refused);
    tcase_add_test(tc, wrong_urls_are_refused_with_a_reason);
    tcase_add_test(tc, a_store_that_is_away_is_no_reason_not_to_start);
}
