/* Query parameters: what is taken, and how the rest is refused. */
#include "dashboard/query.h"
#include "tests/unit/unit.h"

static int64_t limit_of(const char *raw, unsigned *problems)
{
    struct query q = {.raw = span_str(raw)};
    int64_t n = query_int(&q, "limit", 100, 1, 1000);
    *problems = q.problems;
    return n;
}

static void must_take(const char *raw, int64_t expected)
{
    unsigned problems;
    int64_t n = limit_of(raw, &problems);
    ck_assert_msg(problems == 0 && n == expected, "%s: %lld", raw, (long long)n);
}

static void must_refuse(const char *raw, const char *type, const char *message, const char *input)
{
    struct query q = {.raw = span_str(raw)};
    struct buf out = {0}, expected = {0};
    ck_assert_int_eq(query_int(&q, "limit", 100, 1, 1000), 100);
    query_write_problems(&q, &out);
    buf_printf(&expected,
               "{\"detail\":[{\"type\":\"%s\",\"loc\":[\"query\",\"limit\"],\"msg\":\"%s\","
               "\"input\":\"%s\"}]}",
               type, message, input);
    ck_assert_str_eq(buf_cstr(&out), buf_cstr(&expected));
    buf_deinit(&out);
    buf_deinit(&expected);
}

START_TEST(limits_within_bounds_are_taken)
{
    must_take("", 100);
    must_take("limit=1", 1);
    must_take("limit=1000", 1000);
    must_take("x=1&limit=7&y", 7);
    must_take("limi=5&limitt=6", 100);
    must_take("limit=%35", 5);
    must_take("limit=05", 5);
    must_take("limit=0000000000000000000000100", 100);
    must_take("limit=2&limit=3", 2);
}
END_TEST

START_TEST(limits_out_of_bounds_are_refused)
{
    const char *low = "Input should be greater than or equal to 1";
    const char *high = "Input should be less than or equal to 1000";
    must_refuse("limit=0", "greater_than_equal", low, "0");
    must_refuse("limit=-5", "greater_than_equal", low, "-5");
    must_refuse("limit=-0", "greater_than_equal", low, "-0");
    must_refuse("limit=01001", "less_than_equal", high, "01001");
    must_refuse("limit=1001", "less_than_equal", high, "1001");
    must_refuse("limit=99999999999999999999999", "less_than_equal", high,
                "99999999999999999999999");
    must_refuse("limit=-99999999999999999999999", "greater_than_equal", low,
                "-99999999999999999999999");
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
    const char *message = "Input should be a valid integer, unable to parse string as an integer";
    must_refuse("limit=abc", "int_parsing", message, "abc");
    must_refuse("limit=", "int_parsing", message, "");
    must_refuse("limit", "int_parsing", message, "");
    must_refuse("limit=1.5", "int_parsing", message, "1.5");
    must_refuse("limit=+5", "int_parsing", message, " 5");
    must_refuse("limit=-", "int_parsing", message, "-");
    must_refuse("limit=%22%5C", "int_parsing", message, "\\\"\\\\");
    must_refuse("limit=%ff", "int_parsing", message, "");    /* cut where UTF-8 ends */
    must_refuse("limit=%zz", "int_parsing", message, "%zz"); /* as it was sent */
    must_refuse("limit=%00", "int_parsing", message, "%00");
}
END_TEST

START_TEST(endless_input_is_cut)
{
    char raw[2000] = "limit=";
    memset(raw + 6, 'x', sizeof raw - 7);
    struct query q = {.raw = span_str(raw)};
    query_int(&q, "limit", 100, 1, 1000);
    ck_assert_uint_eq(q.problems, 1);
    ck_assert_uint_eq(q.problem[0].input_len, QUERY_INPUT_MAX);
}
END_TEST

static void must_be_time(const char *raw, int64_t expected)
{
    struct query q = {.raw = span_str(raw)};
    int64_t ms = query_time(&q, "t", -1);
    ck_assert_msg(q.problems == 0 && ms == expected, "%s: %lld", raw, (long long)ms);
}

START_TEST(times_are_taken_in_each_form)
{
    must_be_time("", -1);
    must_be_time("t=2026-11-21T10:00:00Z", 1795255200000);
    must_be_time("t=2026-11-21T10:00:00.123", 1795255200123);
    must_be_time("t=2026-11-21T12%3A00%3A00%2B02:00", 1795255200000);
    must_be_time("t=2026-11-21+10:00:00", 1795255200000);
    must_be_time("t=2026-11-21", 1795219200000);
    must_be_time("t=1795255200", 1795255200000);
    must_be_time("t=1795255200123", 1795255200123);
    must_be_time("t=0", 0);
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
    static const char *const wrong[] = {"t=foo",
                                        "t=",
                                        "t=2026-13-01",
                                        "t=2026-02-30",
                                        "t=1e9",
                                        "t=2026-11-21T25:00:00Z",
                                        "t=99999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct query q = {.raw = span_str(wrong[i])};
        ck_assert_int_eq(query_time(&q, "t", 5), 5);
        ck_assert_msg(q.problems == 1, "%s", wrong[i]);
        ck_assert_str_eq(q.problem[0].type, "datetime_parsing");
    }
}
END_TEST

START_TEST(problems_are_told_together)
{
    struct query q = {.raw = span_str("page=0&page_size=x&start_date=y&end_date=z")};
    for (int i = 0; i < 3; i++) { /* more problems than there is room for do no harm */
        query_int(&q, "page", 1, 1, 10);
        query_int(&q, "page_size", 1, 1, 10);
        query_time(&q, "start_date", 0);
    }
    ck_assert_uint_eq(q.problems, QUERY_PROBLEMS_MAX);
    ck_assert_str_eq(q.problem[1].parameter, "page_size");
}
END_TEST

UNIT_CASE(query)
{
    tcase_add_test(tc, limits_within_bounds_are_taken);
    tcase_add_test(tc, limits_out_of_bounds_are_refused);
    tcase_add_test(tc, what_is_no_number_is_refused);
    tcase_add_test(tc, endless_input_is_cut);
    tcase_add_test(tc, times_are_taken_in_each_form);
    tcase_add_test(tc, what_is_no_time_is_refused);
    tcase_add_test(tc, problems_are_told_together);
}
