/* What readiness and the breaker read from successes and failures. */
#include "common/kafka/link.h"
#include "tests/unit/unit.h"

static struct kafka_link *link_with_topics(void)
{
    struct kafka_link *l = kafka_link_new(NULL, NULL);
    kafka_link_topics(l, true, "");
    return l;
}

START_TEST(is_ready_when_the_topics_are_known)
{
    char why[64] = "";
    struct kafka_link *l = kafka_link_new(NULL, NULL);
    ck_assert(!kafka_link_ready(l, why, sizeof why));
    ck_assert_str_ne(why, "");
    kafka_link_topics(l, false, "topic x: unknown");
    ck_assert(!kafka_link_ready(l, why, sizeof why));
    ck_assert_str_eq(why, "topic x: unknown");
    kafka_link_topics(l, true, "");
    ck_assert(kafka_link_ready(l, why, sizeof why));
    kafka_link_unref(l);
}
END_TEST

START_TEST(is_down_from_the_earliest_failure_on)
{
    struct kafka_link *l = link_with_topics();
    ck_assert_uint_eq(kafka_link_down_ms(l, 5000), 0);
    ck_assert(kafka_link_failed(l, 3000, "first"));
    ck_assert_uint_eq(kafka_link_down_ms(l, 5000), 2000);
    ck_assert(!kafka_link_failed(l, 4000, "later"));
    ck_assert_uint_eq(kafka_link_down_ms(l, 5000), 2000);
    ck_assert(!kafka_link_failed(l, 1000, "earlier, learned later"));
    ck_assert_uint_eq(kafka_link_down_ms(l, 5000), 4000);
    char why[64];
    ck_assert(!kafka_link_ready(l, why, sizeof why));
    kafka_link_unref(l);
}
END_TEST

START_TEST(an_answer_ends_it)
{
    struct kafka_link *l = link_with_topics();
    kafka_link_failed(l, 1000, "x");
    kafka_link_ok(l, 2000);
    ck_assert_uint_eq(kafka_link_down_ms(l, 3000), 0);
    ck_assert(kafka_link_ready(l, NULL, 0));
    kafka_link_unref(l);
}
END_TEST

START_TEST(a_failure_older_than_the_last_answer_is_no_news)
{
    struct kafka_link *l = link_with_topics();
    kafka_link_ok(l, 2000);
    ck_assert(!kafka_link_failed(l, 1000, "sent before the answer came"));
    ck_assert(kafka_link_ready(l, NULL, 0));
    ck_assert(kafka_link_failed(l, 2001, "x"));
    kafka_link_unref(l);
}
END_TEST

static void count_lines(void *arg, int level, const char *facility, const char *message)
{
    (void)level, (void)facility, (void)message;
    ++*(int *)arg;
}

START_TEST(a_muted_link_logs_nothing)
{
    int lines = 0;
    struct kafka_link *l = kafka_link_new(count_lines, &lines);
    kafka_link_log(l, 3, "FAIL", "x");
    kafka_link_mute(l);
    kafka_link_log(l, 3, "FAIL", "x");
    ck_assert_int_eq(lines, 1);
    kafka_link_unref(l);
}
END_TEST

UNIT_CASE(link)
{
    tcase_add_test(tc, is_ready_when_the_topics_are_known);
    tcase_add_test(tc, is_down_from_the_earliest_failure_on);
    tcase_add_test(tc, an_answer_ends_it);
    tcase_add_test(tc, a_failure_older_than_the_last_answer_is_no_news);
    tcase_add_test(tc, a_muted_link_logs_nothing);
}
