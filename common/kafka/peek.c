/* A look at single records of a log, by a client of its own that joins no group. */
#include "common/kafka/peek.h"

#include "common/base/clock.h"
#include "common/kafka/client.h"

enum { PEEK_MS = 4000 };

static uint64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock_monotonic_ms(&clock);
}

static rd_kafka_t *open_client(struct group_client *g, struct err *e)
{
    char why[200];
    rd_kafka_t *rk = NULL;
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(g->conf);
    rd_kafka_conf_set(conf, "enable.partition.eof", "true", why, sizeof why);
    rd_kafka_conf_set(conf, "queued.min.messages", "1", why, sizeof why);
    rd_kafka_conf_set(conf, "fetch.message.max.bytes", "65536", why, sizeof why);
    int rc = kafka_client_new(&rk, RD_KAFKA_CONSUMER, conf, g->link, e);
    rd_kafka_conf_destroy(conf);
    if (rc == 0)
        rd_kafka_poll_set_consumer(rk);
    return rc == 0 ? rk : NULL;
}

static int assign(rd_kafka_t *rk, const char *topic, const struct stream_peek *items, size_t count,
                  struct err *e)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic, items[i].partition)->offset =
            items[i].offset;
    rd_kafka_resp_err_t code = rd_kafka_assign(rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? err_set(e, ERR_UNAVAILABLE, "peek: %s", rd_kafka_err2str(code)) : 0;
}

/* The first message of a partition decides: its record, a later one (it is gone), or the end. */
static bool take(const rd_kafka_message_t *m, struct stream_peek *item)
{
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
               m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
               m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET;
    item->found = m->offset == item->offset;
    if (item->found)
        item->hash = stream_record_hash(span_of(m->key, m->key_len), span_of(m->payload, m->len),
                                        rd_kafka_message_timestamp(m, NULL));
    return true;
}

static int collect(rd_kafka_t *rk, struct stream_peek *items, size_t count, struct err *e)
{
    bool done[STREAM_PARTITIONS_MAX] = {false};
    uint64_t end = now_ms() + PEEK_MS;
    size_t left = count;
    while (left > 0) {
        uint64_t now = now_ms();
        if (now >= end)
            return err_set(e, ERR_UNAVAILABLE, "the last records in the ledger were not read");
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, (int)(end - now));
        for (size_t i = 0; m && i < count; i++) {
            if (items[i].partition == m->partition && !done[i] && take(m, &items[i])) {
                done[i] = true;
                left--;
            }
        }
        if (m)
            rd_kafka_message_destroy(m);
    }
    return 0;
}

int kafka_peek(struct group_client *g, struct stream_peek *items, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++)
        items[i].found = false;
    if (count == 0)
        return 0;
    if (count > STREAM_PARTITIONS_MAX)
        return err_set(e, ERR_TOO_LARGE, "peek at %zu partitions", count);
    rd_kafka_t *rk = open_client(g, e);
    if (!rk)
        return ERR_UNAVAILABLE;
    int rc = assign(rk, g->topic, items, count, e);
    if (rc == 0)
        rc = collect(rk, items, count, e);
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return rc;
}
