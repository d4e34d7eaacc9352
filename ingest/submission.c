/* One request on its way: from its body through an adapter to the producer. */
#include "ingest/submission.h"

#include "ingest/detail.h"
#include "ingest/ingest.h"
#include "ingest/media_type.h"

/* How long a device should wait before it tries again, in seconds; spread, so that a fleet does
 * not come back in one moment. */
enum { RETRY_MIN_S = 1, RETRY_SPREAD_S = 4 };

static int retry_after_s(struct ingest *in)
{
    return RETRY_MIN_S + (int)rng_below(&in->rng, RETRY_SPREAD_S);
}

static void observe_duration(struct ingest *in, struct metric *f, uint64_t started_ns)
{
    metric_observe(f, NULL, (double)(clock_monotonic_ns(in->clock) - started_ns) / 1e9);
}

/* --- refusing --- */

static void count_refusal(struct submission *s, const char *reason)
{
    metric_inc(s->ingest->instruments.refused, METRIC_LABELS(reason));
    observe_duration(s->ingest, s->ingest->instruments.ingest_duration, s->started_ns);
}

static void refuse(struct submission *s, int status, const char *code, const char *detail)
{
    count_refusal(s, code);
    http_reply_error(s->exchange, status, code, detail, 0);
}

void submission_refuse(struct submission *s, const struct reading_problems *problems)
{
    const struct reading_problem *first = &problems->item[0];
    const char *code = reading_problem_name(first->code);
    if (first->code == PROBLEM_SYNTAX || first->code == PROBLEM_DUPLICATE_FIELD) {
        char sentence[DETAIL_SENTENCE_MAX];
        detail_sentence(first, sentence);
        refuse(s, 400, code, sentence);
        return;
    }
    count_refusal(s, code);
    struct buf *body = &s->ingest->scratch;
    buf_clear(body);
    detail_write(problems, body);
    http_reply(s->exchange, &(struct http_answer){.status = 422, .body = buf_view(body)});
}

/* --- the request --- */

/* Printable ASCII, at most READING_KEY_MAX bytes: it goes into the record as it is. */
static bool is_good_key(struct span key)
{
    for (size_t i = 0; i < key.len; i++)
        if (key.p[i] < 0x20 || key.p[i] > 0x7e)
            return false;
    return key.len > 0 && key.len <= READING_KEY_MAX;
}

static bool check_head(struct submission *s)
{
    const struct http_head *head = http_exchange_head(s->exchange);
    char text[160];
    if (!media_type_is_plain(head->content_encoding)) {
        refuse(s, 415, "content_encoding", "Content-Encoding must be identity or absent");
        return false;
    }
    if (!s->adapter->takes(head->content_type)) {
        snprintf(text, sizeof text, "Content-Type must be %s", s->adapter->takes_text);
        refuse(s, 415, "content_type", text);
        return false;
    }
    s->key = http_head_get(head, "Idempotency-Key");
    if (s->key.p && !is_good_key(s->key)) {
        refuse(s, 400, "idempotency_key",
               "Idempotency-Key must have 1 to 255 printable ASCII characters");
        return false;
    }
    return true;
}

void submission_handle(struct http_exchange *ex, void *arg)
{
    const struct bound_adapter *bound = arg;
    struct ingest *in = bound->ingest;
    struct submission s = {.ingest = in,
                           .adapter = bound->adapter,
                           .exchange = ex,
                           .started_ns = clock_monotonic_ns(in->clock),
                           .now_ms = clock_wall_ms(in->clock)};
    if (!check_head(&s))
        return;
    s.adapter->submit(&s, http_exchange_body(ex));
    if (s.pending)
        pending_seal(s.pending);
}

struct reading *submission_decode(struct submission *s, struct span json, enum reading_mode mode)
{
    struct ingest *in = s->ingest;
    const struct reading_rules rules = {
        .mode = mode, .now_ms = s->now_ms, .max_future_skew_ms = in->settings->max_future_skew_ms};
    if (reading_decode(&in->reading, json, &rules, &in->problems) == 0)
        return &in->reading;
    submission_refuse(s, &in->problems);
    return NULL;
}

/* A retry must be the same document. Where the server gives the time, a retry would get another
 * one, so the record carries a key: the client's, or one that makes it at least a record of its
 * own. */
static void name_reading(struct submission *s, struct reading *r, char key[RANDOM_KEY_MAX])
{
    if (s->key.len > 0) {
        r->key = s->key;
    } else if (r->ts_from_server) {
        int len =
            snprintf(key, RANDOM_KEY_MAX, "%016llx", (unsigned long long)rng_u64(&s->ingest->rng));
        r->key = span_of(key, (size_t)len);
    }
}

static int send_record(struct submission *s, const struct reading *r, struct err *e)
{
    struct ingest *in = s->ingest;
    buf_clear(&in->scratch);
    reading_encode(r, &in->scratch);
    const struct kafka_message m = {.topic = 0,
                                    .partition = -1,
                                    .key = r->device_id,
                                    .value = buf_view(&in->scratch),
                                    .opaque = s->pending};
    return kafka_producer_send(in->producer, &m, e);
}

void submission_publish(struct submission *s, struct reading *r)
{
    struct ingest *in = s->ingest;
    char key[RANDOM_KEY_MAX];
    struct err e = {0};
    if (!s->pending)
        s->pending = pending_open(in->pending, s->exchange, s->adapter, s->started_ns);
    name_reading(s, r, key);
    r->received_at_ms = s->now_ms;
    metric_inc(in->instruments.records, NULL);
    if (r->ignored > 0)
        metric_add(in->instruments.ignored_fields, NULL, r->ignored);
    pending_expect(s->pending);
    int rc = send_record(s, r, &e);
    if (rc != 0)
        submission_delivered(in, s->pending, rc, e.message);
}

struct buf *submission_answer(struct submission *s)
{
    return &s->pending->answer;
}

/* --- the answer --- */

void submission_delivered(void *arg, void *opaque, int error, const char *reason)
{
    struct ingest *in = arg;
    if (error != 0) {
        metric_inc(in->instruments.publish_errors, NULL);
        log_event(in->log, LOG_WARN, "delivery_failed", LOG_STR("error", err_name(error)),
                  LOG_STR("reason", reason));
    }
    pending_settle(opaque, error, reason);
}

static void answer_refused(struct ingest *in, const struct pending *p)
{
    metric_inc(in->instruments.refused, METRIC_LABELS("kafka"));
    buf_clear(&in->scratch);
    detail_write_refused(p->reason, &in->scratch);
    http_reply(p->exchange, &(struct http_answer){.status = 422, .body = buf_view(&in->scratch)});
}

static void answer_failure(struct ingest *in, const struct pending *p)
{
    switch (p->error) {
    case ERR_TOO_LARGE:
        metric_inc(in->instruments.refused, METRIC_LABELS("too_large"));
        http_reply_error(p->exchange, 413, "too_large", "the reading is too large for Kafka", 0);
        break;
    case ERR_INVALID:
        answer_refused(in, p);
        break;
    case ERR_FULL:
        http_reply_error(p->exchange, 503, "queue_full",
                         "too many readings wait for Kafka; send it again", retry_after_s(in));
        break;
    case ERR_TIMEOUT:
        http_reply_error(p->exchange, 503, "kafka_timeout",
                         "Kafka did not acknowledge in time; send it again", retry_after_s(in));
        break;
    default:
        http_reply_error(p->exchange, 503, "kafka_unavailable",
                         "Kafka is not available; send it again", retry_after_s(in));
    }
}

void submission_finish(void *arg, struct pending *p)
{
    struct ingest *in = arg;
    const struct adapter *adapter = p->adapter;
    observe_duration(in, in->instruments.ingest_duration, p->started_ns);
    if (p->error != 0) {
        answer_failure(in, p);
        return;
    }
    observe_duration(in, in->instruments.delivery_duration, p->started_ns);
    metric_add(in->instruments.ingested, NULL, p->readings);
    http_reply(p->exchange,
               &(struct http_answer){.status = adapter->status, .body = buf_view(&p->answer)});
}
