/* A broker inside the test: librdkafka's mock cluster, and what most tests do with it. */
#include "tests/unit/kafka/mock.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>

#include "common/base/clock.h"

static const char *const topics[] = {"readings", NULL};

static void quiet(const rd_kafka_t *rk, int level, const char *facility, const char *message)
{
    (void)rk, (void)level, (void)facility, (void)message;
}

void mock_start(struct mock *m)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, quiet);
    m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    ck_assert_msg(m->rk != NULL, "%s", why);
    m->cluster = rd_kafka_mock_cluster_new(m->rk, 1);
    rd_kafka_mock_topic_create(m->cluster, topics[0], MOCK_PARTITIONS, 1);
    m->bootstrap = rd_kafka_mock_cluster_bootstraps(m->cluster);
}

void mock_stop(struct mock *m)
{
    rd_kafka_mock_cluster_destroy(m->cluster);
    rd_kafka_destroy(m->rk);
}

void mock_down(struct mock *m)
{
    rd_kafka_mock_broker_set_down(m->cluster, 1);
}

void mock_up(struct mock *m)
{
    rd_kafka_mock_broker_set_up(m->cluster, 1);
}

struct kafka_config mock_config(const struct mock *m)
{
    return (struct kafka_config){.bootstrap_servers = m->bootstrap, .client_id = "test"};
}

struct kafka_producer_options mock_producer_options(const struct mock *m)
{
    return (struct kafka_producer_options){
        .kafka = mock_config(m),
        .topics = topics,
        .linger_ms = 1,
        .delivery_timeout_ms = 5000,
        .max_messages = 20000,
        .max_bytes = 16 << 20,
    };
}

/* The mock waits 3 s at the first join, forgets who is silent for a session timeout meanwhile, and
 * waits a session timeout - 1 s at each later one. */
struct kafka_consumer_options mock_consumer_options(const struct mock *m, const char *group)
{
    static const struct kafka_property quick = {"fetch.wait.max.ms", "5"};
    struct kafka_consumer_options o = {
        .kafka = mock_config(m),
        .topic = topics[0],
        .group = group,
        .session_timeout_ms = 3300,
        .max_poll_interval_ms = 60000,
    };
    o.kafka.properties = &quick;
    o.kafka.property_count = 1;
    return o;
}

void tally_delivery(void *arg, void *opaque, int error, const char *reason)
{
    (void)reason;
    struct tally *t = arg;
    ++*(int *)opaque;
    t->by_code[-error]++;
    t->total++;
}

void mock_send(struct kafka_producer *p, struct tally *t, int from, int to)
{
    for (int i = from; i < to; i++) {
        char key[32], value[32];
        struct err e = {0};
        snprintf(key, sizeof key, "device-%d", i % 50);
        snprintf(value, sizeof value, "{\"n\":%d}", i);
        struct kafka_message m = {
            .partition = -1,
            .key = span_str(key),
            .value = span_str(value),
            .opaque = &t->reports[i],
        };
        ck_assert_msg(kafka_producer_send(p, &m, &e) == 0, "message %d: %s", i, e.message);
    }
}

void mock_fill(const struct mock *m, int count)
{
    static struct tally t;
    t = (struct tally){0};
    struct kafka_producer_options o = mock_producer_options(m);
    struct kafka_producer *p;
    struct err e = {0};
    ck_assert_int_eq(kafka_producer_new(&p, &o, tally_delivery, &t, &e), 0);
    mock_send(p, &t, 0, count);
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    ck_assert_int_eq(t.by_code[0], count);
    kafka_producer_free(p);
}

uint64_t mock_now_ms(void)
{
    struct clock clock = clock_system();
    return clock_monotonic_ms(&clock);
}

bool mock_wait_ready(struct kafka_producer *p)
{
    uint64_t end = mock_now_ms() + MOCK_PATIENCE_MS;
    while (!kafka_producer_ready(p, NULL, 0) && mock_now_ms() < end) {
        struct pollfd wait = {.fd = kafka_producer_fd(p), .events = POLLIN};
        poll(&wait, 1, 5);
        kafka_producer_poll(p);
    }
    return kafka_producer_ready(p, NULL, 0);
}
