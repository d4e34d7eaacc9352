/* One request on its way: from its body through an adapter to the producer. */
#include "ingest/submission.h"

#include <stdio.h>

#include "common/base/sabotage.h"
#include "ingest/detail.h"
#include "ingest/gunzip.h"
#include "ingest/ingest.h"
#include "ingest/media_type.h"
#include "ingest/submission_limits.h"

/* --- devices that a key is not for --- */

static const char FORBIDDEN[] = "the key is not for this device";

static bool admit_device(struct submission *s, struct span device_id)
{
    if (admission_device(&s->admission, device_id))
        return true;
    admission_count_forbidden(s->front);
    submission_refuse_body(s, 403, "forbidden", FORBIDDEN);
    return false;
}

static void forbid(struct submission *s, struct pending *p, unsigned index)
{
    admission_count_forbidden(s->front);
    metric_inc(s->front->ingest->instruments.refused, METRIC_LABELS("forbidden"));
    verdicts_reject(&p->verdicts, &(struct verdict){.index = index,
                                                    .code = "forbidden",
                                                    .field = "device_id",
                                                    .detail = FORBIDDEN});
}

/* --- the request --- */

/* Printable ASCII: it goes into the record as it is. */
static bool is_good_key(struct span key)
{
    for (size_t i = 0; i < key.len; i++)
        if (key.p[i] < 0x20 || key.p[i] > 0x7e)
            return false;
    return key.len > 0 && key.len <= IDEMPOTENCY_KEY_MAX;
}

/* RFC 9110 section 15.5.16: the answer says which codings there are. */
static bool refuse_coding(struct submission *s)
{
    submission_count_refusal(s, "content_encoding");
    http_reply_problem(s->exchange, &(struct http_problem){
                                        .status = 415,
                                        .code = "content_encoding",
                                        .detail = "Content-Encoding must be gzip, identity or "
                                                  "absent, and only one",
                                        .headers = "Accept-Encoding: gzip, identity\r\n",
                                    });
    return false;
}

static bool check_head(struct submission *s)
{
    const struct http_head *head = http_exchange_head(s->exchange);
    char text[160];
    if (media_coding_of(head->content_encoding) == CODING_OTHER)
        return refuse_coding(s);
    if (!s->adapter->takes(head->content_type)) {
        snprintf(text, sizeof text, "Content-Type must be %s", s->adapter->takes_text);
        submission_refuse_body(s, 415, "content_type", text);
        return false;
    }
    s->key = http_head_get(head, "Idempotency-Key");
    if (s->key.p && !is_good_key(s->key)) {
        submission_refuse_body(s, 400, "idempotency_key",
                               "Idempotency-Key must have 1 to 240 printable ASCII characters");
        return false;
    }
    return true;
}

/* The body without its coding. */
static bool take_body(struct submission *s, struct span *body)
{
    struct front *f = s->front;
    const struct gunzip_limits limits = gunzip_limits((size_t)f->ingest->settings->max_body_bytes);
    struct err e = {0};
    *body = http_exchange_body(s->exchange);
    if (media_coding_of(http_exchange_head(s->exchange)->content_encoding) == CODING_IDENTITY)
        return true;
    int rc = gunzip_decode(f->gunzip, *body, &limits, &f->inflated, &e);
    *body = buf_view(&f->inflated);
    if (rc == ERR_TOO_LARGE)
        submission_refuse_body(s, 413, "body_too_large", e.message);
    else if (rc != 0)
        submission_refuse_body(s, 400, "gzip", e.message);
    return rc == 0;
}

static struct submission begin(struct http_exchange *ex, const struct bound_adapter *bound)
{
    const struct clock *clock = bound->front->ingest->clock;
    return (struct submission){.front = bound->front,
                               .adapter = bound->adapter,
                               .exchange = ex,
                               .started_ns = clock_monotonic_ns(clock),
                               .now_ms = clock_wall_ms(clock)};
}

/* What the head decides: the key, its rate, and whether Kafka has room. */
static bool admit(struct submission *s)
{
    struct front *f = s->front;
    if (!admission_check(f, s->exchange, &s->admission) || !submission_weigh_key(s))
        return false;
    int rc = http_exchange_admitted(s->exchange)
                 ? 0 /* its "100 Continue" was a promise */
                 : front_may_take(f, http_exchange_head(s->exchange)->content_length);
    if (rc != 0)
        front_refuse(f, s->exchange, rc);
    return rc == 0;
}

bool submission_admit(struct http_exchange *ex, void *arg)
{
    struct submission s = begin(ex, arg);
    return admit(&s);
}

static void count_records(const struct submission *s)
{
    const struct instruments *i = &s->front->ingest->instruments;
    if (s->records > 0)
        metric_add(i->records, NULL, s->records);
    if (s->ignored_fields > 0)
        metric_add(i->ignored_fields, NULL, s->ignored_fields);
}

void submission_handle(struct http_exchange *ex, void *arg)
{
    struct submission s = begin(ex, arg);
    struct span body;
    /* The key is asked for again when the body came later: it may have been revoked. */
    if (!admit(&s) || !check_head(&s) || !take_body(&s, &body))
        return;
    if (tracing_take(&s.front->tracing, http_exchange_head(ex)))
        s.tracing = &s.front->tracing;
    s.adapter->submit(&s, body);
    count_records(&s);
    if (s.pending)
        pending_seal(s.pending);
}

struct reading_rules submission_rules(const struct submission *s, enum reading_mode mode)
{
    return (struct reading_rules){.mode = mode,
                                  .now_ms = s->now_ms,
                                  .max_future_skew_ms =
                                      s->front->ingest->settings->max_future_skew_ms};
}

struct reading *submission_decode(struct submission *s, struct span json, enum reading_mode mode)
{
    struct front *f = s->front;
    const struct reading_rules rules = submission_rules(s, mode);
    if (reading_decode(&f->reading, json, &rules, &f->problems) == 0)
        return admit_device(s, f->reading.device_id) && submission_weigh(s, f->reading.device_id)
                   ? &f->reading
                   : NULL;
    submission_refuse(s, &f->problems);
    return NULL;
}

static struct pending *open_pending(struct submission *s)
{
    if (s->pending)
        return s->pending;
    s->pending = pending_open(s->front->pending, s->exchange, s->adapter, s->started_ns);
    if (s->tracing)
        snprintf(s->pending->trace_id, sizeof s->pending->trace_id, "%.*s", TRACE_ID_LEN,
                 trace_parent_id(s->tracing->parent).p);
    return s->pending;
}

/* A retry must be the same document. Where the server gives the time, a retry would get another
 * one, so the record carries a key: the client's, with the number of the item when there are
 * several, or one that makes it at least a record of its own. */
static void name_reading(struct submission *s, struct reading *r, unsigned index)
{
    char *key = s->key_text;
    int len = 0;
    if (s->key.len > 0 && !s->batch) {
        r->key = s->key;
        return;
    }
    if (s->key.len > 0 && s->part > 0)
        len = snprintf(key, sizeof s->key_text, "%.*s/%u.%u", (int)s->key.len, s->key.p, index,
                       s->part);
    else if (s->key.len > 0)
        len = snprintf(key, sizeof s->key_text, "%.*s/%u", (int)s->key.len, s->key.p, index);
    else if (r->ts_from_server)
        len = snprintf(key, sizeof s->key_text, "%016llx",
                       (unsigned long long)rng_u64(&s->front->rng));
    if (len > 0)
        r->key = span_of(key, (size_t)len);
}

/* A record has the time of receipt and a stamp in full beside what its reading has. */
enum { RECORD_EXTRA_BYTES = 64 };

bool submission_has_room(struct submission *s, unsigned items, size_t bytes)
{
    struct front *f = s->front;
    size_t records = bytes + (size_t)items * RECORD_EXTRA_BYTES;
    int rc = kafka_producer_may_send(f->producer, items, records, NULL);
    if (rc == ERR_TOO_LARGE) {
        char text[160];
        snprintf(text, sizeof text,
                 "%u readings at once are more than can ever wait for Kafka here: %u, and %zu "
                 "bytes; send fewer at a time",
                 items, f->max_messages, f->max_bytes);
        submission_refuse_body(s, 413, "batch_too_large", text);
    } else if (rc != 0) {
        front_refuse(f, s->exchange, rc);
    }
    return rc == 0;
}

static int send_record(struct submission *s, const struct reading *r, void *ticket, struct err *e)
{
    struct front *f = s->front;
    struct kafka_header header[TRACING_HEADERS_MAX];
    buf_clear(&f->scratch);
    reading_encode(r, &f->scratch);
    const struct kafka_message m = {.topic = 0,
                                    .partition = -1,
                                    .key = r->device_id,
                                    .value = buf_view(&f->scratch),
                                    .headers = header,
                                    .header_count =
                                        s->tracing ? tracing_headers(s->tracing, header) : 0,
                                    .opaque = ticket};
    return kafka_producer_send(f->producer, &m, e);
}

static void count_record(struct submission *s, const struct reading *r)
{
    const struct instruments *i = &s->front->ingest->instruments;
    s->records++;
    s->ignored_fields += r->ignored;
    if (!r->ts_from_server)
        metric_observe(i->clock_skew, NULL, (double)(s->now_ms - r->ts_ms) / 1e3);
}

bool submission_publish(struct submission *s, struct reading *r, unsigned index)
{
    struct err e = {0};
    struct pending *p = open_pending(s);
    if (!admission_device(&s->admission, r->device_id)) {
        forbid(s, p, index);
        return true;
    }
    name_reading(s, r, index);
    r->received_at_ms = s->now_ms;
    count_record(s, r);
    submission_charge(s, r->device_id);
    void *ticket = pending_expect(p, index);
    int rc = send_record(s, r, ticket, &e);
    if (rc == ERR_FULL && SABOTAGED(BREAK_DROP_ON_FULL_QUEUE))
        submission_delivered(s->front, ticket, 0, NULL);
    else if (rc != 0)
        submission_delivered(s->front, ticket, rc, e.message);
    return !pending_is_transient(p->error);
}

void submission_reject(struct submission *s, unsigned index,
                       const struct reading_problems *problems)
{
    const char *code = reading_problem_name(problems->item[0].code);
    metric_inc(s->front->ingest->instruments.refused, METRIC_LABELS(code));
    verdicts_reject_reading(&open_pending(s)->verdicts, index, problems);
}

struct buf *submission_answer(struct submission *s)
{
    return &s->pending->answer;
}

/* --- the answer --- */

void submission_delivered(void *arg, void *opaque, int error, const char *reason)
{
    struct front *f = arg;
    struct ingest *in = f->ingest;
    if (error != 0)
        metric_inc(in->instruments.publish_errors, NULL);
    pending_settle(f->pending, opaque, error, reason);
}

/* The one reading of the request is something that Kafka will never take. */
static void answer_refused(struct front *f, const struct pending *p)
{
    const struct adapter *adapter = p->adapter;
    const char *reason = p->reason;
    bool too_large = p->error == ERR_TOO_LARGE;
    const char *code = too_large ? "too_large" : "kafka";
    metric_inc(f->ingest->instruments.refused, METRIC_LABELS(code));
    metric_inc(f->ingest->instruments.refused_requests, METRIC_LABELS(code));
    if (too_large) {
        http_reply_error(p->exchange, 413, "too_large", "the reading is too large for Kafka", 0);
    } else if (adapter->errors == HTTP_DETAIL) {
        buf_clear(&f->scratch);
        detail_write_refused(reason, &f->scratch);
        http_reply(p->exchange,
                   &(struct http_answer){.status = 422, .body = buf_view(&f->scratch)});
    } else {
        http_reply_error(p->exchange, 422, "kafka", reason, 0);
    }
}

static void answer_one(struct front *f, const struct pending *p)
{
    const struct adapter *adapter = p->adapter;
    if (p->error != 0)
        answer_refused(f, p);
    else
        http_reply(p->exchange,
                   &(struct http_answer){.status = adapter->status, .body = buf_view(&p->answer)});
}

/* Once a request, however many of its readings failed. */
static void log_failure(struct log *log, const struct pending *p)
{
    log_event(log, LOG_WARN, "delivery_failed", LOG_STR("error", err_name(p->error)),
              LOG_STR("reason", p->reason),
              LOG_STR("request_id", http_exchange_request_id(p->exchange)),
              LOG_STR("trace_id", p->trace_id[0] ? p->trace_id : NULL));
}

void submission_finish(void *arg, struct pending *p)
{
    struct front *f = arg;
    struct ingest *in = f->ingest;
    const struct adapter *adapter = p->adapter;
    const double seconds = clock_seconds_since(in->clock, p->started_ns);
    metric_observe(in->instruments.ingest_duration, NULL, seconds);
    metric_add(in->instruments.ingested, NULL, p->verdicts.accepted);
    if (p->error != 0)
        log_failure(in->log, p);
    if (pending_is_transient(p->error)) {
        front_refuse(f, p->exchange, p->error);
        return;
    }
    if (p->verdicts.accepted > 0)
        metric_observe(in->instruments.delivery_duration, NULL, seconds);
    (adapter->answer ? adapter->answer : answer_one)(f, p);
}
