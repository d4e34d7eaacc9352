/* The JSON reader: what it accepts, what it refuses and why, and the tokens it returns. */
#include "common/base/json.h"

#include <stdio.h>

#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

/* One letter for each token, then '!' and the reason after an error. */
static void trace(struct span json, char *out, size_t room)
{
    static const char letters[] = "$oOaAksntfz";
    struct json_reader r;
    struct span input = guard_place(json);
    json_reader_init(&r, input.p, input.len);
    size_t used = 0;
    for (;;) {
        enum json_token token = json_next(&r);
        ck_assert_uint_lt(used + 2, room);
        if (token == JSON_TOKEN_ERROR) {
            ck_assert_ptr_nonnull(r.error);
            ck_assert_int_eq(json_next(&r), JSON_TOKEN_ERROR);
            ck_assert(r.at >= r.start && r.at <= r.end);
            snprintf(out + used, room - used, "!%s", r.error);
            return;
        }
        if (token == JSON_TOKEN_END) {
            ck_assert_int_eq(json_next(&r), JSON_TOKEN_END);
            out[used] = '\0';
            return;
        }
        out[used++] = letters[token];
    }
}

static void must_parse_span(struct span json, const char *tokens)
{
    char got[512];
    trace(json, got, sizeof got);
    ck_assert_msg(strcmp(got, tokens) == 0, "%.*s: got %s, not %s", (int)json.len, json.p, got,
                  tokens);
}

static void must_parse(const char *json, const char *tokens)
{
    must_parse_span(span_str(json), tokens);
}

static void must_not_parse_span(struct span json, const char *reason)
{
    char got[512];
    trace(json, got, sizeof got);
    const char *error = strchr(got, '!');
    ck_assert_msg(error && strcmp(error + 1, reason) == 0, "%.*s: got %s, not %s", (int)json.len,
                  json.p, got, reason);
}

static void must_not_parse(const char *json, const char *reason)
{
    must_not_parse_span(span_str(json), reason);
}

START_TEST(accepts_every_kind_of_value)
{
    must_parse("{}", "oO");
    must_parse("[]", "aA");
    must_parse("0", "n");
    must_parse("\"\"", "s");
    must_parse("true", "t");
    must_parse("false", "f");
    must_parse("null", "z");
    must_parse(" \t\r\n{ } \n", "oO");
    must_parse("{\"a\":1}", "oknO");
    must_parse("{\"a\" : 1 , \"b\" : \"x\"}", "oknksO");
    must_parse("[1,[2,[]],{\"k\":[null]}]", "anana"
                                            "AAokazAOA");
    must_parse("[[],[]]", "aaAaAA");
    must_parse("{\"a\":{},\"b\":{\"c\":{}}}", "okoOkokoOOO");
    must_parse("{\"a\":1,\"a\":2}", "oknknO"); /* the caller's concern */
    must_parse("1e400", "n");                  /* likewise */
}
END_TEST

START_TEST(accepts_numbers_of_the_grammar)
{
    static const char *const good[] = {
        "0",
        "-0",
        "1",
        "-1",
        "10",
        "0.5",
        "-0.25",
        "1.50",
        "1e5",
        "1E5",
        "1e+05",
        "1e-05",
        "0e0",
        "1.5e3",
        "9007199254740993",
        "123456789012345678901234567890",
        "0.1e-400",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        must_parse(good[i], "n");
    }
}
END_TEST

START_TEST(refuses_other_numbers)
{
    must_not_parse("01", "more text after the document");
    must_not_parse("[01]", "expected a comma or ]");
    must_not_parse("-", "invalid number");
    must_not_parse("-a", "invalid number");
    must_not_parse("+1", "expected a value");
    must_not_parse(".5", "expected a value");
    must_not_parse("5.", "invalid number");
    must_not_parse("1.e5", "invalid number");
    must_not_parse("1e", "invalid number");
    must_not_parse("1e+", "invalid number");
    must_not_parse("0x10", "more text after the document");
    must_not_parse("1.5.5", "more text after the document");
    must_not_parse("NaN", "expected a value");
    must_not_parse("Infinity", "expected a value");
    must_not_parse("-Infinity", "invalid number");
    must_not_parse("1 2", "more text after the document");
}
END_TEST

START_TEST(refuses_broken_structure)
{
    must_not_parse("", "the document is empty");
    must_not_parse(" \n", "the document is empty");
    must_not_parse("{", "the document is cut short");
    must_not_parse("[", "the document is cut short");
    must_not_parse("[1", "the document is cut short");
    must_not_parse("[1,", "the document is cut short");
    must_not_parse("{\"a\"", "the document is cut short");
    must_not_parse("{\"a\":", "the document is cut short");
    must_not_parse("{\"a\":1", "the document is cut short");
    must_not_parse("{\"a\":1,", "the document is cut short");
    must_not_parse("{\"a\" 1}", "expected a colon");
    must_not_parse("{\"a\",1}", "expected a colon");
    must_not_parse("{a:1}", "expected a key in quotes");
    must_not_parse("{'a':1}", "expected a key in quotes");
    must_not_parse("{1:1}", "expected a key in quotes");
    must_not_parse("{,}", "expected a key in quotes");
    must_not_parse("{\"a\":1,}", "expected a key in quotes");
    must_not_parse("{\"a\":}", "expected a value");
    must_not_parse("[1,]", "expected a value");
    must_not_parse("[,1]", "expected a value");
    must_not_parse("[1 2]", "expected a comma or ]");
    must_not_parse("[1}", "expected a comma or ]");
    must_not_parse("{\"a\":1]", "expected a comma or }");
    must_not_parse("{\"a\":1 \"b\":2}", "expected a comma or }");
    must_not_parse("]", "expected a value");
    must_not_parse("{}}", "more text after the document");
    must_not_parse("{} x", "more text after the document");
    must_not_parse("truex", "more text after the document");
    must_not_parse("tru", "expected a value");
    must_not_parse("nul", "expected a value");
    must_not_parse("True", "expected a value");
    must_not_parse("//x\n1", "expected a value");
    must_not_parse("\xef\xbb\xbf{}", "expected a value"); /* byte order mark */
    must_not_parse("\f1", "expected a value");
    must_not_parse_span(span_of("1\0", 2), "more text after the document");
}
END_TEST

START_TEST(accepts_strings)
{
    must_parse("\"abc\"", "s");
    must_parse("\"0123456789abcdef0123456789\"", "s");
    must_parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"", "s");
    must_parse("\"\\uD83D\\uDE00\"", "s");
    must_parse("\"\\uffff\"", "s");
    must_parse("\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"", "s");
    must_parse("\"\x7f\"", "s"); /* DEL is no control character to RFC 8259 */
}
END_TEST

START_TEST(refuses_broken_strings)
{
    must_not_parse("\"", "string without an end");
    must_not_parse("\"abc", "string without an end");
    must_not_parse("\"abcdefghijklmnopq", "string without an end");
    must_not_parse("\"a\nb\"", "control character in a string");
    must_not_parse("\"0123456789\x1f\"", "control character in a string");
    must_not_parse_span(span_of("\"\0\"", 3), "control character in a string");
    must_not_parse("\"\\", "invalid escape in a string");
    must_not_parse("\"\\x41\"", "invalid escape in a string");
    must_not_parse("\"\\u12\"", "invalid escape in a string");
    must_not_parse("\"\\u12g4\"", "invalid escape in a string");
    must_not_parse("\"\\u", "invalid escape in a string");
    must_not_parse_span(span_of("\"\\\0\"", 4), "invalid escape in a string");
    must_not_parse("\"\\u0000\"", "NUL is not allowed in a string");
    must_not_parse("\"\\ud800\"", "lone surrogate in a string");
    must_not_parse("\"\\ud800x\"", "lone surrogate in a string");
    must_not_parse("\"\\ud800\\u0041\"", "lone surrogate in a string");
    must_not_parse("\"\\udc00\"", "lone surrogate in a string");
    must_not_parse("\"\\ud83d\\ud83d\"", "lone surrogate in a string");
    must_not_parse("\"\x80\"", "invalid UTF-8 in a string");
    must_not_parse("\"\xc0\x80\"", "invalid UTF-8 in a string");
    must_not_parse("\"\xed\xa0\x80\"", "invalid UTF-8 in a string");
    must_not_parse("\"\xf5\x80\x80\x80\"", "invalid UTF-8 in a string");
    must_not_parse("\"\xe2\x82\"", "invalid UTF-8 in a string");
    must_not_parse("\"\xe2", "invalid UTF-8 in a string");
    must_not_parse("{\"\xff\":1}", "invalid UTF-8 in a string");
}
END_TEST

/* Every byte at every place of a string must be seen, whichever eight bytes it falls into. */
START_TEST(sees_a_special_byte_at_every_place)
{
    static const unsigned char bad[] = {0x00, 0x01, 0x1f, 0x80, 0xff};
    for (size_t len = 1; len <= 40; len++) {
        for (size_t at = 0; at < len; at++) {
            char text[64];
            memset(text, 'x', sizeof text);
            text[0] = text[len + 1] = '"';
            must_parse_span(span_of(text, len + 2), "s");
            for (size_t b = 0; b < sizeof bad; b++) {
                text[1 + at] = (char)bad[b];
                must_not_parse_span(span_of(text, len + 2), bad[b] < 0x20
                                                                ? "control character in a string"
                                                                : "invalid UTF-8 in a string");
            }
            text[1 + at] = '"';
            must_not_parse_span(span_of(text, len + 2), "more text after the document");
        }
    }
}
END_TEST

START_TEST(limits_the_depth)
{
    must_parse("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "aaaaaaaaaaaaaaaaAAAAAAAAAAAAAAAA");
    must_not_parse("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "nested too deeply");
    must_not_parse("[[[[[[[[[[[[[[[{\"a\":{}}]]]]]]]]]]]]]]]", "nested too deeply");
}
END_TEST

START_TEST(returns_the_text_as_written)
{
    struct json_reader r;
    struct span in = guard_place(span_str("{\"k\\n\" : -1.50e3, \"b\":\"x\"}"));
    json_reader_init(&r, in.p, in.len);
    ck_assert_int_eq(json_next(&r), JSON_TOKEN_OBJECT_BEGIN);
    ck_assert_int_eq(json_next(&r), JSON_TOKEN_KEY);
    ck_assert(span_is(r.text, "k\\n") && r.escaped);
    ck_assert_int_eq(json_next(&r), JSON_TOKEN_NUMBER);
    ck_assert(span_is(r.text, "-1.50e3"));
    ck_assert_int_eq(json_next(&r), JSON_TOKEN_KEY);
    ck_assert(span_is(r.text, "b") && !r.escaped);
    ck_assert_int_eq(json_next(&r), JSON_TOKEN_STRING);
    ck_assert(span_is(r.text, "x"));
}
END_TEST

START_TEST(points_at_the_offending_byte)
{
    struct json_reader r;
    json_reader_init(&r, "{\"a\": tru}", 10);
    while (json_next(&r) != JSON_TOKEN_ERROR) {
    }
    ck_assert_int_eq(r.at - r.start, 6);
}
END_TEST

START_TEST(skips_values)
{
    struct span in = guard_place(span_str("[{\"a\":[1,{\"b\":2}]},7,[],8]"));
    struct json_reader r;
    json_reader_init(&r, in.p, in.len);
    ck_assert_int_eq(json_next(&r), JSON_TOKEN_ARRAY_BEGIN);
    ck_assert(json_skip(&r, json_next(&r)));
    enum json_token seven = json_next(&r);
    ck_assert(seven == JSON_TOKEN_NUMBER && json_skip(&r, seven));
    ck_assert(json_skip(&r, json_next(&r)));
    ck_assert_int_eq(json_next(&r), JSON_TOKEN_NUMBER);
    ck_assert(span_is(r.text, "8"));
    ck_assert_int_eq(json_next(&r), JSON_TOKEN_ARRAY_END);
    ck_assert_int_eq(json_next(&r), JSON_TOKEN_END);
}
END_TEST

START_TEST(skips_a_whole_document_but_not_an_error)
{
    struct json_reader r;
    json_reader_init(&r, "[1,2]", 5);
    ck_assert(json_skip(&r, json_next(&r)));
    ck_assert_int_eq(json_next(&r), JSON_TOKEN_END);
    json_reader_init(&r, "[1,]", 4);
    ck_assert(!json_skip(&r, json_next(&r)));
    json_reader_init(&r, "x", 1);
    ck_assert(!json_skip(&r, json_next(&r)));
}
END_TEST

static void must_unescape(const char *raw, const char *expected)
{
    char out[64];
    ck_assert_uint_le(strlen(raw), sizeof out);
    size_t len = json_unescape(guard_place(span_str(raw)), out);
    ck_assert_msg(span_is(span_of(out, len), expected), "%s", raw);
    ck_assert_uint_le(len, strlen(raw));
}

START_TEST(unescapes)
{
    must_unescape("", "");
    must_unescape("plain", "plain");
    must_unescape("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t");
    must_unescape("\\u0041\\u00e9\\u20AC", "A\xc3\xa9\xe2\x82\xac");
    must_unescape("\\ud83d\\ude00", "\xf0\x9f\x98\x80");
    must_unescape("\\udbff\\udfff", "\xf4\x8f\xbf\xbf");
    must_unescape("a\\u0001", "a\x01");
    must_unescape("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
}
END_TEST

UNIT_CASE(json)
{
    tcase_add_test(tc, accepts_every_kind_of_value);
    tcase_add_test(tc, accepts_numbers_of_the_grammar);
    tcase_add_test(tc, refuses_other_numbers);
    tcase_add_test(tc, refuses_broken_structure);
    tcase_add_test(tc, accepts_strings);
    tcase_add_test(tc, refuses_broken_strings);
    tcase_add_test(tc, sees_a_special_byte_at_every_place);
    tcase_add_test(tc, limits_the_depth);
    tcase_add_test(tc, returns_the_text_as_written);
    tcase_add_test(tc, points_at_the_offending_byte);
    tcase_add_test(tc, skips_values);
    tcase_add_test(tc, skips_a_whole_document_but_not_an_error);
    tcase_add_test(tc, unescapes);
}
