/* A yardstick: the least loop around librdkafka that sends what weir-ingest sends and sees every
 * report. Prints one line of JSON.
 *
 *   yard_produce SERVERS TOPIC SECONDS closed GROUPS EACH   GROUPS x EACH messages in flight; a
 * group is sent again when its last report comes yard_produce SERVERS TOPIC SECONDS paced RATE RATE
 * messages a second on a fixed plan
 */
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/hist.h"
#include "tests/bench/cpu_seconds.h"

enum { MESSAGES = 500, TEXT_MAX = 256, WARM_UP_MS = 500, DRAIN_MS = 10000 };

#define NS_PER_MS     UINT64_C(1000000)
#define NS_PER_SECOND UINT64_C(1000000000)

struct message {
    char key[32], value[TEXT_MAX];
    size_t key_len, value_len;
};

struct group {
    unsigned waiting; /* reports still to come */
};

struct loop {
    rd_kafka_t *rk;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    int fd; /* readable when the queue was empty and is not any more */
    struct message message[MESSAGES];
    uint64_t sent, reported, failed;
    struct group
        *groups; /* closed loop; NULL = paced, and then the opaque is the time of sending */
    unsigned each;
    struct hist latency_ns;
};

static struct loop loop;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

static void die(const char *why)
{
    fprintf(stderr, "yard_produce: %s\n", why);
    exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK) {
        die(why);
    }
}

/* What weir-ingest tells the library, so that only what is around it differs. */
static void open_producer(struct loop *l, const char *servers, const char *topic)
{
    static const uint64_t one = 1;
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", servers);
    set(conf, "acks", "all");
    set(conf, "enable.idempotence", "true");
    set(conf, "partitioner", "murmur2_random");
    set(conf, "linger.ms", "1");
    set(conf, "socket.nagle.disable", "true");
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    l->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!l->rk) {
        die(why);
    }
    l->topic = rd_kafka_topic_new(l->rk, topic, NULL);
    l->queue = rd_kafka_queue_get_main(l->rk);
    l->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    rd_kafka_queue_io_event_enable(l->queue, l->fd, &one, sizeof one);
}

/* As large as the records of weir-ingest for what post.lua sends. */
static void make_messages(struct loop *l)
{
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct message *m = &l->message[i];
        m->key_len = (size_t)snprintf(m->key, sizeof m->key, "bench-0-%u", i);
        m->value_len = (size_t)snprintf(
            m->value, sizeof m->value,
            "{\"device_id\":\"%s\",\"ts\":\"2026-11-21T10:00:00.%03uZ\",\"temperature_c\":%u.%02u,"
            "\"humidity\":4%u.5,\"seq\":%u,\"received_at\":\"2026-11-21T10:00:00.%03uZ\"}",
            m->key, i, 20 + i % 10, i % 100, i % 10, 100000 + i, i);
    }
}

static void send_one(struct loop *l, void *opaque)
{
    struct message *m = &l->message[l->sent++ % MESSAGES];
    if (rd_kafka_produce(l->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, m->value,
                         m->value_len, m->key, m->key_len, opaque) != 0) {
        die(rd_kafka_err2str(rd_kafka_last_error()));
    }
}

static void send_group(struct loop *l, struct group *g)
{
    g->waiting = l->each;
    for (unsigned i = 0; i < l->each; i++) {
        send_one(l, g);
    }
}

static void on_report(struct loop *l, const rd_kafka_message_t *message, uint64_t now, bool again)
{
    l->reported++;
    l->failed += message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!l->groups) {
        hist_add(&l->latency_ns, now - (uint64_t)(uintptr_t)message->_private);
        return;
    }
    struct group *g = message->_private;
    if (--g->waiting == 0 && again) {
        send_group(l, g);
    }
}

static void serve(struct loop *l, bool again)
{
    rd_kafka_event_t *event;
    const rd_kafka_message_t *message;
    uint64_t drained;
    if (read(l->fd, &drained, sizeof drained) < 0) {
        drained = 0; /* the time was up first */
    }
    while ((event = rd_kafka_queue_poll(l->queue, 0))) {
        uint64_t now = l->groups ? 0 : now_ns();
        while ((message = rd_kafka_event_message_next(event))) {
            on_report(l, message, now, again);
        }
        rd_kafka_event_destroy(event);
    }
}

static void wait_until(struct loop *l, uint64_t until)
{
    uint64_t now = now_ns(), left = until > now ? until - now : 0;
    struct timespec t = {.tv_sec = (time_t)(left / NS_PER_SECOND),
                         .tv_nsec = (long)(left % NS_PER_SECOND)};
    struct pollfd fd = {.fd = l->fd, .events = POLLIN};
    ppoll(&fd, 1, &t, NULL);
}

static void run_closed(struct loop *l, uint64_t until)
{
    while (now_ns() < until) {
        wait_until(l, until);
        serve(l, true);
    }
}

/* What is overdue is sent at once: nothing of the plan is left out. */
static void run_paced(struct loop *l, double rate, uint64_t until)
{
    uint64_t start = now_ns(), planned = 0;
    for (uint64_t now = start; now < until; now = now_ns()) {
        for (; (double)planned / rate * 1e9 <= (double)(now - start); planned++) {
            send_one(l, (void *)(uintptr_t)now_ns());
        }
        uint64_t next = start + (uint64_t)((double)planned / rate * 1e9);
        wait_until(l, next < until ? next : until);
        serve(l, false);
    }
}

static void drain(struct loop *l)
{
    uint64_t until = now_ns() + DRAIN_MS * NS_PER_MS;
    while (l->reported < l->sent && now_ns() < until) {
        wait_until(l, until);
        serve(l, false);
    }
}

static void run(struct loop *l, double rate, uint64_t until)
{
    if (l->groups) {
        run_closed(l, until);
    } else {
        run_paced(l, rate, until);
    }
}

/* Warms up, then measures. */
static void measure(struct loop *l, double rate, double seconds)
{
    run(l, rate, now_ns() + WARM_UP_MS * NS_PER_MS);
    hist_reset(&l->latency_ns);
    uint64_t before = l->reported, started = now_ns();
    double cpu = cpu_seconds();
    run(l, rate, started + (uint64_t)(seconds * 1e9));
    cpu = cpu_seconds() - cpu;
    double elapsed = (double)(now_ns() - started) / 1e9;
    uint64_t messages = l->reported - before;
    drain(l);
    if (l->failed > 0 || l->reported < l->sent) {
        die("not every message was acknowledged");
    }
    printf("{\"messages\":%llu,\"seconds\":%.3f,\"cpu_s\":%.4f,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
           (unsigned long long)messages, elapsed, cpu,
           (double)hist_quantile(&l->latency_ns, 0.5) / 1e6,
           (double)hist_quantile(&l->latency_ns, 0.99) / 1e6);
}

static void start_groups(struct loop *l, unsigned count, unsigned each)
{
    l->each = each;
    l->groups = calloc(count, sizeof *l->groups);
    for (unsigned i = 0; l->groups && i < count; i++) {
        send_group(l, &l->groups[i]);
    }
}

int main(int argc, char **argv)
{
    bool closed = argc == 7 && strcmp(argv[4], "closed") == 0;
    bool paced = argc == 6 && strcmp(argv[4], "paced") == 0;
    if (!closed && !paced) {
        fprintf(stderr, "usage: %s SERVERS TOPIC SECONDS closed GROUPS EACH | paced RATE\n",
                argv[0]);
        return 2;
    }
    open_producer(&loop, argv[1], argv[2]);
    make_messages(&loop);
    if (closed) {
        start_groups(&loop, (unsigned)strtoul(argv[5], NULL, 10),
                     (unsigned)strtoul(argv[6], NULL, 10));
    }
    measure(&loop, paced ? strtod(argv[5], NULL) : 0, strtod(argv[3], NULL));
    free(loop.groups);
    rd_kafka_queue_destroy(loop.queue);
    rd_kafka_topic_destroy(loop.topic);
    rd_kafka_destroy(loop.rk);
    close(loop.fd);
    return 0;
}
