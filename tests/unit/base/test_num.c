/* Numbers: the strict grammars, and correct rounding against strtod. */
#include "common/base/num.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/random.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

static void must_be_i64(const char *text, int64_t expected)
{
    int64_t got;
    ck_assert_msg(num_parse_i64(guard_place(span_str(text)), INT64_MIN, INT64_MAX, &got), "%s",
                  text);
    ck_assert_int_eq(got, expected);
}

static void must_not_be_i64(const char *text)
{
    int64_t got;
    ck_assert_msg(!num_parse_i64(guard_place(span_str(text)), INT64_MIN, INT64_MAX, &got), "%s",
                  text);
}

START_TEST(parses_integers)
{
    must_be_i64("0", 0);
    must_be_i64("7", 7);
    must_be_i64("-7", -7);
    must_be_i64("-0", 0);
    must_be_i64("9223372036854775807", INT64_MAX);
    must_be_i64("-9223372036854775808", INT64_MIN);
    must_not_be_i64("");
    must_not_be_i64("-");
    must_not_be_i64("+1");
    must_not_be_i64(" 1");
    must_not_be_i64("1 ");
    must_not_be_i64("01");
    must_not_be_i64("-01");
    must_not_be_i64("1.0");
    must_not_be_i64("1e3");
    must_not_be_i64("0x1");
    must_not_be_i64("9223372036854775808");
    must_not_be_i64("-9223372036854775809");
    must_not_be_i64("99999999999999999999");
}
END_TEST

START_TEST(keeps_integers_within_their_limits)
{
    int64_t got = 42;
    ck_assert(num_parse_i64(span_str("5"), 5, 10, &got) && got == 5);
    ck_assert(num_parse_i64(span_str("10"), 5, 10, &got) && got == 10);
    ck_assert(!num_parse_i64(span_str("4"), 5, 10, &got));
    ck_assert(!num_parse_i64(span_str("11"), 5, 10, &got));
    ck_assert_int_eq(got, 10);
}
END_TEST

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void must_be_double(const char *text, double expected)
{
    double got;
    ck_assert_msg(num_parse_json(guard_place(span_str(text)), &got), "%s", text);
    ck_assert_msg(same_bits(got, expected), "%s: %a, not %a", text, got, expected);
}

static void must_not_be_double(const char *text)
{
    double got;
    ck_assert_msg(!num_parse_json(guard_place(span_str(text)), &got), "%s", text);
}

START_TEST(parses_json_numbers)
{
    must_be_double("0", 0.0);
    must_be_double("-0", -0.0);
    must_be_double("-0.0e5", -0.0);
    must_be_double("21.5", 21.5);
    must_be_double("1e22", 1e22);
    must_be_double("1e23", 1e23);
    must_be_double("0.1", 0.1);
    must_be_double("9007199254740993", 9007199254740992.0);
    must_be_double("9007199254740993.00000000000000000000000000001", 9007199254740994.0);
    must_be_double("1.7976931348623157e308", 0x1.fffffffffffffp1023);
    must_be_double("1e308", 1e308);
    must_be_double("1e400", INFINITY);
    must_be_double("-1e400", -INFINITY);
    must_be_double("1e-400", 0.0);
    must_be_double("5e-324", 0x1p-1074);
    must_be_double("2.4703282292062327e-324", 0.0);
    must_be_double("2.4703282292062328e-324", 0x1p-1074);
    must_be_double("1e99999999999999999999", INFINITY);
    must_be_double("1e-99999999999999999999", 0.0);
    must_be_double("0e99999999999999999999", 0.0);
    must_be_double("0.5", 0.5);
    must_not_be_double("");
    must_not_be_double("-");
    must_not_be_double("+1");
    must_not_be_double(".5");
    must_not_be_double("5.");
    must_not_be_double("01");
    must_not_be_double("1e");
    must_not_be_double("1e+");
    must_not_be_double("1e5 ");
    must_not_be_double(" 1");
    must_not_be_double("1,5");
    must_not_be_double("nan");
    must_not_be_double("inf");
    must_not_be_double("0x1p3");
    must_not_be_double("1.5.5");
}
END_TEST

static size_t scan(struct span text)
{
    struct num_decimal unused;
    return num_scan_json(text, &unused);
}

/* Whatever follows it. */
START_TEST(a_scanned_number_has_its_value)
{
    struct num_decimal d;
    ck_assert_uint_eq(num_scan_json(guard_place(span_str("-12.5e3,7")), &d), 7);
    ck_assert(num_decimal_value(&d) == -12500.0);
    ck_assert_uint_eq(num_scan_json(guard_place(span_str("0}")), &d), 1);
    ck_assert(num_decimal_value(&d) == 0.0);
    ck_assert_uint_eq(num_scan_json(guard_place(span_str("1795255200123]")), &d), 13);
    ck_assert(num_decimal_value(&d) == 1795255200123.0);
    ck_assert_uint_eq(num_scan_json(guard_place(span_str("1e999 ")), &d), 5);
    ck_assert(isinf(num_decimal_value(&d)));
}
END_TEST

START_TEST(finds_the_end_of_a_number)
{
    ck_assert_uint_eq(scan(guard_place(span_str("12.5e3,"))), 6);
    ck_assert_uint_eq(scan(guard_place(span_str("-0]"))), 2);
    ck_assert_uint_eq(scan(guard_place(span_str("01"))), 1);
    ck_assert_uint_eq(scan(guard_place(span_str("1.x"))), 0);
    ck_assert_uint_eq(scan(guard_place(span_str("x"))), 0);
    ck_assert_uint_eq(scan(span_of(NULL, 0)), 0);
}
END_TEST

/* The tests run in the C locale, where strtod is the oracle. */
static void compare_with_strtod(struct buf *text)
{
    double expected = strtod(buf_cstr(text), NULL), got = NAN;
    if (!num_parse_json(guard_place(buf_view(text)), &got) || !same_bits(got, expected)) {
        ck_abort_msg("%s: %a, not %a", text->data, got, expected);
    }
}

static void append_digits(struct rng *r, struct buf *out, uint32_t count)
{
    while (count-- > 0) {
        buf_char(out, (char)('0' + rng_below(r, 10)));
    }
}

static void generate(struct rng *r, struct buf *out, uint32_t digits_max, int exponent_max)
{
    if (rng_below(r, 2)) {
        buf_char(out, '-');
    }
    if (rng_below(r, 3) == 0) {
        buf_char(out, '0');
    } else {
        buf_char(out, (char)('1' + rng_below(r, 9)));
        append_digits(r, out, rng_below(r, digits_max));
    }
    if (rng_below(r, 2)) {
        buf_char(out, '.');
        append_digits(r, out, 1 + rng_below(r, digits_max));
    }
    if (rng_below(r, 2)) {
        int exponent = (int)rng_below(r, (uint32_t)exponent_max * 2 + 1) - exponent_max;
        buf_printf(out, rng_below(r, 2) ? "e%d" : "E%+d", exponent);
    }
}

START_TEST(agrees_with_strtod_on_a_million_texts)
{
    struct rng rng;
    rng_seed(&rng, 1);
    struct buf text = {0};
    for (int i = 0; i < 1000000; i++) {
        buf_clear(&text);
        generate(&rng, &text, 1 + rng_below(&rng, 14), rng_below(&rng, 2) ? 25 : 340);
        compare_with_strtod(&text);
    }
    buf_deinit(&text);
}
END_TEST

START_TEST(agrees_with_strtod_on_long_texts)
{
    struct rng rng;
    rng_seed(&rng, 2);
    struct buf text = {0};
    for (int i = 0; i < 2000; i++) {
        buf_clear(&text);
        generate(&rng, &text, 2000, 2500);
        compare_with_strtod(&text);
    }
    buf_deinit(&text);
}
END_TEST

/* Half-way between two doubles, exactly, a little above and a little below: the last digit of a
 * long text decides the rounding. */
START_TEST(rounds_half_way_cases)
{
    struct rng rng;
    rng_seed(&rng, 3);
    struct buf text = {0};
    for (int i = 0; i < 3000; i++) {
        double low = ldexp(1 + rng_unit(&rng), (int)rng_below(&rng, 2000) - 1000);
        long double middle = ((long double)low + (long double)nextafter(low, INFINITY)) / 2;
        buf_clear(&text);
        buf_printf(&text, "%.1100Lf", middle);
        compare_with_strtod(&text);
        append_digits(&rng, &text, 1);
        buf_str(&text, "000000001");
        compare_with_strtod(&text);
    }
    buf_deinit(&text);
}
END_TEST

START_TEST(counts_exponents_and_zeros_exactly)
{
    struct buf text = {0};
    for (int zeros = 0; zeros < 3000; zeros += 7) {
        buf_clear(&text);
        buf_str(&text, "0.");
        for (int i = 0; i < zeros; i++) {
            buf_char(&text, '0');
        }
        buf_printf(&text, "123e%d", zeros + 5);
        compare_with_strtod(&text); /* 12300 */
        buf_clear(&text);
        buf_char(&text, '7');
        for (int i = 0; i < zeros; i++) {
            buf_char(&text, '0');
        }
        buf_printf(&text, "e-%d", zeros + 1);
        compare_with_strtod(&text); /* 0.7 */
    }
    buf_deinit(&text);
}
END_TEST

static void must_format(double v, const char *expected)
{
    char text[NUM_TEXT_MAX];
    size_t len = num_format(v, text);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(len, strlen(expected));
}

START_TEST(formats_doubles)
{
    must_format(0, "0");
    must_format(-0.0, "-0");
    must_format(1, "1");
    must_format(-17, "-17");
    must_format(9007199254740992.0, "9007199254740992");
    must_format(21.5, "21.5");
    must_format(-0.05, "-0.05");
    must_format(0.1, "0.1");
    must_format(0.1 + 0.2, "0.30000000000000004");
    must_format(1e-7, "1e-07");
    must_format(1e300, "1e+300");
    must_format(1.0 / 3, "0.3333333333333333");
    must_format(123456.789, "123456.789");
    must_format(0x1p-1074, "4.94065645841247e-324");
    must_format(-0x1.fffffffffffffp1023, "-1.7976931348623157e+308");
}
END_TEST

/* What the header promises, said the slow way. */
static void format_oracle(double v, char *out)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, NUM_TEXT_MAX, "%.*g", digits, v);
        if (strtod(out, NULL) == v) {
            return;
        }
    }
}

static void format_like_the_oracle(double v)
{
    char expected[NUM_TEXT_MAX], got[NUM_TEXT_MAX];
    bool plain_integer = v == rint(v) && fabs(v) <= 0x1p53;
    if (!isfinite(v) || plain_integer) {
        return;
    }
    format_oracle(v, expected);
    num_format(v, got);
    if (strcmp(got, expected) != 0) {
        ck_abort_msg("%s, not %s", got, expected);
    }
}

START_TEST(formats_as_the_shortest_that_reads_back)
{
    struct rng rng;
    rng_seed(&rng, 4);
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = rng_u64(&rng);
        double any;
        memcpy(&any, &bits, sizeof any);
        format_like_the_oracle(any);
        double scale = pow(10, (int)rng_below(&rng, 9));
        format_like_the_oracle(rint((rng_unit(&rng) - 0.5) * 1e9) / scale); /* few decimals */
        format_like_the_oracle((rng_unit(&rng) - 0.5) * scale);
    }
}
END_TEST

START_TEST(formats_integers)
{
    char text[NUM_TEXT_MAX];
    ck_assert_uint_eq(num_format_i64(INT64_MIN, text), 20);
    ck_assert_str_eq(text, "-9223372036854775808");
    ck_assert_uint_eq(num_format_i64(INT64_MAX, text), 19);
    ck_assert_str_eq(text, "9223372036854775807");
    ck_assert_uint_eq(num_format_i64(0, text), 1);
    ck_assert_str_eq(text, "0");
}
END_TEST

/* A machine may have none of these; the C locale is then all that there is to get wrong. */
START_TEST(ignores_the_locale)
{
    static const char *const with_comma[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
    for (size_t i = 0; i < 4 && !setlocale(LC_ALL, with_comma[i]); i++) {
    }
    must_be_double("1234567890123456789012.5", 1234567890123456789012.5);
    must_format(1.0 / 3, "0.3333333333333333");
    setlocale(LC_ALL, "C");
}
END_TEST

UNIT_CASE(num)
{
    tcase_add_test(tc, parses_integers);
    tcase_add_test(tc, keeps_integers_within_their_limits);
    tcase_add_test(tc, parses_json_numbers);
    tcase_add_test(tc, a_scanned_number_has_its_value);
    tcase_add_test(tc, finds_the_end_of_a_number);
    tcase_add_test(tc, agrees_with_strtod_on_a_million_texts);
    tcase_add_test(tc, agrees_with_strtod_on_long_texts);
    tcase_add_test(tc, rounds_half_way_cases);
    tcase_add_test(tc, counts_exponents_and_zeros_exactly);
    tcase_add_test(tc, formats_doubles);
    tcase_add_test(tc, formats_as_the_shortest_that_reads_back);
    tcase_add_test(tc, formats_integers);
    tcase_add_test(tc, ignores_the_locale);
}
