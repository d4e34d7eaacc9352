/* The producer against the mock broker: every message gets exactly one report, and the right one.
 */
#include "common/kafka/producer.h"

#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/kafka/mock.h"
#include "tests/unit/unit.h"

static struct mock broker;
static struct tally tally;

static void set_up(void)
{
    tally = (struct tally){0};
    mock_start(&broker);
}

static void tear_down(void)
{
    mock_stop(&broker);
}

static struct kafka_producer *make(const struct kafka_producer_options *options)
{
    struct kafka_producer *p = NULL;
    struct err e = {0};
    ck_assert_msg(kafka_producer_new(&p, options, tally_delivery, &tally, &e) == 0, "%s",
                  e.message);
    return p;
}

static struct kafka_producer *make_default(void)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    return make(&o);
}

static void each_reported_once(int count)
{
    ck_assert_uint_eq(tally.total, (unsigned)count);
    for (int i = 0; i < count; i++) {
        ck_assert_msg(tally.reports[i] == 1, "message %d has %d reports", i, tally.reports[i]);
    }
}

START_TEST(every_message_is_acknowledged_once)
{
    struct kafka_producer *p = make_default();
    mock_send(p, &tally, 0, 5000);
    ck_assert_uint_eq(kafka_producer_in_flight(p), 5000);
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    ck_assert_uint_eq(kafka_producer_in_flight_bytes(p), 0);
    each_reported_once(5000);
    ck_assert_int_eq(tally.by_code[0], 5000);
    kafka_producer_free(p);
}
END_TEST

START_TEST(the_fd_tells_when_there_is_a_report)
{
    struct kafka_producer *p = make_default();
    ck_assert(mock_wait_ready(p));
    for (int i = 0; i < 20; i++) {
        mock_send(p, &tally, i, i + 1);
        uint64_t end = mock_now_ms() + MOCK_PATIENCE_MS;
        while (tally.total == (unsigned)i && mock_now_ms() < end) {
            struct pollfd wait = {.fd = kafka_producer_fd(p), .events = POLLIN};
            ck_assert_int_eq(poll(&wait, 1, MOCK_PATIENCE_MS), 1);
            kafka_producer_poll(p);
        }
    }
    each_reported_once(20);
    kafka_producer_free(p);
}
END_TEST

/* Threads of this process that do not interrupt others when they wake up. */
static unsigned batch_threads(void)
{
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(tasks);
    for (const struct dirent *d; (d = readdir(tasks));) {
        int tid = (int)strtol(d->d_name, NULL, 10);
        count += tid > 0 && sched_getscheduler(tid) == SCHED_BATCH;
    }
    closedir(tasks);
    return count;
}

START_TEST(the_library_s_threads_are_patient_when_asked)
{
    struct kafka_producer *p = make_default();
    ck_assert(mock_wait_ready(p));
    ck_assert_uint_eq(batch_threads(), 0);
    kafka_producer_set_patient(p, true);
    ck_assert_uint_ge(batch_threads(), 3); /* its main one, that of the address, of the broker */
    ck_assert_int_eq(sched_getscheduler(0), SCHED_OTHER);
    mock_send(p, &tally, 0, 100);
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    kafka_producer_set_patient(p, false);
    ck_assert_uint_eq(batch_threads(), 0);
    kafka_producer_free(p);
}
END_TEST

static int send_one(struct kafka_producer *p, struct kafka_message m)
{
    struct err e = {0};
    m.opaque = &tally.reports[0];
    int rc = kafka_producer_send(p, &m, &e);
    ck_assert_int_eq(rc, e.code);
    return rc;
}

static struct kafka_message small(void)
{
    return (struct kafka_message){.partition = -1, .key = span_str("k"), .value = span_str("v")};
}

START_TEST(a_full_budget_of_messages_refuses)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    o.max_messages = 100;
    mock_down(&broker);
    struct kafka_producer *p = make(&o);
    ck_assert_int_eq(kafka_producer_may_send(p, 100, 1000, NULL), 0);
    ck_assert_int_eq(kafka_producer_may_send(p, 101, 1000, NULL), ERR_TOO_LARGE);
    mock_send(p, &tally, 0, 100);
    ck_assert_int_eq(send_one(p, small()), ERR_FULL);
    ck_assert_int_eq(kafka_producer_may_send(p, 1, 1, NULL), ERR_FULL);
    ck_assert_uint_eq(kafka_producer_in_flight(p), 100);
    ck_assert_uint_gt(kafka_producer_in_flight_bytes(p), 100);
    mock_up(&broker);
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    ck_assert_uint_eq(kafka_producer_in_flight(p), 0);
    each_reported_once(100);
    ck_assert_int_eq(kafka_producer_may_send(p, 1, 1, NULL), 0);
    ck_assert_int_eq(send_one(p, small()), 0);
    kafka_producer_free(p);
}
END_TEST

START_TEST(a_full_budget_of_bytes_refuses)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    o.max_bytes = 5;
    struct kafka_producer *p = make(&o);
    ck_assert_int_eq(send_one(p, small()), 0);
    ck_assert_int_eq(send_one(p, small()), 0);
    ck_assert_int_eq(send_one(p, small()), ERR_FULL);
    kafka_producer_free(p);
}
END_TEST

START_TEST(a_message_over_the_limit_is_refused_at_once)
{
    struct kafka_producer *p = make_default();
    size_t len = 2000000;
    char *big = calloc(1, len);
    struct kafka_message m = small();
    m.value = span_of(big, len);
    ck_assert_int_eq(send_one(p, m), ERR_TOO_LARGE);
    struct kafka_header header = {"reason", span_str("x")};
    m.headers = &header;
    m.header_count = 1;
    ck_assert_int_eq(send_one(p, m), ERR_TOO_LARGE);
    ck_assert_uint_eq(kafka_producer_in_flight(p), 0);
    kafka_producer_free(p);
    ck_assert_uint_eq(tally.total, 0);
    free(big);
}
END_TEST

START_TEST(headers_and_a_partition_the_topic_lacks)
{
    struct kafka_producer *p = make_default();
    ck_assert(mock_wait_ready(p));
    struct kafka_header headers[] = {{"reason", span_str("x")}, {"empty", span_of(NULL, 0)}};
    struct kafka_message m = small();
    m.headers = headers;
    m.header_count = 2;
    m.partition = 99;
    ck_assert_int_eq(send_one(p, m), 0);
    m.partition = MOCK_PARTITIONS - 1;
    ck_assert_int_eq(send_one(p, m), 0);
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    ck_assert_int_eq(tally.by_code[0], 2);
    kafka_producer_free(p);
}
END_TEST

START_TEST(the_breaker_opens_and_closes_by_itself)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    o.delivery_timeout_ms = 1000;
    struct kafka_producer *p = make(&o);
    ck_assert(mock_wait_ready(p));
    ck_assert(!kafka_producer_breaker_open(p));
    mock_down(&broker);
    mock_send(p, &tally, 0, 10);
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    ck_assert_int_eq(tally.by_code[-ERR_TIMEOUT], 10);
    char why[200] = "";
    ck_assert(!kafka_producer_ready(p, why, sizeof why));
    ck_assert_str_ne(why, "");
    uint64_t began = mock_now_ms();
    ck_assert(kafka_producer_breaker_open(p));
    ck_assert_int_eq(send_one(p, small()), ERR_UNAVAILABLE);
    ck_assert_int_eq(kafka_producer_may_send(p, 1, 1, NULL), ERR_UNAVAILABLE);
    ck_assert_uint_lt(mock_now_ms() - began, 100);

    mock_up(&broker);
    ck_assert(mock_wait_ready(p));
    ck_assert(!kafka_producer_breaker_open(p));
    mock_send(p, &tally, 10, 20);
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    ck_assert_int_eq(tally.by_code[0], 10);
    each_reported_once(20);
    kafka_producer_free(p);
}
END_TEST

START_TEST(without_any_broker_new_and_free_do_not_wait)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    o.kafka.bootstrap_servers = "127.0.0.1:1";
    uint64_t began = mock_now_ms();
    struct kafka_producer *p = make(&o);
    mock_send(p, &tally, 0, 10);
    ck_assert_uint_lt(mock_now_ms() - began, 1000);
    ck_assert(!kafka_producer_ready(p, NULL, 0));
    kafka_producer_free(p);
    each_reported_once(10);
    ck_assert_int_eq(tally.by_code[-ERR_UNAVAILABLE], 10);
}
END_TEST

/* --- errors of the broker -------------------------------------------------------------------- */

static const struct {
    rd_kafka_resp_err_t injected;
    int expected;
} refusals[] = {
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ERR_TOO_LARGE},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, ERR_INVALID},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERR_UNAVAILABLE},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 0},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 0},
    {RD_KAFKA_RESP_ERR__TRANSPORT, 0},
};

START_TEST(a_refusal_of_the_broker_gets_its_code)
{
    struct kafka_producer *p = make_default();
    rd_kafka_mock_push_request_errors(broker.cluster, MOCK_PRODUCE, 1, refusals[_i].injected);
    ck_assert_int_eq(send_one(p, small()), 0);
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    each_reported_once(1);
    ck_assert_int_eq(tally.by_code[-refusals[_i].expected], 1);
    kafka_producer_free(p);
}
END_TEST

/* Small neighbours of a large message must not be told that they are too large. */
START_TEST(a_refused_batch_blames_nobody)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    o.linger_ms = 200;
    struct kafka_producer *p = make(&o);
    ck_assert(mock_wait_ready(p));
    rd_kafka_mock_push_request_errors(broker.cluster, MOCK_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    struct kafka_message m = small();
    m.partition = 0;
    for (int i = 0; i < 3; i++) {
        m.opaque = &tally.reports[i];
        ck_assert_int_eq(kafka_producer_send(p, &m, NULL), 0);
    }
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    each_reported_once(3);
    ck_assert_int_eq(tally.by_code[-ERR_UNAVAILABLE], 3);
    kafka_producer_free(p);
}
END_TEST

/* --- fatal errors ---------------------------------------------------------------------------- */

/* The library numbers its clients; an address may be used again. */
static void name_of(struct kafka_producer *p, char name[64])
{
    snprintf(name, 64, "%s", rd_kafka_name(kafka_producer_handle(p)));
}

START_TEST(a_fatal_error_is_survived)
{
    struct kafka_producer *p = make_default();
    ck_assert(mock_wait_ready(p));
    rd_kafka_mock_broker_set_rtt(broker.cluster, 1, 500);
    mock_send(p, &tally, 0, 1000);
    char before[64];
    name_of(p, before);
    rd_kafka_test_fatal_error(kafka_producer_handle(p),
                              RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "test");
    struct err e = {0};
    struct kafka_message m = small();
    ck_assert_int_eq(kafka_producer_send(p, &m, &e), ERR_UNAVAILABLE);

    struct pollfd wait = {.fd = kafka_producer_fd(p), .events = POLLIN};
    ck_assert_int_eq(poll(&wait, 1, MOCK_PATIENCE_MS), 1);
    uint64_t began = mock_now_ms();
    kafka_producer_poll(p);
    ck_assert_uint_lt(mock_now_ms() - began, 200);
    ck_assert_str_ne(rd_kafka_name(kafka_producer_handle(p)), before);
    each_reported_once(1000);
    ck_assert_int_eq(tally.by_code[-ERR_UNAVAILABLE], 1000);
    ck_assert_uint_eq(kafka_producer_in_flight(p), 0);

    rd_kafka_mock_broker_set_rtt(broker.cluster, 1, 0);
    mock_send(p, &tally, 1000, 2000);
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    each_reported_once(2000);
    ck_assert_int_eq(tally.by_code[0], 1000);
    kafka_producer_free(p);
}
END_TEST

START_TEST(a_fatal_error_of_the_broker_is_survived)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    o.linger_ms = 200;
    struct kafka_producer *p = make(&o);
    ck_assert(mock_wait_ready(p));
    char before[64];
    name_of(p, before);
    rd_kafka_mock_push_request_errors(broker.cluster, MOCK_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID);
    rd_kafka_mock_push_request_errors(broker.cluster, MOCK_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    mock_send(p, &tally, 0, 500);
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    each_reported_once(500);
    ck_assert_str_ne(rd_kafka_name(kafka_producer_handle(p)), before);
    mock_send(p, &tally, 500, 600);
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    each_reported_once(600);
    ck_assert_int_ge(tally.by_code[0], 100);
    kafka_producer_free(p);
}
END_TEST

/* A caller may send again from within a report; that message belongs to the new client. */
static struct kafka_producer *resending;
static int resent[1000];

static void resend(void *arg, void *opaque, int error, const char *reason)
{
    int i = (int)((int *)opaque - tally.reports);
    tally_delivery(arg, opaque, error, reason);
    if (error == ERR_UNAVAILABLE && resent[i]++ == 0) {
        struct kafka_message m = small();
        m.opaque = opaque;
        ck_assert_int_eq(kafka_producer_send(resending, &m, NULL), 0);
    }
}

START_TEST(what_is_sent_from_a_report_is_not_lost)
{
    struct kafka_producer_options o = mock_producer_options(&broker);
    struct err e = {0};
    o.linger_ms = 100;
    ck_assert_int_eq(kafka_producer_new(&resending, &o, resend, &tally, &e), 0);
    mock_send(resending, &tally, 0, 100);
    rd_kafka_test_fatal_error(kafka_producer_handle(resending), RD_KAFKA_RESP_ERR__FATAL, "test");
    ck_assert_uint_eq(kafka_producer_flush(resending, MOCK_PATIENCE_MS), 0);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(tally.reports[i], 2);
    }
    ck_assert_int_eq(tally.by_code[0], 100);
    kafka_producer_free(resending);
}
END_TEST

UNIT_CASE(producer)
{
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, every_message_is_acknowledged_once);
    tcase_add_test(tc, the_fd_tells_when_there_is_a_report);
    tcase_add_test(tc, the_library_s_threads_are_patient_when_asked);
    tcase_add_test(tc, a_full_budget_of_messages_refuses);
    tcase_add_test(tc, a_full_budget_of_bytes_refuses);
    tcase_add_test(tc, a_message_over_the_limit_is_refused_at_once);
    tcase_add_test(tc, headers_and_a_partition_the_topic_lacks);
    tcase_add_test(tc, the_breaker_opens_and_closes_by_itself);
    tcase_add_test(tc, without_any_broker_new_and_free_do_not_wait);
    tcase_add_loop_test(tc, a_refusal_of_the_broker_gets_its_code, 0,
                        (int)(sizeof refusals / sizeof refusals[0]));
    tcase_add_test(tc, a_refused_batch_blames_nobody);
    tcase_add_test(tc, a_fatal_error_is_survived);
    tcase_add_test(tc, a_fatal_error_of_the_broker_is_survived);
    tcase_add_test(tc, what_is_sent_from_a_report_is_not_lost);
}
