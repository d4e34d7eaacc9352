/* Committing positions to Kafka: one request at a time, at most two a second. */
#include "common/kafka/commits.h"

#include "common/base/clock.h"
#include "common/kafka/client.h"

enum { INTERVAL_MS = 500 };

void commits_open(struct commits *c, rd_kafka_t *rk, int fd)
{
    c->rk = rk;
    c->queue = rd_kafka_queue_new(rk);
    c->in_flight = false;
    kafka_client_wake_on(c->queue, fd);
}

void commits_close(struct commits *c)
{
    if (c->queue) {
        rd_kafka_queue_io_event_enable(c->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(c->queue);
    }
    c->queue = NULL;
    c->rk = NULL;
}

static bool dirty(const struct commits *c)
{
    return positions_next_dirty(c->positions, 0) >= 0;
}

static void send_dirty(struct commits *c, uint64_t now_ms)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    int32_t p = -1;
    while ((p = positions_next_dirty(c->positions, p + 1)) >= 0) {
        rd_kafka_topic_partition_list_add(list, c->topic, p)->offset = c->positions->list[p].done;
    }
    c->sent_at = now_ms;
    c->in_flight =
        rd_kafka_commit_queue(c->rk, list, c->queue, NULL, NULL) == RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_topic_partition_list_destroy(list);
}

/* A failed commit changes nothing: its positions stay dirty and are sent again. */
static bool take_answer(struct commits *c, int timeout_ms)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(c->queue, timeout_ms);
    if (!event) {
        return false;
    }
    bool ok = false;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT) {
        c->in_flight = false;
        ok = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_topic_partition_list_t *list = ok ? rd_kafka_event_topic_partition_list(event) : NULL;
    for (int i = 0; list && i < list->cnt; i++) {
        if (list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            positions_acked(c->positions, list->elems[i].partition, list->elems[i].offset);
        }
    }
    rd_kafka_event_destroy(event);
    return ok;
}

void commits_serve(struct commits *c, uint64_t now_ms)
{
    if (!c->queue) {
        return;
    }
    if (c->in_flight) {
        take_answer(c, 0);
    }
    if (!c->in_flight && dirty(c) && now_ms - c->sent_at >= INTERVAL_MS) {
        send_dirty(c, now_ms);
    }
}

uint64_t commits_due_at(const struct commits *c)
{
    return c->queue && !c->in_flight && dirty(c) ? c->sent_at + INTERVAL_MS : UINT64_MAX;
}

bool commits_flush(struct commits *c, int timeout_ms)
{
    struct clock clock = clock_system();
    uint64_t now = clock_monotonic_ms(&clock), end = now + (uint64_t)timeout_ms;
    bool answered = true;
    while (c->queue && answered && (c->in_flight || dirty(c)) && now < end) {
        if (!c->in_flight) {
            send_dirty(c, now);
        }
        answered = take_answer(c, (int)(end - now));
        now = clock_monotonic_ms(&clock);
    }
    return !c->in_flight && !dirty(c);
}

/* The commit on its way comes first: the broker takes them in order. */
static rd_kafka_resp_err_t await_answer(struct commits *c, uint64_t end_ms)
{
    struct clock clock = clock_system();
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    for (uint64_t now; c->in_flight && (now = clock_monotonic_ms(&clock)) < end_ms;) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(c->queue, (int)(end_ms - now));
        if (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT) {
            c->in_flight = false;
            code = rd_kafka_event_error(event);
        }
        if (event) {
            rd_kafka_event_destroy(event);
        }
    }
    return code;
}

int commits_rewind(struct commits *c, const rd_kafka_topic_partition_list_t *list, int timeout_ms,
                   struct err *e)
{
    struct clock clock = clock_system();
    uint64_t end_ms = clock_monotonic_ms(&clock) + (uint64_t)timeout_ms;
    if (!c->queue) {
        return err_set(e, ERR_UNAVAILABLE, "the consumer has no client");
    }
    await_answer(c, end_ms);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (!c->in_flight) {
        code = rd_kafka_commit_queue(c->rk, list, c->queue, NULL, NULL);
        c->in_flight = code == RD_KAFKA_RESP_ERR_NO_ERROR;
        code = c->in_flight ? await_answer(c, end_ms) : code;
    }
    return code ? err_set(e, ERR_UNAVAILABLE, "setting the group back: %s", rd_kafka_err2str(code))
                : 0;
}
