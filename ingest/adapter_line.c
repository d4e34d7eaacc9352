/* POST /api/v2/write and POST /write: Influx line protocol, a reading a line. */
#include <stdio.h>

#include "ingest/adapter.h"
#include "ingest/ingest.h"
#include "ingest/line_protocol.h"
#include "ingest/media_type.h"
#include "ingest/submission.h"
#include "ingest/submission_limits.h"

enum {
    SENTENCE_MAX = 320,
    LINE_EXTRA_BYTES = 32, /* that JSON and a made seq add to a line */
};

/* --- the request --- */

/* org, bucket, db, rp, u, p and consistency are InfluxDB's own: there is one place for readings
 * here, and keys come in headers. */
static bool take_precision(struct submission *s, enum line_unit *unit)
{
    bool old = s->adapter->errors == HTTP_INFLUX_1;
    unsigned count;
    struct span value = http_query_get(http_exchange_head(s->exchange)->query, "precision", &count);
    *unit = LINE_NS;
    if (count == 0 || value.len == 0 || (count == 1 && line_unit_find(value, old, unit)))
        return true;
    submission_refuse_body(s, 400, "precision",
                           old ? "precision must be given once: n, ns, u, us, ms, s, m or h"
                               : "precision must be given once: ns, us, ms or s");
    return false;
}

/* Comments and blank lines count too: the number of a line is that of its item. */
static bool check_size(struct submission *s, struct span body)
{
    size_t lines = line_count(body);
    if (lines > SUBMISSION_ITEMS_MAX) {
        submission_refuse_body(s, 413, "too_many_items", "a request may have at most 10000 lines");
        return false;
    }
    return submission_has_room(s, (unsigned)lines, body.len + lines * LINE_EXTRA_BYTES);
}

/* --- its lines --- */

/* Telegraf's older versions take "unable to parse" for a reason to give the points up. */
static void keep_reason(struct submission *s, unsigned line,
                        const struct reading_problems *problems)
{
    const struct reading_problem *first = &problems->item[0];
    struct buf *reason = submission_answer(s);
    if (reason->len > 0)
        return;
    if (first->code == PROBLEM_SYNTAX)
        buf_printf(reason, "unable to parse: line %u %s", line, first->message);
    else
        buf_printf(reason, "unable to parse: line %u: %s %s", line,
                   first->field[0] ? first->field : "the reading", first->message);
}

/* Before the first is published: a request is let in or refused as a whole. Reads a copy. */
static bool weigh_lines(struct submission *s, struct line_reader in)
{
    struct front *f = s->front;
    const struct reading_rules rules = submission_rules(s, READING_LINES);
    enum line_result result;
    if (!submission_weighs(s))
        return true;
    while ((result = line_next(&in, &f->reading, &rules, &f->problems)) != LINE_END)
        if (result == LINE_READING && !submission_weigh(s, f->reading.device_id))
            return false;
    return true;
}

static void take_lines(struct submission *s, struct line_reader *in)
{
    struct front *f = s->front;
    const struct reading_rules rules = submission_rules(s, READING_LINES);
    enum line_result result;
    while ((result = line_next(in, &f->reading, &rules, &f->problems)) != LINE_END) {
        s->part = in->part;
        if (result == LINE_BAD) {
            submission_reject(s, in->number - 1, &f->problems);
            keep_reason(s, in->number, &f->problems);
        } else if (!submission_publish(s, &f->reading, in->number - 1)) {
            return;
        }
    }
}

static void submit(struct submission *s, struct span body)
{
    struct line_reader in = {.rest = body};
    if (!take_precision(s, &in.unit) || !check_size(s, body) || !weigh_lines(s, in))
        return;
    s->batch = true;
    take_lines(s, &in);
    if (!s->pending)
        submission_refuse_body(s, 400, "no_lines", "the body holds no points");
}

/* --- the answer --- */

/* Why a body of which nothing was taken is refused. A bad line decides: it is what the sender can
 * mend. */
static int refusal_of(const struct pending *p, char reason[SENTENCE_MAX])
{
    if (p->answer.len > 0) {
        snprintf(reason, SENTENCE_MAX, "%.*s", (int)p->answer.len, p->answer.data);
        return 400;
    }
    if (p->error != 0) {
        snprintf(reason, SENTENCE_MAX, "Kafka refuses it: %s", p->reason);
        return 400;
    }
    snprintf(reason, SENTENCE_MAX, "the key is for none of these devices");
    return 403;
}

/* InfluxDB's clients throw a batch away at 400 and know no answer for a part of it, so what is
 * good decides, and the operator hears of the rest. */
static void answer(struct front *f, const struct pending *p)
{
    char reason[SENTENCE_MAX];
    const struct verdicts *v = &p->verdicts;
    bool none = v->accepted == 0;
    int status = refusal_of(p, reason);
    if (v->rejected > 0)
        log_event(f->ingest->log, none ? LOG_DEBUG : LOG_INFO, "lines_refused",
                  LOG_INT("refused", v->rejected), LOG_INT("accepted", v->accepted),
                  LOG_STR("first", reason));
    if (none)
        http_reply_error(p->exchange, status, NULL, reason, 0);
    else
        http_reply(p->exchange, &(struct http_answer){.status = 204});
}

const struct adapter adapter_write = {
    .method = HTTP_POST,
    .path = "/api/v2/write",
    .errors = HTTP_INFLUX,
    .takes = media_type_is_text,
    .takes_text = "text/plain or application/octet-stream",
    .status = 204,
    .submit = submit,
    .answer = answer,
};

const struct adapter adapter_write_1 = {
    .method = HTTP_POST,
    .path = "/write",
    .errors = HTTP_INFLUX_1,
    .takes = media_type_is_text,
    .takes_text = "text/plain or application/octet-stream",
    .status = 204,
    .submit = submit,
    .answer = answer,
};
