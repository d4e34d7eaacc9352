/* Spans, buffers, UTF-8 and error messages: everything that holds text. */
#include <math.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/random.h"
#include "common/base/utf8.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

START_TEST(compares_spans)
{
    ck_assert(span_eq(span_of(NULL, 0), span_str("")));
    ck_assert(span_is(span_of("abc", 2), "ab"));
    ck_assert(!span_is(span_of("abc", 3), "ab"));
    ck_assert(span_ieq(span_str("Content-LENGTH"), span_str("content-length")));
    ck_assert(!span_ieq(span_str("a"), span_str("ab")));
    ck_assert(!span_ieq(span_str("@"), span_str("`"))); /* 0x20 apart, but no letters */
    ck_assert(!span_ieq(span_str("["), span_str("{")));
    ck_assert(span_ieq(span_str("Az\xc3"), span_str("aZ\xc3")));
}
END_TEST

/* Each pair of bytes at each place of texts that are compared by words, with letters around it. */
START_TEST(compares_every_byte_without_regard_to_case)
{
    for (unsigned len = 1; len <= 17; len++)
        for (unsigned pair = 0; pair < 65536; pair += len % 2 ? 1 : 7) {
            char left[17], right[17];
            unsigned at = pair % len, a = pair >> 8, b = pair & 255;
            unsigned low_a = a >= 'A' && a <= 'Z' ? a + 32 : a;
            unsigned low_b = b >= 'A' && b <= 'Z' ? b + 32 : b;
            memset(left, 'Q', sizeof left);
            memset(right, 'q', sizeof right);
            left[at] = (char)a;
            right[at] = (char)b;
            struct span placed = guard_place(span_of(left, len));
            ck_assert_msg(span_ieq(placed, span_of(right, len)) == (low_a == low_b),
                          "%u and %u at %u of %u", a, b, at, len);
        }
}
END_TEST

START_TEST(spans_are_copied_as_far_as_there_is_room)
{
    char text[4] = "???";
    span_copy(span_str("ab"), text, sizeof text);
    ck_assert_str_eq(text, "ab");
    span_copy(span_str("abcd"), text, sizeof text);
    ck_assert_str_eq(text, "abc");
    span_copy(span_of(NULL, 0), text, sizeof text);
    ck_assert_str_eq(text, "");
    span_copy(span_str("a"), text, 1);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(builds_text)
{
    struct buf b = {0};
    ck_assert_str_eq(buf_cstr(&b), "");
    buf_str(&b, "abc");
    buf_char(&b, '-');
    buf_append(&b, "xyz", 2);
    buf_span(&b, span_of(NULL, 0));
    buf_printf(&b, " %d %s", 42, "q");
    ck_assert_str_eq(buf_cstr(&b), "abc-xy 42 q");
    ck_assert_uint_eq(b.len, 11);
    buf_consume(&b, 4);
    ck_assert_str_eq(buf_cstr(&b), "xy 42 q");
    buf_consume(&b, b.len);
    ck_assert_uint_eq(b.len, 0);
    buf_deinit(&b);
    buf_deinit(&b);
}
END_TEST

START_TEST(grows)
{
    struct buf b = {0};
    for (int i = 0; i < 1000; i++) {
        buf_printf(&b, "%0*d", 1 + i % 200, i);
        char *room = buf_reserve(&b, 100);
        memset(room, 'x', 100);
        buf_commit(&b, 50);
    }
    ck_assert_uint_ge(b.cap, b.len);
    ck_assert_int_eq(b.data[b.len - 1], 'x');
    buf_clear(&b);
    ck_assert_uint_eq(b.len, 0);
    buf_deinit(&b);
}
END_TEST

START_TEST(writes_json)
{
    struct buf b = {0};
    buf_json_string(&b, span_str("a\"b\\c\n\t\r\b\f\x01\x1f\x7f\xc3\xa9"));
    buf_json_string(&b, span_of(NULL, 0));
    ck_assert_str_eq(buf_cstr(&b), "\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0001\\u001f\x7f\xc3\xa9\"\"\"");
    buf_clear(&b);
    buf_json_double(&b, 21.5);
    buf_char(&b, ',');
    buf_json_double(&b, NAN);
    buf_char(&b, ',');
    buf_json_double(&b, -INFINITY);
    buf_char(&b, ',');
    buf_json_i64(&b, INT64_MIN);
    ck_assert_str_eq(buf_cstr(&b), "21.5,null,null,-9223372036854775808");
    buf_deinit(&b);
}
END_TEST

/* Each byte at each place of texts that are looked through by words. */
START_TEST(escapes_every_byte_that_needs_it)
{
    struct buf got = {0}, expected = {0};
    for (unsigned len = 1; len <= 18; len++)
        for (unsigned c = 0; c < 256; c++)
            for (unsigned at = 0; at < len; at++) {
                char text[18];
                bool special = c < 0x20 || c == '"' || c == '\\';
                memset(text, 'x', sizeof text);
                text[at] = (char)c;
                struct span placed = guard_place(span_of(text, len));
                buf_clear(&got);
                buf_clear(&expected);
                buf_json_string(&got, placed);
                buf_printf(&expected, "\"%.*s", (int)at, text);
                size_t before = expected.len;
                buf_append(&expected, text + at, special ? 0 : len - at);
                ck_assert_uint_ge(got.len, expected.len);
                ck_assert(memcmp(got.data, expected.data, expected.len) == 0);
                ck_assert_int_eq(got.data[before] == '\\', special);
                ck_assert_uint_eq(got.len > len + 2, special);
            }
    buf_deinit(&got);
    buf_deinit(&expected);
}
END_TEST

static bool valid(const char *text)
{
    return utf8_valid(guard_place(span_str(text)));
}

START_TEST(knows_utf8)
{
    ck_assert(utf8_valid(span_of(NULL, 0)));
    ck_assert(valid("plain ASCII of more than eight bytes"));
    ck_assert(valid("\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf"));
    ck_assert(valid("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"));
    ck_assert(utf8_valid(span_of("a\0b", 3)));
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2x",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe2\x82",
        "\xe2\x82x",
        "\xe2x\x82",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x9f\x98",
        "\xf0\x9f\x98x",
        "\xff",
        "\xfe",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!valid(bad[i]), "case %zu", i);
    }
}
END_TEST

static size_t encode(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint32_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[len] | c >> (6 * (len - 1)));
    for (size_t i = 1; i < len; i++) {
        out[i] = (char)(0x80 | (c >> (6 * (len - 1 - i)) & 0x3f));
    }
    return len;
}

START_TEST(accepts_exactly_the_scalar_values)
{
    for (uint32_t c = 0; c < 0x120000; c++) {
        char text[4];
        size_t len = encode(c, text);
        bool scalar = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
        if (utf8_valid(guard_place(span_of(text, len))) != scalar) {
            ck_abort_msg("U+%X", c);
        }
    }
}
END_TEST

START_TEST(cuts_at_a_character)
{
    struct span text = span_str("ab\xc3\xa9\xe2\x82\xac"); /* 2 + 2 + 3 bytes */
    static const size_t expected[] = {0, 1, 2, 2, 4, 4, 4, 7, 7};
    for (size_t max = 0; max < sizeof expected / sizeof expected[0]; max++) {
        ck_assert_uint_eq(utf8_cut(text, max), expected[max]);
    }
    ck_assert_uint_eq(utf8_cut(span_str("ab\xff"
                                        "cd"),
                               5),
                      2);
}
END_TEST

START_TEST(keeps_the_first_error)
{
    struct err e = {0};
    ck_assert_int_eq(err_set(&e, ERR_TIMEOUT, "broker %d", 3), ERR_TIMEOUT);
    ck_assert_int_eq(err_set(&e, ERR_IO, "second"), ERR_IO);
    ck_assert_int_eq(e.code, ERR_TIMEOUT);
    ck_assert_str_eq(e.message, "broker 3");
    ck_assert_int_eq(err_set(NULL, ERR_FULL, "nowhere"), ERR_FULL);
    err_clear(&e);
    err_set(&e, ERR_IO, "third");
    ck_assert_str_eq(e.message, "third");
}
END_TEST

START_TEST(keeps_messages_clean)
{
    struct err e = {0};
    err_set(&e, ERR_IO, "%s", "a\nb\tc\xff\xc3\xa9");
    ck_assert_str_eq(e.message, "a b c?\xc3\xa9");
    err_clear(&e);
    struct buf b = {0};
    buf_char(&b, 'x');
    for (int i = 0; i < 600; i++) {
        buf_str(&b, "\xc3\xa9");
    }
    err_set(&e, ERR_IO, "%s", buf_cstr(&b));
    ck_assert_uint_eq(strlen(e.message), ERR_MESSAGE_MAX - 1); /* 1 + 127 * 2 */
    ck_assert(utf8_valid(span_str(e.message)));
    buf_deinit(&b);
}
END_TEST

START_TEST(names_errors)
{
    ck_assert_str_eq(err_name(ERR_OK), "ok");
    ck_assert_str_eq(err_name(ERR_INVALID), "invalid");
    ck_assert_str_eq(err_name(ERR_CONFLICT), "conflict");
    ck_assert_str_eq(err_name(ERR_UNAVAILABLE), "unavailable");
    ck_assert_str_eq(err_name(ERR_FATAL), "fatal");
    ck_assert_str_eq(err_name(ERR_FAILED), "failed");
    ck_assert_str_eq(err_name(1), "unknown");
    ck_assert_str_eq(err_name(-14), "unknown");
}
END_TEST

UNIT_CASE(text)
{
    tcase_add_test(tc, spans_are_copied_as_far_as_there_is_room);
    tcase_add_test(tc, compares_spans);
    tcase_add_test(tc, compares_every_byte_without_regard_to_case);
    tcase_add_test(tc, builds_text);
    tcase_add_test(tc, grows);
    tcase_add_test(tc, writes_json);
    tcase_add_test(tc, escapes_every_byte_that_needs_it);
    tcase_add_test(tc, knows_utf8);
    tcase_add_test(tc, accepts_exactly_the_scalar_values);
    tcase_add_test(tc, cuts_at_a_character);
    tcase_add_test(tc, keeps_the_first_error);
    tcase_add_test(tc, keeps_messages_clean);
    tcase_add_test(tc, names_errors);
}
