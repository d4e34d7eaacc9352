/* The summary: valid JSON with the documented fields, and the same figures for people. */
#include "tools/load/report.h"

#include <jansson.h>

#include "tests/unit/unit.h"
#include "tools/load/figures.h"

static struct stats stats; /* large: not on the stack */

static struct load_options options(const char *condition)
{
    struct load_options o = {
        .base_url = "http://localhost:8001", .devices = 10, .rps = 0.5, .connections = 64};
    struct err e = {0};
    ck_assert_int_eq(fail_if_parse(&o.fail_if[0], span_str(condition), &e), 0);
    o.conditions = 1;
    return o;
}

static void fill_stats(void)
{
    memset(&stats, 0, sizeof stats);
    stats_answer(&stats, 200, 1000000);
    stats_answer(&stats, 200, 3000000);
    stats_answer(&stats, 503, 2000000);
    stats_failure(&stats, FAILURE_RESET, "the server closed the connection");
    stats.sent = 4;
    stats.elapsed_ns = UINT64_C(2000000000);
}

static json_t *json_of(const struct load_options *o)
{
    struct report r = {.options = o, .stats = &stats, .start_ms = INT64_C(1795255200123)};
    struct buf text = {0};
    report_json(&r, &text);
    ck_assert_int_eq(text.data[text.len - 1], '\n');
    json_error_t error;
    json_t *json = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(json != NULL, "%s: %s", error.text, buf_cstr(&text));
    buf_deinit(&text);
    return json;
}

START_TEST(accepts_2xx_only)
{
    static const int statuses[] = {200, 202, 299, 300, 404, 503, 599};
    memset(&stats, 0, sizeof stats);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        stats_answer(&stats, statuses[i], 1);
    }
    ck_assert_uint_eq(stats_accepted(&stats), 3);
    ck_assert_uint_eq(stats_refused(&stats), 4);
    ck_assert_uint_eq(stats_answered(&stats), 7);
}
END_TEST

START_TEST(writes_json)
{
    fill_stats();
    struct load_options o = options("errors>0");
    json_t *json = json_of(&o);
    const char *base_url, *start, *failed;
    int devices, sent, answered, accepted, refused, ok, unavailable, reset, total;
    double rps, elapsed, rate, p50, p99_9, max;
    json_error_t error;
    int unpacked = json_unpack_ex(
        json, &error, 0,
        "{s:s,s:s,s:i,s:F,s:i,s:i,s:i,s:i,s:{s:i,s:i},s:{s:i,s:i},s:F,s:F,s:{s:F,s:F,s:F},s:n,s:[s!"
        "]}",
        "base_url", &base_url, "start", &start, "devices", &devices, "rps", &rps, "sent", &sent,
        "answered", &answered, "accepted", &accepted, "refused", &refused, "status", "200", &ok,
        "503", &unavailable, "errors", "reset", &reset, "total", &total, "elapsed_s", &elapsed,
        "rate_per_s", &rate, "latency_ms", "p50", &p50, "p99_9", &p99_9, "max", &max, "lateness_ms",
        "failed", &failed);
    ck_assert_msg(unpacked == 0, "%s", error.text);
    ck_assert_str_eq(base_url, "http://localhost:8001");
    ck_assert_str_eq(start, "2026-11-21T10:00:00.123Z");
    ck_assert_str_eq(failed, "errors>0: errors is 1");
    ck_assert(devices == 10 && sent == 4 && answered == 3 && accepted == 2 && refused == 1);
    ck_assert(ok == 2 && unavailable == 1 && reset == 1 && total == 1);
    ck_assert(rps == 0.5 && elapsed == 2 && rate == 1);
    ck_assert(p50 >= 2 && p50 <= 2.04 && p99_9 == 3 && max == 3);
    json_decref(json);
}
END_TEST

START_TEST(writes_json_without_samples)
{
    memset(&stats, 0, sizeof stats);
    struct load_options o = options("errors>0");
    json_t *json = json_of(&o);
    ck_assert(json_is_null(json_object_get(json, "latency_ms")));
    ck_assert_uint_eq(json_array_size(json_object_get(json, "failed")), 0);
    ck_assert_uint_eq(json_object_size(json_object_get(json, "status")), 0);
    json_decref(json);
}
END_TEST

START_TEST(writes_text)
{
    fill_stats();
    struct load_options o = options("p50>1ms");
    struct report r = {.options = &o, .stats = &stats};
    struct buf text = {0};
    report_text(&r, &text);
    static const char *const parts[] = {"elapsed      2.00 s\n",
                                        "sent         4\n",
                                        "accepted     2  (1.0/s)\n",
                                        "refused      1\n  503        1\n",
                                        "errors       1\n  reset      1  (the server closed",
                                        "max 3.00 ms\n",
                                        "lateness     -\n",
                                        "FAILED\np50>1ms: p50 is 2.0"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        ck_assert_msg(strstr(buf_cstr(&text), parts[i]) != NULL, "%s in\n%s", parts[i], text.data);
    }
    ck_assert_ptr_null(strstr(text.data, "note:"));
    hist_add(&stats.lateness_ns, 50000000);
    buf_clear(&text);
    report_text(&r, &text);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&text), "note: weir-load itself was late"));
    buf_deinit(&text);
}
END_TEST

START_TEST(writes_the_live_line)
{
    fill_stats();
    struct buf line = {0};
    report_live(&stats, UINT64_C(1500000000), 7, &line);
    ck_assert_str_eq(buf_cstr(&line), "1.5 s  sent 4  accepted 2  refused 1  errors 1  waiting 7"
                                      "  p50 2.02 ms  p99 3.00 ms");
    buf_deinit(&line);
}
END_TEST

static void must_show(uint64_t ns, const char *expected)
{
    struct buf text = {0};
    figures_time(&text, ns);
    ck_assert_str_eq(buf_cstr(&text), expected);
    buf_deinit(&text);
}

START_TEST(shows_times_with_three_digits)
{
    must_show(0, "0.00 us");
    must_show(1234, "1.23 us");
    must_show(81200, "81.2 us");
    must_show(812000, "812 us");
    must_show(999499, "999 us");
    must_show(999500, "1.00 ms");
    must_show(9995000, "10.0 ms");
    must_show(61200000, "61.2 ms");
    must_show(999499999, "999 ms");
    must_show(999500000, "1.00 s");
    must_show(UINT64_C(3050000000), "3.05 s");
    must_show(UINT64_C(123000000000), "123 s");
}
END_TEST

UNIT_CASE(report)
{
    tcase_add_test(tc, accepts_2xx_only);
    tcase_add_test(tc, writes_json);
    tcase_add_test(tc, writes_json_without_samples);
    tcase_add_test(tc, writes_text);
    tcase_add_test(tc, writes_the_live_line);
    tcase_add_test(tc, shows_times_with_three_digits);
}
