/* The librdkafka client inside a producer, and how one takes the place of another. */
#include "common/kafka/producer_client.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/xmalloc.h"
#include "common/kafka/client.h"

enum {
    CLOSE_MS = 5000, /* how long deinit waits for the library */
    REVIVE_MS = 1000,
    LIBRARY_MESSAGES_MAX = 10000000,
    LIBRARY_MESSAGE_BYTES = 1000000, /* its default for message.max.bytes */
};

/* The library's own limits lie above our budget, which is the one that counts: a message leaves
 * ours when its report is handled, the library's a little later. */
static rd_kafka_conf_t *make_conf(const struct kafka_producer_options *o, struct err *e)
{
    char linger[16], timeout[16], messages[16], kbytes[24], largest[16];
    unsigned long long kib = o->max_bytes / 512 + 1024;
    unsigned count = o->max_messages < LIBRARY_MESSAGES_MAX / 4 ? o->max_messages * 2 + 1000
                                                                : LIBRARY_MESSAGES_MAX;
    snprintf(linger, sizeof linger, "%d", o->linger_ms);
    snprintf(timeout, sizeof timeout, "%d", o->delivery_timeout_ms);
    snprintf(messages, sizeof messages, "%u", count);
    snprintf(kbytes, sizeof kbytes, "%llu", kib < INT_MAX ? kib : INT_MAX);
    snprintf(largest, sizeof largest, "%d",
             o->max_message_bytes ? o->max_message_bytes : LIBRARY_MESSAGE_BYTES);
    const struct kafka_property ours[] = {
        {"acks", "all"},
        {"enable.idempotence", "true"},
        {"partitioner", "murmur2_random"},
        {"linger.ms", linger},
        {"message.timeout.ms", timeout},
        {"request.timeout.ms", timeout},
        {"queue.buffering.max.messages", messages},
        {"queue.buffering.max.kbytes", kbytes},
        {"message.max.bytes", largest},
    };
    rd_kafka_conf_t *conf = kafka_client_conf(&o->kafka, ours, sizeof ours / sizeof ours[0], e);
    if (conf) {
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    }
    return conf;
}

static int open_client(struct producer_client *c, struct err *e)
{
    rd_kafka_t *rk;
    int rc = kafka_client_new(&rk, RD_KAFKA_PRODUCER, c->conf, c->link, e);
    if (rc < 0) {
        return rc;
    }
    rc = kafka_companion_start(&c->companion, rk, (const char *const *)c->topics, c->link, e);
    if (rc < 0) {
        return rc;
    }
    c->rk = rk;
    c->queue = rd_kafka_queue_get_main(rk);
    kafka_client_wake_on(c->queue, c->fd);
    return 0;
}

/* Reports that the library still holds are never seen: the queue they lie in is given up. */
static void close_client(struct producer_client *c, int wait_ms)
{
    if (!c->companion) {
        return;
    }
    rd_kafka_queue_io_event_enable(c->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(c->queue);
    rd_kafka_purge(c->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                              RD_KAFKA_PURGE_F_NON_BLOCKING);
    kafka_companion_stop(c->companion, false, wait_ms); /* late is harmless: nobody waits for it */
    c->companion = NULL;
    c->queue = NULL;
    c->rk = NULL;
}

static char **copy_topics(const char *const *topics)
{
    unsigned count = 0;
    while (topics[count]) {
        count++;
    }
    char **copy = xcalloc(count + 1, sizeof *copy);
    for (unsigned i = 0; i < count; i++) {
        copy[i] = xstrdup(topics[i]);
    }
    return copy;
}

int producer_client_init(struct producer_client *c, const struct kafka_producer_options *options,
                         struct err *e)
{
    *c = (struct producer_client){
        .topics = copy_topics(options->topics),
        .link = kafka_link_new(options->kafka.log, options->kafka.log_arg),
        .fd = kafka_client_eventfd(e),
    };
    if (c->fd < 0) {
        return ERR_IO;
    }
    c->conf = make_conf(options, e);
    return c->conf ? open_client(c, e) : ERR_INVALID;
}

void producer_client_deinit(struct producer_client *c)
{
    kafka_link_mute(c->link);
    close_client(c, CLOSE_MS);
    for (unsigned i = 0; c->topics[i]; i++) {
        free(c->topics[i]);
    }
    free(c->topics);
    if (c->conf) {
        rd_kafka_conf_destroy(c->conf);
    }
    if (c->fd >= 0) {
        close(c->fd);
    }
    kafka_link_unref(c->link);
}

static bool reopen(struct producer_client *c, uint64_t now_ms)
{
    struct err e = {0};
    c->opened_at = now_ms;
    if (open_client(c, &e) < 0) {
        kafka_link_failed(c->link, now_ms, e.message);
        kafka_link_log(c->link, 2, "REVIVE", e.message);
        return false;
    }
    return true;
}

bool producer_client_replace(struct producer_client *c, uint64_t now_ms)
{
    close_client(c, 0);
    return reopen(c, now_ms);
}

bool producer_client_revive(struct producer_client *c, uint64_t now_ms)
{
    if (!c->companion && now_ms - c->opened_at >= REVIVE_MS) {
        reopen(c, now_ms);
    }
    return c->companion != NULL;
}
