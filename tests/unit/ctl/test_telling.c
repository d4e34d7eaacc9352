/* What commands read and print: times, differences, how far they are. */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "tests/unit/unit.h"
#include "tools/ctl/findings.h"
#include "tools/ctl/when.h"

#define NOW_MS INT64_C(1763719200000)

static void must_be(int64_t expected, const char *text)
{
    int64_t ms = -1;
    struct err e = {0};
    ck_assert_msg(when_parse("from", text, NOW_MS, &ms, &e) == 0, "%s", e.message);
    ck_assert_int_eq(ms, expected);
}

static void must_be_refused(const char *text)
{
    int64_t ms;
    struct err e = {0};
    ck_assert_int_eq(when_parse("from", text, NOW_MS, &ms, &e), ERR_INVALID);
    ck_assert_msg(strstr(e.message, "--from: \""), "%s", e.message);
}

START_TEST(times_are_moments_or_before_now)
{
    must_be(NOW_MS, "2025-11-21T10:00:00Z");
    must_be(NOW_MS, "1763719200000");
    must_be(NOW_MS - 900000, "-15m");
    must_be(NOW_MS - 90000000, "-1d1h");
    must_be(0, "0");
    must_be_refused("");
    must_be_refused("15m");
    must_be_refused("-15");
    must_be_refused("yesterday");
    must_be_refused("2025-02-30T10:00:00Z");
}
END_TEST

static char *told(bool json, const struct finding *f, struct findings *findings)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    *findings = (struct findings){.out = out, .json = json};
    findings_add(findings, f);
    (void)fclose(out);
    return text;
}

START_TEST(what_cannot_be_checked_is_no_difference)
{
    static const struct unchecked u = {"telemetry.raw/3", "stored", 100, 40, "they \"expired\""};
    for (int json = 0; json < 2; json++) {
        char *text;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        struct findings findings = {.out = out, .json = json};
        findings_unchecked(&findings, &u);
        (void)fclose(out);
        ck_assert_str_eq(text, json ? "{\"what\":\"unchecked\",\"where\":\"telemetry.raw/3\","
                                      "\"field\":\"stored\",\"of\":100,\"count\":40,"
                                      "\"why\":\"they \\\"expired\\\"\"}\n"
                                    : "unchecked telemetry.raw/3: stored: 40 of 100: they "
                                      "\"expired\"\n");
        ck_assert(findings.unchecked == 1 && findings.left == 0);
        free(text);
    }
}
END_TEST

START_TEST(a_difference_is_a_line)
{
    struct finding f = {"window", "dev-\"1\"", "count", "3", "4", FINDING_LEFT};
    struct findings findings;
    char *text = told(false, &f, &findings);
    ck_assert_str_eq(text, "window dev-\"1\": count: stored 3, expected 4\n");
    ck_assert(findings.left == 1 && findings.repaired == 0);
    free(text);
    f.fate = FINDING_REPAIRED;
    text = told(false, &f, &findings);
    ck_assert_str_eq(text, "window dev-\"1\": count: stored 3, expected 4 (repaired)\n");
    ck_assert(findings.left == 0 && findings.repaired == 1);
    free(text);
    text = told(true, &f, &findings);
    ck_assert_str_eq(text, "{\"what\":\"window\",\"where\":\"dev-\\\"1\\\"\",\"field\":\"count\","
                           "\"stored\":\"3\",\"expected\":\"4\",\"repaired\":true}\n");
    free(text);
}
END_TEST

START_TEST(a_bar_moves_and_goes_away)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    struct progress p = {.out = out, .what = "readings", .total = 200, .bar = true};
    progress_tick(&p, 0, 1000);
    progress_tick(&p, 50, 1100); /* too early */
    progress_clear(&p);          /* nothing stands there */
    (void)fflush(out);
    ck_assert_uint_eq(len, 0);
    progress_tick(&p, 100, 1300);
    progress_clear(&p);
    (void)fclose(out);
    ck_assert_str_eq(text, "\r[####################                    ]  50 % of 200 readings"
                           "\r\033[K");
    free(text);
}
END_TEST

START_TEST(without_a_terminal_there_are_plain_lines)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    struct progress p = {.out = out, .what = "readings", .total = 200};
    for (uint64_t ms = 0; ms <= 20001; ms += 10)
        progress_tick(&p, ms / 100, 1 + ms);
    progress_clear(&p);
    (void)fclose(out);
    ck_assert_str_eq(text, "100 readings (50 %)\n200 readings (100 %)\n");
    free(text);
}
END_TEST

UNIT_CASE(telling)
{
    tcase_add_test(tc, times_are_moments_or_before_now);
    tcase_add_test(tc, what_cannot_be_checked_is_no_difference);
    tcase_add_test(tc, a_difference_is_a_line);
    tcase_add_test(tc, a_bar_moves_and_goes_away);
    tcase_add_test(tc, without_a_terminal_there_are_plain_lines);
}
