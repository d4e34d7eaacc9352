/* Metrics: values, series limits, threads, and both text formats. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/obs/metric.h"
#include "common/obs/metric_text.h"
#include "common/obs/metrics.h"
#include "common/obs/process_metrics.h"
#include "tests/unit/unit.h"

static void must_read(struct metric *f, bool openmetrics, const char *expected)
{
    struct buf b = {0};
    metric_text(f, openmetrics, &b);
    ck_assert_str_eq(buf_cstr(&b), expected);
    buf_deinit(&b);
}

START_TEST(families_without_labels_start_at_zero)
{
    struct metric *f = metric_new(METRIC_COUNTER, "weir_x_total", "Things.", NULL);
    must_read(f, false,
              "# HELP weir_x_total Things.\n# TYPE weir_x_total counter\nweir_x_total 0\n");
    metric_inc(f, NULL);
    metric_add(f, NULL, 2);
    ck_assert_double_eq(metric_value(f, NULL), 3);
    metric_free(f);
}
END_TEST

START_TEST(openmetrics_strips_total_from_the_family)
{
    struct metric *f = metric_new(METRIC_COUNTER, "weir_x_total", "Things.", NULL);
    must_read(f, true, "# HELP weir_x Things.\n# TYPE weir_x counter\nweir_x_total 0\n");
    metric_free(f);
}
END_TEST

START_TEST(families_with_labels_are_silent_until_used)
{
    struct metric *f = metric_new(METRIC_GAUGE, "weir_g", "h", "a,b");
    must_read(f, false, "");
    metric_set(f, METRIC_LABELS("y", "2"), -1.5);
    metric_set(f, METRIC_LABELS("x", "q\"\\\n"), 1);
    must_read(f, false,
              "# HELP weir_g h\n# TYPE weir_g gauge\nweir_g{a=\"x\",b=\"q\\\"\\\\\\n\"} 1\n"
              "weir_g{a=\"y\",b=\"2\"} -1.5\n");
    ck_assert_double_eq(metric_value(f, METRIC_LABELS("y", "2")), -1.5);
    ck_assert_double_eq(metric_value(f, METRIC_LABELS("y", "3")), 0);
    metric_free(f);
}
END_TEST

START_TEST(histogram_buckets_are_cumulative_and_bounds_inclusive)
{
    struct metric *f = metric_new(METRIC_HISTOGRAM, "weir_h_seconds", "h", NULL);
    metric_buckets(f, (const double[]){0.5, 1}, 2);
    metric_observe(f, NULL, 0.5);
    metric_observe(f, NULL, 0.75);
    metric_observe(f, NULL, 8);
    must_read(f, false,
              "# HELP weir_h_seconds h\n# TYPE weir_h_seconds histogram\n"
              "weir_h_seconds_bucket{le=\"0.5\"} 1\nweir_h_seconds_bucket{le=\"1\"} 2\n"
              "weir_h_seconds_bucket{le=\"+Inf\"} 3\nweir_h_seconds_sum 9.25\n"
              "weir_h_seconds_count 3\n");
    must_read(f, true,
              "# HELP weir_h_seconds h\n# TYPE weir_h_seconds histogram\n"
              "weir_h_seconds_bucket{le=\"0.5\"} 1\nweir_h_seconds_bucket{le=\"1.0\"} 2\n"
              "weir_h_seconds_bucket{le=\"+Inf\"} 3\nweir_h_seconds_sum 9.25\n"
              "weir_h_seconds_count 3\n");
    ck_assert_double_eq(metric_value(f, NULL), 3);
    metric_free(f);
}
END_TEST

START_TEST(series_beyond_the_limit_become_other)
{
    struct metric *f = metric_new(METRIC_COUNTER, "weir_x_total", "h", "a");
    for (int i = 0; i < METRIC_SERIES_MAX + 20; i++) {
        char value[16];
        snprintf(value, sizeof value, "v%d", i);
        metric_inc(f, METRIC_LABELS(value));
    }
    struct buf b = {0};
    metric_text(f, false, &b);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&b), "weir_x_total{a=\"other\"} 20\n"));
    ck_assert_double_eq(metric_value(f, METRIC_LABELS("v499")), 1);
    ck_assert_double_eq(metric_value(f, METRIC_LABELS("v500")), 0);
    buf_deinit(&b);
    metric_free(f);
}
END_TEST

enum { THREADS = 4, ROUNDS = 20000 };

static void *hammer(void *arg)
{
    struct metric *const *f = arg;
    static const char *const words[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (int i = 0; i < ROUNDS; i++) {
        metric_inc(f[0], METRIC_LABELS(words[i % 8]));
        metric_observe(f[1], METRIC_LABELS(words[i % 8]), 1);
    }
    return NULL;
}

START_TEST(no_update_is_lost_between_threads)
{
    struct metric *f[] = {metric_new(METRIC_COUNTER, "weir_x_total", "h", "a"),
                          metric_new(METRIC_HISTOGRAM, "weir_h", "h", "a")};
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, hammer, (void *)f), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    ck_assert_double_eq(metric_value(f[0], METRIC_LABELS("c")), THREADS * ROUNDS / 8.0);
    ck_assert_double_eq(metric_value(f[1], METRIC_LABELS("c")), THREADS * ROUNDS / 8.0);
    ck_assert_uint_eq(f[0]->used, 8);
    metric_free(f[0]);
    metric_free(f[1]);
}
END_TEST

static void set_gauge(void *arg)
{
    metric_set(arg, NULL, 42);
}

START_TEST(the_registry_writes_everything_and_asks_its_hooks)
{
    struct metrics *m = metrics_new();
    struct process_metrics process;
    process_metrics_add(&process, m);
    struct metric *g = metrics_add(m, METRIC_GAUGE, "weir_depth", "h", NULL);
    metrics_on_scrape(m, set_gauge, g);
    struct buf b = {0};
    metrics_write(m, true, &b);
    const char *out = buf_cstr(&b);
    ck_assert_ptr_nonnull(strstr(out, "\nweir_depth 42\n"));
    ck_assert_str_eq(out + b.len - 6, "# EOF\n");
    ck_assert_ptr_nonnull(strstr(out, "\nprocess_cpu_seconds_total "));
    ck_assert_ptr_nonnull(strstr(out, "\nprocess_open_fds "));
    ck_assert_ptr_null(strstr(out, "process_resident_memory_bytes 0\n"));
    ck_assert_ptr_null(strstr(out, "process_start_time_seconds 0\n"));
    buf_clear(&b);
    metrics_write(m, false, &b);
    ck_assert_ptr_null(strstr(buf_cstr(&b), "EOF"));
    buf_deinit(&b);
    metrics_free(m);
}
END_TEST

UNIT_CASE(metrics)
{
    tcase_add_test(tc, families_without_labels_start_at_zero);
    tcase_add_test(tc, openmetrics_strips_total_from_the_family);
    tcase_add_test(tc, families_with_labels_are_silent_until_used);
    tcase_add_test(tc, histogram_buckets_are_cumulative_and_bounds_inclusive);
    tcase_add_test(tc, series_beyond_the_limit_become_other);
    tcase_add_test(tc, no_update_is_lost_between_threads);
    tcase_add_test(tc, the_registry_writes_everything_and_asks_its_hooks);
}
