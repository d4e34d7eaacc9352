/* An idempotent producer whose delivery reports arrive on the caller's event loop. */
#include "common/kafka/producer.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/sabotage.h"
#include "common/base/xmalloc.h"
#include "common/kafka/client.h"
#include "common/kafka/deliveries.h"
#include "common/kafka/producer_client.h"

struct kafka_producer {
    struct producer_client client;
    struct deliveries in_flight;
    unsigned delivery_timeout_ms;
    kafka_delivery_fn on_delivery;
    void *arg;  /* borrowed */
    bool fatal; /* the client is dead: replaced at the end of the poll */
    /* What others may see of in_flight. */
    atomic_uint shown_count;
    atomic_size_t shown_bytes;
};

static uint64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock_monotonic_ms(&clock);
}

static void show(struct kafka_producer *p)
{
    atomic_store_explicit(&p->shown_count, p->in_flight.count, memory_order_relaxed);
    atomic_store_explicit(&p->shown_bytes, p->in_flight.bytes, memory_order_relaxed);
}

/* --- delivery reports ------------------------------------------------------------------------ */

/* What a report means to the sender. A refused batch does not say which of its messages is too
 * large: only a message that was alone in it is known to be. */
static int verdict(rd_kafka_resp_err_t code, size_t batch)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return ERR_OK;
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
        return ERR_TIMEOUT;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return batch == 1 ? ERR_TOO_LARGE : ERR_UNAVAILABLE;
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
        return batch == 1 ? ERR_INVALID : ERR_UNAVAILABLE;
    default:
        return ERR_UNAVAILABLE;
    }
}

/* No broker took a message for the whole delivery timeout, or could not be reached. */
static void note_failure(struct kafka_producer *p, uint64_t since, const char *why)
{
    if (kafka_link_failed(p->client.link, since, why)) {
        kafka_companion_nudge(p->client.companion);
    }
}

static void note_outcome(struct kafka_producer *p, rd_kafka_resp_err_t code, const char *why)
{
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_link_ok(p->client.link, now_ms());
    } else if (code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) {
        uint64_t now = now_ms();
        note_failure(p, now > p->delivery_timeout_ms ? now - p->delivery_timeout_ms : 1, why);
    }
}

/* One event holds the messages of one batch, so they share their fate. What a dead client failed
 * stays in flight until the next one is there: see replace_client. */
static void on_reports(struct kafka_producer *p, rd_kafka_event_t *event)
{
    size_t batch = rd_kafka_event_message_count(event);
    const rd_kafka_message_t *message;
    rd_kafka_resp_err_t last = RD_KAFKA_RESP_ERR__NOENT; /* of no report */
    const char *reason = NULL;
    while ((message = rd_kafka_event_message_next(event))) {
        if (message->err != last) {
            last = message->err;
            reason = rd_kafka_err2str(last);
            note_outcome(p, last, reason);
        }
        if (p->fatal && message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            continue;
        }
        void *opaque = deliveries_remove(&p->in_flight, message->_private);
        p->on_delivery(p->arg, opaque, verdict(message->err, batch), reason);
    }
}

static void on_error(struct kafka_producer *p, rd_kafka_event_t *event)
{
    if (rd_kafka_event_error_is_fatal(event)) {
        p->fatal = true;
    } else if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        note_failure(p, now_ms(), rd_kafka_event_error_string(event));
    }
}

static void serve(struct kafka_producer *p)
{
    rd_kafka_event_t *event;
    while (p->client.queue && (event = rd_kafka_queue_poll(p->client.queue, 0))) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
            on_reports(p, event);
        } else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
            on_error(p, event);
        }
        rd_kafka_event_destroy(event);
    }
}

static void fail_all(struct kafka_producer *p, const char *reason)
{
    struct deliveries gone;
    deliveries_init(&gone, 0, 0);
    deliveries_move(&p->in_flight, &gone);
    while (gone.oldest) {
        void *opaque = deliveries_remove(&gone, gone.oldest);
        p->on_delivery(p->arg, opaque, ERR_UNAVAILABLE, reason);
    }
    deliveries_deinit(&gone);
}

/* The new client is in place before anyone is told, so that the one told can send again. */
static void replace_client(struct kafka_producer *p)
{
    char why[200], reason[256];
    kafka_client_fatal(p->client.rk, why, sizeof why);
    snprintf(reason, sizeof reason, "the producer had to be replaced: %s", why);
    p->fatal = false;
    producer_client_replace(&p->client, now_ms());
    fail_all(p, reason);
}

/* The queue is drained to its end even when the client is dead: it may hold good news. */
void kafka_producer_poll(struct kafka_producer *p)
{
    kafka_client_eventfd_drain(p->client.fd);
    serve(p);
    if (p->fatal) {
        replace_client(p);
    }
    show(p);
}

/* --- sending --------------------------------------------------------------------------------- */

static int full(struct err *e)
{
    return err_set(e, ERR_FULL, "too many messages are waiting for the broker");
}

static int send_error(rd_kafka_resp_err_t code, struct err *e)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return 0;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
        return full(e);
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return err_set(e, ERR_TOO_LARGE, "the message is larger than message.max.bytes");
    default:
        return err_set(e, ERR_UNAVAILABLE, "%s", rd_kafka_err2str(code));
    }
}

/* The library takes the headers only when it takes the message. */
static rd_kafka_resp_err_t produce_with_headers(struct kafka_producer *p, rd_kafka_topic_t *rkt,
                                                int32_t partition, const struct kafka_message *m,
                                                struct delivery *one)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(m->header_count);
    for (unsigned i = 0; i < m->header_count; i++) {
        const struct kafka_header *h = &m->headers[i];
        rd_kafka_header_add(headers, h->name, -1, h->value.p, (ssize_t)h->value.len);
    }
    rd_kafka_resp_err_t code = rd_kafka_producev(
        p->client.rk, RD_KAFKA_V_RKT(rkt), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY((void *)m->key.p, m->key.len),
        RD_KAFKA_V_VALUE((void *)m->value.p, m->value.len), RD_KAFKA_V_OPAQUE(one),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_headers_destroy(headers);
    }
    return code;
}

static rd_kafka_resp_err_t produce(struct kafka_producer *p, const struct kafka_message *m,
                                   struct delivery *one)
{
    rd_kafka_topic_t *rkt = kafka_companion_topic(p->client.companion, m->topic);
    int32_t known = kafka_companion_partitions(p->client.companion, m->topic);
    bool exists = m->partition >= 0 && (known == 0 || m->partition < known);
    int32_t partition = exists ? m->partition : RD_KAFKA_PARTITION_UA;
    if (m->header_count > 0) {
        return produce_with_headers(p, rkt, partition, m, one);
    }
    int rc = rd_kafka_produce(rkt, partition, RD_KAFKA_MSG_F_COPY, (void *)m->value.p, m->value.len,
                              m->key.p, m->key.len, one);
    return rc == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();
}

static int check_breaker(struct kafka_producer *p, struct err *e)
{
    if (!p->client.companion && !producer_client_revive(&p->client, now_ms())) {
        return err_set(e, ERR_UNAVAILABLE, "no Kafka client could be made");
    }
    if (kafka_producer_breaker_open(p)) {
        return err_set(e, ERR_UNAVAILABLE, "no broker has answered for %llu ms",
                       (unsigned long long)kafka_link_down_ms(p->client.link, now_ms()));
    }
    return 0;
}

int kafka_producer_may_send(struct kafka_producer *p, unsigned messages, size_t bytes,
                            struct err *e)
{
    if (!deliveries_could_fit(&p->in_flight, messages, bytes)) {
        return err_set(e, ERR_TOO_LARGE, "more than can ever wait for the broker");
    }
    int rc = check_breaker(p, e);
    if (SABOTAGED(BREAK_DROP_ON_FULL_QUEUE))
        return rc; /* and what does not fit then is dropped by who sends it */
    return rc == 0 && !deliveries_fit(&p->in_flight, messages, bytes) ? full(e) : rc;
}

static size_t message_bytes(const struct kafka_message *m)
{
    size_t bytes = m->key.len + m->value.len;
    for (unsigned i = 0; i < m->header_count; i++) {
        bytes += m->headers[i].value.len;
    }
    return bytes;
}

int kafka_producer_send(struct kafka_producer *p, const struct kafka_message *m, struct err *e)
{
    int rc = check_breaker(p, e);
    if (rc < 0) {
        return rc;
    }
    struct delivery *one = deliveries_add(&p->in_flight, message_bytes(m), m->opaque);
    if (!one) {
        return full(e);
    }
    rc = send_error(produce(p, m, one), e);
    if (rc < 0) {
        deliveries_remove(&p->in_flight, one);
    }
    show(p);
    return rc;
}

/* --- the rest -------------------------------------------------------------------------------- */

int kafka_producer_new(struct kafka_producer **out, const struct kafka_producer_options *options,
                       kafka_delivery_fn on_delivery, void *arg, struct err *e)
{
    struct kafka_producer *p = xcalloc(1, sizeof *p);
    p->on_delivery = on_delivery;
    p->arg = arg;
    p->delivery_timeout_ms = (unsigned)options->delivery_timeout_ms;
    deliveries_init(&p->in_flight, options->max_messages, options->max_bytes);
    int rc = producer_client_init(&p->client, options, e);
    if (rc < 0) {
        kafka_producer_free(p);
        return rc;
    }
    *out = p;
    return 0;
}

void kafka_producer_free(struct kafka_producer *p)
{
    if (!p) {
        return;
    }
    serve(p);
    producer_client_deinit(&p->client);
    fail_all(p, "the producer is closing");
    deliveries_deinit(&p->in_flight);
    free(p);
}

int kafka_producer_fd(const struct kafka_producer *p)
{
    return p->client.fd;
}

unsigned kafka_producer_in_flight(const struct kafka_producer *p)
{
    return atomic_load_explicit(&p->shown_count, memory_order_relaxed);
}

size_t kafka_producer_in_flight_bytes(const struct kafka_producer *p)
{
    return atomic_load_explicit(&p->shown_bytes, memory_order_relaxed);
}

/* Looks at the clock only while something is wrong. */
bool kafka_producer_breaker_open(const struct kafka_producer *p)
{
    return kafka_link_down_ms(p->client.link, 0) > 0 &&
           kafka_link_down_ms(p->client.link, now_ms()) >= p->delivery_timeout_ms;
}

bool kafka_producer_ready(const struct kafka_producer *p, char *why, size_t why_size)
{
    return kafka_link_ready(p->client.link, why, why_size);
}

void kafka_producer_set_patient(struct kafka_producer *p, bool patient)
{
    kafka_threads_set_patient(kafka_link_threads(p->client.link), patient);
}

unsigned kafka_producer_flush(struct kafka_producer *p, int timeout_ms)
{
    uint64_t end = now_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
    kafka_producer_poll(p);
    for (uint64_t now = now_ms(); p->in_flight.count > 0 && now < end; now = now_ms()) {
        struct pollfd wait = {.fd = p->client.fd, .events = POLLIN};
        poll(&wait, 1, (int)(end - now));
        kafka_producer_poll(p);
    }
    return p->in_flight.count;
}

struct rd_kafka_s *kafka_producer_handle(struct kafka_producer *p)
{
    return p->client.rk;
}
