/* The conditions of --fail-if: the strict grammar, and when they hold. */
#include "tools/load/fail_if.h"

#include "tests/unit/unit.h"

static struct stats stats; /* large: not on the stack */

static struct fail_if must_parse(const char *text)
{
    struct fail_if f;
    struct err e = {0};
    ck_assert_msg(fail_if_parse(&f, span_str(text), &e) == 0, "%s: %s", text, e.message);
    return f;
}

static void must_not_parse(const char *text, const char *reason)
{
    struct fail_if f;
    struct err e = {0};
    ck_assert_msg(fail_if_parse(&f, span_str(text), &e) == ERR_INVALID, "%s", text);
    ck_assert_msg(strstr(e.message, reason) != NULL, "%s: %s, not %s", text, e.message, reason);
}

START_TEST(parses_conditions)
{
    ck_assert_double_eq(must_parse("p99>50ms").limit, 50e6);
    ck_assert_double_eq(must_parse("p99.9 >= 2.5ms").limit, 2.5e6);
    ck_assert_double_eq(must_parse(" max > 1s ").limit, 1e9);
    ck_assert_double_eq(must_parse("mean<800us").limit, 8e5);
    ck_assert_double_eq(must_parse("late_p99>1ms").limit, 1e6);
    ck_assert_double_eq(must_parse("rate<99.5").limit, 99.5);
    ck_assert_double_eq(must_parse("errors>0").limit, 0);
    ck_assert_double_eq(must_parse("accepted==100").limit, 100);
    ck_assert_int_eq(must_parse("p50<1s").op, FAIL_LESS);
    ck_assert_int_eq(must_parse("p50<=1s").op, FAIL_LESS_EQUAL);
    ck_assert_int_eq(must_parse("p50>1s").op, FAIL_GREATER);
    ck_assert_int_eq(must_parse("p50>=1s").op, FAIL_GREATER_EQUAL);
    ck_assert_int_eq(must_parse("sent==1").op, FAIL_EQUAL);
}
END_TEST

START_TEST(refuses_other_texts)
{
    must_not_parse("", "unknown metric ''");
    must_not_parse("p98>50ms", "unknown metric 'p98'");
    must_not_parse("P99>50ms", "unknown metric 'P99'");
    must_not_parse("p99", "expected one of");
    must_not_parse("p99=50ms", "expected one of");
    must_not_parse("p99!=50ms", "expected one of");
    must_not_parse("p99=>50ms", "expected one of");
    must_not_parse("p99>>50ms", "expected one of");
    must_not_parse("p99>", "needs a time");
    must_not_parse("p99>50", "needs a time");
    must_not_parse("p99>50m", "needs a time");
    must_not_parse("p99>50 ms", "needs a time");
    must_not_parse("p99>ms", "needs a time");
    must_not_parse("p99>-1ms", "needs a time");
    must_not_parse("p99>1e400ms", "needs a time");
    must_not_parse("p99>50ms>1ms", "needs a time");
    must_not_parse("p99>50ms x", "needs a time");
    must_not_parse("errors>0ms", "needs a whole number");
    must_not_parse("errors>0.5", "needs a whole number");
    must_not_parse("errors>-1", "needs a whole number");
    must_not_parse("rate<10/s", "needs a number");
    must_not_parse("rate<-1", "needs a number");
    must_not_parse("rate<", "needs a number");
}
END_TEST

START_TEST(names_every_metric_that_it_knows)
{
    const char *names = fail_if_metrics();
    ck_assert_ptr_nonnull(strstr(names, "p99.99"));
    while (*names) {
        size_t len = strcspn(names, ",");
        struct fail_if f;
        struct err e = {0};
        /* Which values fit is another matter: the metric itself must be known. */
        if (fail_if_parse(&f, span_of(names, len), &e)) {
            ck_assert_ptr_null(strstr(e.message, "unknown"));
        }
        names += len + strspn(names + len, ", ");
    }
}
END_TEST

static void must_hold(const char *text, const char *reason)
{
    struct fail_if f = must_parse(text);
    struct buf why = {0};
    ck_assert_msg(fail_if_holds(&f, &stats, &why), "%s", text);
    ck_assert_str_eq(buf_cstr(&why), reason);
    buf_deinit(&why);
}

static void must_not_hold(const char *text)
{
    struct fail_if f = must_parse(text);
    struct buf why = {0};
    ck_assert_msg(!fail_if_holds(&f, &stats, &why), "%s", text);
    ck_assert_uint_eq(why.len, 0);
    buf_deinit(&why);
}

/* 98 answers of 1 ms, one of 100 ms, one refused of 200 ms, three timeouts, in two seconds. */
static void fill_stats(void)
{
    memset(&stats, 0, sizeof stats);
    for (int i = 0; i < 98; i++) {
        stats_answer(&stats, 200, 1000000);
    }
    stats_answer(&stats, 202, 100000000);
    stats_answer(&stats, 503, 200000000);
    for (int i = 0; i < 3; i++) {
        stats_failure(&stats, FAILURE_TIMEOUT, "x");
    }
    stats.sent = 103;
    stats.elapsed_ns = UINT64_C(2000000000);
    hist_add(&stats.lateness_ns, 60000);
}

START_TEST(holds_when_the_figures_say_so)
{
    fill_stats();
    must_hold("max>150ms", "max>150ms: max is 200 ms");
    must_hold("max==200ms", "max==200ms: max is 200 ms");
    must_hold("p99>99ms", "p99>99ms: p99 is 101 ms"); /* the upper border of its bucket */
    must_not_hold("p90>1.02ms");
    must_hold("p90>=1ms", "p90>=1ms: p90 is 1.01 ms");
    must_hold("mean>3ms", "mean>3ms: mean is 3.98 ms");
    must_hold("errors>0", "errors>0: errors is 3");
    must_hold("refused>0", "refused>0: refused is 1");
    must_hold("accepted<100", "accepted<100: accepted is 99");
    must_hold("sent>=103", "sent>=103: sent is 103");
    must_hold("rate<50", "rate<50: rate is 49.50/s");
    must_hold("late_max>50us", "late_max>50us: late_max is 60.0 us");
    must_not_hold("rate<49.5");
    must_not_hold("errors>3");
    must_not_hold("accepted==100");
    must_not_hold("refused<=0");
}
END_TEST

START_TEST(knows_nothing_about_latency_without_answers)
{
    memset(&stats, 0, sizeof stats);
    must_hold("p99>50ms", "p99>50ms: there was no answer");
    must_hold("p99<50ms", "p99<50ms: there was no answer");
    must_hold("rate<1", "rate<1: rate is 0.00/s");
    must_not_hold("errors>0");
    must_not_hold("late_p99>1ms");
}
END_TEST

UNIT_CASE(fail_if)
{
    tcase_add_test(tc, parses_conditions);
    tcase_add_test(tc, refuses_other_texts);
    tcase_add_test(tc, names_every_metric_that_it_knows);
    tcase_add_test(tc, holds_when_the_figures_say_so);
    tcase_add_test(tc, knows_nothing_about_latency_without_answers);
}
