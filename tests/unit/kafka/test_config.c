/* Properties: which are taken, which are refused, and what the operator is told. */
#include <string.h>

#include "common/kafka/config.h"
#include "common/kafka/producer.h"
#include "tests/unit/unit.h"

static void must_take(const char *name, const char *value)
{
    struct err e = {0};
    ck_assert_msg(kafka_property_check(name, value, &e) == 0, "%s=%s: %s", name, value, e.message);
}

static void must_refuse(const char *name, const char *value, const char *part_of_message)
{
    struct err e = {0};
    ck_assert_msg(kafka_property_check(name, value, &e) == ERR_INVALID, "%s=%s was taken", name,
                  value);
    ck_assert_msg(strstr(e.message, name) != NULL, "%s is not in: %s", name, e.message);
    ck_assert_msg(strstr(e.message, part_of_message) != NULL, "%s", e.message);
}

START_TEST(takes_what_is_harmless)
{
    must_take("compression.type", "lz4");
    must_take("security.protocol", "sasl_ssl");
    must_take("sasl.password", "s3cret");
    must_take("batch.size", "65536");
    must_take("group.instance.id", "worker-1");
    must_take("session.timeout.ms", "30000");
    must_take("fetch.wait.max.ms", "10");
    must_take("message.max.bytes", "2000000");
}
END_TEST

START_TEST(refuses_what_breaks_the_guarantee)
{
    must_refuse("acks", "all", "every replica");
    must_refuse("request.required.acks", "1", "every replica");
    must_refuse("enable.idempotence", "false", "every replica");
    must_refuse("retries", "0", "lost");
    must_refuse("message.send.max.retries", "0", "lost");
    must_refuse("partitioner", "random", "one partition");
    must_refuse("queuing.strategy", "lifo", "order");
    must_refuse("delivery.report.only.error", "true", "report");
    must_refuse("enable.auto.commit", "true", "durable");
    must_refuse("auto.commit.enable", "true", "durable");
    must_refuse("enable.auto.offset.store", "true", "durable");
    must_refuse("auto.offset.reset", "latest", "skips");
    must_refuse("partition.assignment.strategy", "cooperative-sticky", "librdkafka");
    must_refuse("test.mock.num.brokers", "1", "pretends");
    must_refuse("transactional.id", "x", "transactions");
}
END_TEST

START_TEST(refuses_what_has_a_setting_of_its_own)
{
    must_refuse("bootstrap.servers", "a:1", "setting");
    must_refuse("metadata.broker.list", "a:1", "setting");
    must_refuse("group.id", "g", "setting");
    must_refuse("message.timeout.ms", "1", "setting");
    must_refuse("queue.buffering.max.messages", "1", "setting");
}
END_TEST

START_TEST(refuses_unknown_names_and_bad_values)
{
    must_refuse("no.such.property", "1", "not a property");
    must_refuse("compression.type", "rar", "rar");
    must_refuse("socket.timeout.ms", "soon", "Invalid");
    must_refuse("socket.timeout.ms", "-5", "range");
}
END_TEST

static void nobody(void *arg, void *opaque, int error, const char *reason)
{
    (void)arg, (void)opaque, (void)error, (void)reason;
    ck_abort_msg("a report nobody waits for");
}

static int make_producer_with(const char *name, const char *value, struct err *e)
{
    static const char *const topics[] = {"readings", NULL};
    struct kafka_property property = {name, value};
    struct kafka_producer_options o = {
        .kafka = {.bootstrap_servers = "127.0.0.1:1",
                  .client_id = "test",
                  .properties = &property,
                  .property_count = 1},
        .topics = topics,
        .delivery_timeout_ms = 1000,
        .max_messages = 10,
        .max_bytes = 1000,
    };
    struct kafka_producer *p = NULL;
    int rc = kafka_producer_new(&p, &o, nobody, NULL, e);
    kafka_producer_free(p);
    return rc;
}

START_TEST(a_client_refuses_what_the_check_refuses)
{
    struct err e = {0};
    ck_assert_int_eq(make_producer_with("acks", "1", &e), ERR_INVALID);
    ck_assert_msg(strstr(e.message, "acks") != NULL, "%s", e.message);
}
END_TEST

START_TEST(a_client_refuses_properties_that_do_not_fit_together)
{
    struct err e = {0};
    ck_assert_int_eq(make_producer_with("ssl.ca.location", "/nonexistent/ca.pem", &e), 0);
    err_clear(&e);
    ck_assert_int_eq(make_producer_with("linger.ms", "900000", &e), ERR_INVALID);
    ck_assert_msg(strstr(e.message, "ms") != NULL, "%s", e.message);
}
END_TEST

UNIT_CASE(config)
{
    tcase_add_test(tc, takes_what_is_harmless);
    tcase_add_test(tc, refuses_what_breaks_the_guarantee);
    tcase_add_test(tc, refuses_what_has_a_setting_of_its_own);
    tcase_add_test(tc, refuses_unknown_names_and_bad_values);
    tcase_add_test(tc, a_client_refuses_what_the_check_refuses);
    tcase_add_test(tc, a_client_refuses_properties_that_do_not_fit_together);
}
