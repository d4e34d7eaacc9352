/* A consumer group member behind the stream port. */
#include "common/kafka/consumer.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/xmalloc.h"
#include "common/kafka/lookup.h"
#include "common/kafka/membership.h"
#include "common/kafka/peek.h"

struct kafka_consumer {
    struct membership member;
    rd_kafka_message_t *messages[STREAM_BATCH_MAX]; /* owned until release */
    struct stream_record records[STREAM_BATCH_MAX];
    size_t held;
};

static uint64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock_monotonic_ms(&clock);
}

/* --- records --------------------------------------------------------------------------------- */

static struct span header_of(const rd_kafka_headers_t *headers, const char *name)
{
    const void *value;
    size_t len;
    if (rd_kafka_header_get_last(headers, name, &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        value) {
        return span_of(value, len);
    }
    return span_of(NULL, 0);
}

static struct stream_record record_of(rd_kafka_message_t *m)
{
    return (struct stream_record){
        .partition = m->partition,
        .offset = m->offset,
        .timestamp_ms = rd_kafka_message_timestamp(m, NULL),
        .key = span_of(m->key, m->key_len),
        .value = span_of(m->payload, m->len),
        .handle = m,
    };
}

/* The library reads them when it is asked first: some allocations, also where there are none. */
static struct stream_headers headers(void *self, const struct stream_record *r)
{
    (void)self;
    rd_kafka_headers_t *of_message;
    if (rd_kafka_message_headers(r->handle, &of_message) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return (struct stream_headers){.replay = span_of(NULL, 0)};
    }
    return (struct stream_headers){
        .traceparent = header_of(of_message, "traceparent"),
        .replay = header_of(of_message, "weir-replay"),
    };
}

/* Errors travel among the records; records of partitions that were taken away may still lie in the
 * queue. Neither is given out. */
static bool wanted(struct kafka_consumer *c, const rd_kafka_message_t *m)
{
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        membership_error(&c->member, m->err, rd_kafka_message_errstr(m));
        return false;
    }
    return positions_ours(&c->member.positions, m->partition);
}

static void release(void *self)
{
    struct kafka_consumer *c = self;
    for (size_t i = 0; i < c->held; i++) {
        rd_kafka_message_destroy(c->messages[i]);
    }
    c->held = 0;
    membership_released(&c->member);
}

/* Takes what is queued, up to the maximum, and keeps what is wanted. Returns how much there was. */
static ssize_t take_batch(struct kafka_consumer *c)
{
    ssize_t got =
        rd_kafka_consume_batch_queue(c->member.client.records, 0, c->messages, STREAM_BATCH_MAX);
    for (ssize_t i = 0; i < got; i++) {
        rd_kafka_message_t *m = c->messages[i];
        if (wanted(c, m)) {
            c->records[c->held] = record_of(m);
            c->messages[c->held++] = m;
        } else {
            rd_kafka_message_destroy(m);
        }
    }
    return got;
}

static bool take_records(struct kafka_consumer *c, struct stream_poll *out)
{
    if (!c->member.client.records || c->member.revoking) {
        return false;
    }
    while (c->held == 0) {
        if (take_batch(c) <= 0) {
            return false;
        }
    }
    c->member.holding = true;
    kafka_link_ok(c->member.client.link, now_ms());
    out->event = STREAM_RECORDS;
    out->records = c->records;
    out->count = c->held;
    return true;
}

/* --- the port -------------------------------------------------------------------------------- */

static void port_poll(void *self, bool want_records, int timeout_ms, struct stream_poll *out)
{
    struct kafka_consumer *c = self;
    out->event = STREAM_NOTHING;
    out->count = 0;
    out->records = NULL;
    err_clear(&out->err);
    if (want_records && c->held > 0) {
        release(c);
    }
    uint64_t until = now_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
    while (!membership_serve(&c->member, out) && !(want_records && take_records(c, out))) {
        uint64_t now = now_ms();
        commits_serve(&c->member.commits, now);
        if (now >= until) {
            return;
        }
        membership_rest(&c->member, want_records, now, until);
    }
}

static void revoke_done(void *self)
{
    struct kafka_consumer *c = self;
    membership_revoke_done(&c->member);
}

static void commit(void *self, int32_t partition, int64_t next_offset)
{
    struct kafka_consumer *c = self;
    positions_done(&c->member.positions, partition, next_offset);
}

static int position(void *self, int32_t partition, int64_t *next_offset, int64_t *log_start,
                    int64_t *log_end, struct err *e)
{
    struct kafka_consumer *c = self;
    struct position p;
    int rc = lookup_position(&c->member.client, &c->member.positions, partition, &p, e);
    if (rc < 0) {
        return rc;
    }
    *log_start = p.start;
    *next_offset = p.acked >= 0 ? p.acked : p.start;
    *log_end = p.end;
    return 0;
}

static int peek(void *self, struct stream_peek *items, size_t count, struct err *e)
{
    struct kafka_consumer *c = self;
    return kafka_peek(&c->member.client, items, count, e);
}

static int rewind_group(void *self, const struct stream_place *items, size_t count, struct err *e)
{
    struct kafka_consumer *c = self;
    return membership_rewind(&c->member, items, count, e);
}

static void rejoin(void *self)
{
    struct kafka_consumer *c = self;
    membership_rejoin(&c->member);
}

struct stream_port kafka_consumer_port(struct kafka_consumer *c)
{
    return (struct stream_port){
        .self = c,
        .poll = port_poll,
        .headers = headers,
        .release = release,
        .revoke_done = revoke_done,
        .commit = commit,
        .position = position,
        .peek = peek,
        .rewind = rewind_group,
        .rejoin = rejoin,
    };
}

/* --- making, asking, freeing ----------------------------------------------------------------- */

int kafka_consumer_new(struct kafka_consumer **out, const struct kafka_consumer_options *options,
                       struct err *e)
{
    struct kafka_consumer *c = xcalloc(1, sizeof *c);
    int rc = membership_init(&c->member, options, e);
    if (rc < 0) {
        kafka_consumer_free(c);
        return rc;
    }
    *out = c;
    return 0;
}

bool kafka_consumer_ready(struct kafka_consumer *c, char *why, size_t why_size)
{
    return membership_ready(&c->member, why, why_size);
}

bool kafka_consumer_free(struct kafka_consumer *c)
{
    if (!c) {
        return true;
    }
    release(c);
    bool closed = membership_deinit(&c->member);
    free(c);
    return closed;
}

struct rd_kafka_s *kafka_consumer_handle(struct kafka_consumer *c)
{
    return c->member.client.rk;
}
