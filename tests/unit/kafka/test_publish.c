/* Publishing and waiting: zero means that every message is in the log. */
#include "common/kafka/publish.h"

#include <stdlib.h>

#include "tests/unit/kafka/mock.h"
#include "tests/unit/unit.h"

enum { COUNT = 500 };

static struct mock broker;
static struct kafka_message messages[COUNT];

static void set_up(void)
{
    mock_start(&broker);
    for (int i = 0; i < COUNT; i++) {
        messages[i] = (struct kafka_message){
            .partition = i % MOCK_PARTITIONS, .key = span_str("k"), .value = span_str("v")};
    }
}

static void tear_down(void)
{
    mock_stop(&broker);
}

static struct kafka_publisher *make(const struct kafka_producer_options *options)
{
    struct kafka_publisher *p = NULL;
    struct err e = {0};
    ck_assert_msg(kafka_publisher_new(&p, options, &e) == 0, "%s", e.message);
    return p;
}

static struct kafka_publisher *make_default(void)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    return make(&o);
}

static void must_send(struct kafka_publisher *p, size_t count)
{
    struct err e = {0};
    ck_assert_msg(kafka_publisher_send_all(p, messages, count, MOCK_PATIENCE_MS, NULL, &e) == 0,
                  "%s", e.message);
}

static int publish(struct kafka_publisher *p, size_t count, size_t *offender)
{
    struct err e = {0};
    int rc = kafka_publisher_send_all(p, messages, count, MOCK_PATIENCE_MS, offender, &e);
    ck_assert_int_eq(rc, e.code);
    return rc;
}

START_TEST(all_are_acknowledged)
{
    struct kafka_publisher *p = make_default();
    must_send(p, COUNT);
    must_send(p, 1);
    must_send(p, 0);
    ck_assert(kafka_publisher_ready(p, NULL, 0));
    kafka_publisher_free(p);
}
END_TEST

START_TEST(more_than_the_budget_goes_in_portions)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    o.max_messages = 7;
    struct kafka_publisher *p = make(&o);
    must_send(p, COUNT);
    kafka_publisher_free(p);
}
END_TEST

START_TEST(a_message_over_the_limit_is_named)
{
    struct kafka_publisher *p = make_default();
    size_t len = 2000000, offender = 0;
    char *big = calloc(1, len);
    messages[3].value = span_of(big, len);
    ck_assert_int_eq(publish(p, 5, &offender), ERR_TOO_LARGE);
    ck_assert_uint_eq(offender, 3);
    messages[3].value = span_str("v");
    must_send(p, 5);
    kafka_publisher_free(p);
    free(big);
}
END_TEST

/* The broker refuses the batch, then the third message when it comes alone. */
START_TEST(a_message_that_the_broker_refuses_is_named)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    o.linger_ms = 50;
    struct kafka_publisher *p = make(&o);
    must_send(p, 1);
    for (int i = 0; i < 5; i++) {
        messages[i].partition = 0;
    }
    rd_kafka_mock_push_request_errors(
        broker.cluster, MOCK_PRODUCE, 4, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
        RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_INVALID_RECORD);
    size_t offender = 0;
    ck_assert_int_eq(publish(p, 5, &offender), ERR_INVALID);
    ck_assert_uint_eq(offender, 2);
    kafka_publisher_free(p);
}
END_TEST

START_TEST(a_batch_that_was_too_large_goes_singly)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    o.linger_ms = 50;
    struct kafka_publisher *p = make(&o);
    rd_kafka_mock_push_request_errors(broker.cluster, MOCK_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    for (int i = 0; i < 5; i++) {
        messages[i].partition = 0;
    }
    must_send(p, 5);
    kafka_publisher_free(p);
}
END_TEST

START_TEST(without_a_broker_the_outcome_is_unknown_and_later_it_works)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    o.delivery_timeout_ms = 1000;
    struct kafka_publisher *p = make(&o);
    must_send(p, 1);
    mock_down(&broker);
    uint64_t began = mock_now_ms();
    ck_assert_int_eq(publish(p, COUNT, NULL), ERR_UNAVAILABLE);
    ck_assert_uint_lt(mock_now_ms() - began, 6000);
    ck_assert_int_eq(kafka_publisher_send_all(p, messages, COUNT, 50, NULL, NULL), ERR_UNAVAILABLE);
    mock_up(&broker);
    uint64_t end = mock_now_ms() + MOCK_PATIENCE_MS;
    int rc = ERR_UNAVAILABLE;
    while (rc == ERR_UNAVAILABLE && mock_now_ms() < end) {
        rc = kafka_publisher_send_all(p, messages, COUNT, MOCK_PATIENCE_MS, NULL, NULL);
    }
    ck_assert_int_eq(rc, 0);
    kafka_publisher_free(p);
}
END_TEST

/* Reports of the call that gave up must not count for the next one. */
START_TEST(reports_of_an_earlier_call_do_not_count)
{
    struct kafka_publisher *p = make_default();
    must_send(p, 1);
    rd_kafka_mock_broker_set_rtt(broker.cluster, 1, 300);
    ck_assert_int_eq(kafka_publisher_send_all(p, messages, COUNT, 10, NULL, NULL), ERR_UNAVAILABLE);
    must_send(p, COUNT);
    kafka_publisher_free(p);
}
END_TEST

UNIT_CASE(publish)
{
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, all_are_acknowledged);
    tcase_add_test(tc, more_than_the_budget_goes_in_portions);
    tcase_add_test(tc, a_message_over_the_limit_is_named);
    tcase_add_test(tc, a_message_that_the_broker_refuses_is_named);
    tcase_add_test(tc, a_batch_that_was_too_large_goes_singly);
    tcase_add_test(tc, without_a_broker_the_outcome_is_unknown_and_later_it_works);
    tcase_add_test(tc, reports_of_an_earlier_call_do_not_count);
}
