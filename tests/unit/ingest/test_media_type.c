/* Which kinds of body are told apart, and how they may be coded. */
#include "ingest/media_type.h"
#include "tests/unit/unit.h"

START_TEST(json_has_several_names)
{
    static const char *const good[] = {"",
                                       "application/json",
                                       "Application/JSON",
                                       "application/json; charset=utf-8",
                                       "application/json ;charset=utf-8",
                                       "text/json",
                                       "application/vnd.device+json",
                                       "application/x-www-form-urlencoded"};
    static const char *const bad[] = {
        "text/plain",          "application/jsonp",   "json", "application/xml", "+json",
        "multipart/form-data", "application/x-ndjson"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(media_type_is_json(span_str(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!media_type_is_json(span_str(bad[i])), "%s", bad[i]);
    ck_assert(media_type_is_json(span_of(NULL, 0)));
}
END_TEST

START_TEST(json_lines_have_three)
{
    static const char *const good[] = {"application/x-ndjson", "Application/NDJSON",
                                       "application/jsonl; charset=utf-8"};
    static const char *const bad[] = {"", "application/json", "text/x-ndjson",
                                      "application/ndjsons", "application/x-www-form-urlencoded"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_msg(media_type_is_json_lines(span_str(good[i])), "%s", good[i]);
        ck_assert(media_type_is_json_or_lines(span_str(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!media_type_is_json_lines(span_str(bad[i])), "%s", bad[i]);
    ck_assert(media_type_is_json_or_lines(span_str("application/json")));
    ck_assert(!media_type_is_json_or_lines(span_str("text/html")));
}
END_TEST

START_TEST(line_protocol_has_no_type_of_its_own)
{
    static const char *const good[] = {"", "text/plain", "Text/Plain; charset=utf-8",
                                       "application/octet-stream",
                                       "application/x-www-form-urlencoded"};
    static const char *const bad[] = {"application/json", "text/html", "text/plainer", "text"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(media_type_is_text(span_str(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!media_type_is_text(span_str(bad[i])), "%s", bad[i]);
    ck_assert(media_type_is_text(span_of(NULL, 0)));
}
END_TEST

START_TEST(codings)
{
    static const struct {
        const char *text;
        enum media_coding coding;
    } cases[] = {
        {"", CODING_IDENTITY},         {"identity", CODING_IDENTITY},
        {"Identity", CODING_IDENTITY}, {"gzip", CODING_GZIP},
        {"GZip", CODING_GZIP},         {"x-gzip", CODING_GZIP},
        {"br", CODING_OTHER},          {"deflate", CODING_OTHER},
        {"zstd", CODING_OTHER},        {"gzip, gzip", CODING_OTHER},
        {"gzip,br", CODING_OTHER},     {"identity, gzip", CODING_OTHER},
        {"gzip;q=1", CODING_OTHER},    {"gzi", CODING_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(media_coding_of(span_str(cases[i].text)) == cases[i].coding, "%s",
                      cases[i].text);
    ck_assert_int_eq(media_coding_of(span_of(NULL, 0)), CODING_IDENTITY);
}
END_TEST

UNIT_CASE(media_type)
{
    tcase_add_test(tc, json_has_several_names);
    tcase_add_test(tc, json_lines_have_three);
    tcase_add_test(tc, line_protocol_has_no_type_of_its_own);
    tcase_add_test(tc, codings);
}
