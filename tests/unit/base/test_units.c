/* Durations and sizes: one-line cases and round trips. */
#include "common/base/units.h"

#include "common/base/random.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

static void must_be_ms(const char *text, int64_t expected)
{
    int64_t ms;
    ck_assert_msg(duration_parse(guard_place(span_str(text)), &ms), "%s", text);
    ck_assert_int_eq(ms, expected);
}

static void must_be_bytes(const char *text, int64_t expected)
{
    int64_t bytes;
    ck_assert_msg(size_parse(guard_place(span_str(text)), &bytes), "%s", text);
    ck_assert_int_eq(bytes, expected);
}

START_TEST(parses_durations)
{
    must_be_ms("0", 0);
    must_be_ms("0s", 0);
    must_be_ms("500ms", 500);
    must_be_ms("10s", 10000);
    must_be_ms("5m", 300000);
    must_be_ms("1h30m", 5400000);
    must_be_ms("30d", 2592000000);
    must_be_ms("1d2h3m4s5ms", 93784005);
    must_be_ms("90s", 90000);
    must_be_ms("1m500ms", 60500);
}
END_TEST

START_TEST(refuses_other_durations)
{
    static const char *const bad[] = {
        "",
        "1",
        "s",
        "10",
        "-1s",
        "+1s",
        "1.5s",
        "1 s",
        " 1s",
        "1s ",
        "1S",
        "1sm",
        "30m1h",
        "1s1s",
        "1ms1s",
        "01s",
        "1us",
        "1w",
        "1y",
        "00",
        "1h30",
        "9223372036854775808ms",
        "106751991168d",
        "99999999999999999999d",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms;
        ck_assert_msg(!duration_parse(guard_place(span_str(bad[i])), &ms), "%s", bad[i]);
    }
}
END_TEST

START_TEST(parses_sizes)
{
    must_be_bytes("0", 0);
    must_be_bytes("1024", 1024);
    must_be_bytes("10B", 10);
    must_be_bytes("64KiB", 65536);
    must_be_bytes("1MiB", 1048576);
    must_be_bytes("2GiB", INT64_C(2147483648));
    must_be_bytes("1kB", 1000);
    must_be_bytes("1MB", 1000000);
    must_be_bytes("1GB", 1000000000);
}
END_TEST

START_TEST(refuses_other_sizes)
{
    static const char *const bad[] = {"",
                                      "B",
                                      "-1",
                                      "+1",
                                      "1.5MiB",
                                      "1 MiB",
                                      "1mb",
                                      "1KB",
                                      "1kib",
                                      "1M",
                                      "01",
                                      "1KiB1B",
                                      "9223372036854775807KiB",
                                      "0x10",
                                      "1MiB "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t bytes;
        ck_assert_msg(!size_parse(guard_place(span_str(bad[i])), &bytes), "%s", bad[i]);
    }
}
END_TEST

START_TEST(formats)
{
    char text[UNITS_TEXT_MAX];
    ck_assert_uint_eq(duration_format(90000, text), 5);
    ck_assert_str_eq(text, "1m30s");
    duration_format(0, text);
    ck_assert_str_eq(text, "0s");
    duration_format(-1500, text);
    ck_assert_str_eq(text, "-1s500ms");
    ck_assert_uint_eq(size_format(65536, text), 5);
    ck_assert_str_eq(text, "64KiB");
    size_format(1000, text);
    ck_assert_str_eq(text, "1000B");
    size_format(0, text);
    ck_assert_str_eq(text, "0B");
}
END_TEST

START_TEST(reads_back_what_it_writes)
{
    struct rng rng;
    rng_seed(&rng, 1);
    for (int i = 0; i < 100000; i++) {
        int64_t value = (int64_t)(rng_u64(&rng) >> (1 + rng_below(&rng, 63))), back;
        char text[UNITS_TEXT_MAX];
        size_t len = duration_format(value, text);
        if (!duration_parse(span_of(text, len), &back) || back != value) {
            ck_abort_msg("%lld ms: %s", (long long)value, text);
        }
        len = size_format(value, text);
        if (!size_parse(span_of(text, len), &back) || back != value) {
            ck_abort_msg("%lld bytes: %s", (long long)value, text);
        }
    }
    char text[UNITS_TEXT_MAX];
    int64_t back;
    ck_assert(duration_parse(span_of(text, duration_format(INT64_MAX, text)), &back));
    ck_assert_int_eq(back, INT64_MAX);
}
END_TEST

UNIT_CASE(units)
{
    tcase_add_test(tc, parses_durations);
    tcase_add_test(tc, refuses_other_durations);
    tcase_add_test(tc, parses_sizes);
    tcase_add_test(tc, refuses_other_sizes);
    tcase_add_test(tc, formats);
    tcase_add_test(tc, reads_back_what_it_writes);
}
