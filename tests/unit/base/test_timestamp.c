/* Time stamps: RFC 3339 cases, and every day of ten thousand years against the C library. */
#include "common/base/timestamp.h"

#include <time.h>

#include "common/base/random.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

static void must_parse(const char *text, int64_t expected)
{
    int64_t ms;
    ck_assert_msg(timestamp_parse(guard_place(span_str(text)), &ms), "%s", text);
    ck_assert_msg(ms == expected, "%s: %lld, not %lld", text, (long long)ms, (long long)expected);
}

static void must_not_parse(const char *text)
{
    int64_t ms;
    ck_assert_msg(!timestamp_parse(guard_place(span_str(text)), &ms), "%s", text);
}

START_TEST(parses_times)
{
    must_parse("1970-01-01T00:00:00Z", 0);
    must_parse("2026-11-21T10:00:00.123Z", 1795255200123);
    must_parse("2026-11-21t10:00:00.123z", 1795255200123);
    must_parse("2026-11-21 10:00:00.123", 1795255200123);
    must_parse("2026-11-21T10:00:00", 1795255200000);
    must_parse("2026-11-21T12:00:00+02:00", 1795255200000);
    must_parse("2026-11-21T04:30:00-05:30", 1795255200000);
    must_parse("2026-11-21T10:00:00-00:00", 1795255200000);
    must_parse("2026-11-21T10:00:00.1Z", 1795255200100);
    must_parse("2026-11-21T10:00:00.1239999999999999999999Z", 1795255200123);
    must_parse("1969-12-31T23:59:59.999Z", -1);
    must_parse("0000-01-01T00:00:00Z", TIMESTAMP_MIN_MS);
    must_parse("9999-12-31T23:59:59.999Z", TIMESTAMP_MAX_MS);
    must_parse("2024-02-29T00:00:00Z", 1709164800000);
    must_parse("2000-02-29T00:00:00Z", 951782400000);
}
END_TEST

START_TEST(parses_leap_seconds)
{
    must_parse("2016-12-31T23:59:60Z", 1483228799999);
    must_parse("2016-12-31T23:59:60.5Z", 1483228799999);
    must_parse("2017-01-01T00:59:60+01:00", 1483228799999);
    must_parse("2016-12-31T18:29:60-05:30", 1483228799999);
    must_parse("1969-12-31T23:59:60Z", -1);
    must_not_parse("2016-12-31T23:58:60Z");
    must_not_parse("2016-12-31T12:59:60Z");
    must_not_parse("2016-12-31T23:59:60+01:00");
    must_not_parse("2016-12-31T23:59:61Z");
}
END_TEST

START_TEST(refuses_other_texts)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-21",
        "2026-11-21T10:00",
        "2026-11-21T10:00Z",
        "20261121T100000Z",
        "2026-11-21T10:00:00.",
        "2026-11-21T10:00:00.Z",
        "2026-11-21T10:00:00,5Z",
        "2026-11-21T10:00:00ZZ",
        "2026-11-21T10:00:00 Z",
        "2026-11-21T10:00:00+0200",
        "2026-11-21T10:00:00+02",
        "2026-11-21T10:00:00+2:00",
        "2026-11-21T10:00:00+24:00",
        "2026-11-21T10:00:00+02:60",
        "2026-11-21T10:00:00+02:00Z",
        "2026-11-21_10:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T10:60:00Z",
        "2026-11-21T10:00:61Z",
        "-026-11-21T10:00:00Z",
        "+2026-11-21T10:00:00Z",
        " 2026-11-21T10:00:00Z",
        "2026-11-21T10:00:00Z ",
        "2026/11/21T10:00:00Z",
        "2026-11-21T1a:00:00Z",
        "12026-11-21T10:00:00Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        must_not_parse(bad[i]);
    }
}
END_TEST

static void must_format(int64_t ms, const char *expected)
{
    char text[TIMESTAMP_TEXT_MAX];
    ck_assert_uint_eq(timestamp_format(ms, text), strlen(expected));
    ck_assert_str_eq(text, expected);
}

START_TEST(formats_times)
{
    must_format(0, "1970-01-01T00:00:00.000Z");
    must_format(-1, "1969-12-31T23:59:59.999Z");
    must_format(1795255200123, "2026-11-21T10:00:00.123Z");
    must_format(TIMESTAMP_MIN_MS, "0000-01-01T00:00:00.000Z");
    must_format(TIMESTAMP_MAX_MS, "9999-12-31T23:59:59.999Z");
    must_format(INT64_MIN, "0000-01-01T00:00:00.000Z"); /* beyond the range: its border */
    must_format(INT64_MAX, "9999-12-31T23:59:59.999Z");
}
END_TEST

static void put_number(char *out, int value, int width)
{
    for (int i = width - 1; i >= 0; i--, value /= 10) {
        out[i] = (char)('0' + value % 10);
    }
}

/* The oracle's text: gmtime_r, and digits in place. */
static void oracle_text(int64_t ms, char out[TIMESTAMP_TEXT_MAX])
{
    int64_t second = ms / 1000 - (ms % 1000 < 0);
    time_t t = (time_t)second;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || timegm(&tm) != t) {
        ck_abort_msg("the oracle fails at %lld", (long long)ms);
    }
    memcpy(out, "0000-00-00T00:00:00.000Z", 25);
    put_number(out, tm.tm_year + 1900, 4);
    put_number(out + 5, tm.tm_mon + 1, 2);
    put_number(out + 8, tm.tm_mday, 2);
    put_number(out + 11, tm.tm_hour, 2);
    put_number(out + 14, tm.tm_min, 2);
    put_number(out + 17, tm.tm_sec, 2);
    put_number(out + 20, (int)(ms - second * 1000), 3);
}

START_TEST(agrees_with_the_c_library_on_every_day)
{
    struct rng rng;
    rng_seed(&rng, 1);
    for (int64_t day = TIMESTAMP_MIN_MS; day < TIMESTAMP_MAX_MS; day += 86400000) {
        int64_t ms = day + rng_below(&rng, 86400000), back;
        char expected[TIMESTAMP_TEXT_MAX], text[TIMESTAMP_TEXT_MAX];
        oracle_text(ms, expected);
        size_t len = timestamp_format(ms, text);
        if (strcmp(text, expected) != 0 || !timestamp_parse(span_of(text, len), &back) ||
            back != ms) {
            ck_abort_msg("%lld: %s, not %s", (long long)ms, text, expected);
        }
    }
}
END_TEST

UNIT_CASE(timestamp)
{
    tcase_add_test(tc, parses_times);
    tcase_add_test(tc, parses_leap_seconds);
    tcase_add_test(tc, refuses_other_texts);
    tcase_add_test(tc, formats_times);
    tcase_add_test(tc, agrees_with_the_c_library_on_every_day);
}
