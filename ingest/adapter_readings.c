/* POST /api/v1/readings: one reading, an array of them, or one on each line. */
#include "common/base/json.h"
#include "ingest/media_type.h"
#include "ingest/submission.h"
#include "ingest/submission_limits.h"

_Static_assert((int)BATCH_LINES_MAX <= (int)PENDING_ITEMS_MAX,
               "the number of a line goes into a ticket");

/* --- one ----------------------------------------------------------------------------------- */

static void submit_one(struct submission *s, struct span body)
{
    char hex[READING_ID_HEX + 1];
    struct reading *r = submission_decode(s, body, READING_STRICT);
    if (!r)
        return;
    submission_publish(s, r, 0);
    const struct reading_id id = reading_id(r);
    reading_id_hex(&id, hex);
    buf_printf(submission_answer(s), "{\"accepted\":1,\"rejected\":0,\"id\":\"%s\"}", hex);
}

/* --- many ---------------------------------------------------------------------------------- */

static void answer_none(const struct pending *p, struct buf *text)
{
    char detail[80];
    snprintf(detail, sizeof detail, "none of the %u readings was accepted", p->verdicts.rejected);
    verdicts_write(&p->verdicts, text);
    http_reply_problem(p->exchange, &(struct http_problem){.status = 422,
                                                           .code = "none_accepted",
                                                           .detail = detail,
                                                           .members = buf_view(text)});
}

static void answer_many(struct front *f, const struct pending *p)
{
    struct buf *text = &f->scratch;
    buf_clear(text);
    if (p->verdicts.accepted == 0) {
        answer_none(p, text);
        return;
    }
    buf_char(text, '{');
    verdicts_write(&p->verdicts, text);
    buf_char(text, '}');
    http_reply(p->exchange, &(struct http_answer){.status = p->verdicts.rejected > 0 ? 207 : 202,
                                                  .body = buf_view(text)});
}

static const struct adapter many = {.errors = HTTP_PROBLEM, .answer = answer_many};

/* Before the first is published: a request is let in or refused as a whole. */
static bool weigh_all(struct submission *s, const struct batch *batch)
{
    struct front *f = s->front;
    const struct reading_rules rules = submission_rules(s, READING_STRICT);
    for (unsigned i = 0; submission_weighs(s) && i < batch->items; i++)
        if (reading_decode(&f->reading, batch->item[i].json, &rules, &f->problems) == 0 &&
            !submission_weigh(s, f->reading.device_id))
            return false;
    return true;
}

/* In their order, so that readings of one device, which share a partition, keep theirs. */
static void publish_all(struct submission *s, const struct batch *batch)
{
    struct front *f = s->front;
    const struct reading_rules rules = submission_rules(s, READING_STRICT);
    for (unsigned i = 0; i < batch->items; i++) {
        const struct batch_item *item = &batch->item[i];
        if (reading_decode(&f->reading, item->json, &rules, &f->problems) != 0)
            submission_reject(s, item->index, &f->problems);
        else if (!submission_publish(s, &f->reading, item->index))
            return;
    }
}

/* Nothing is published before the whole body is known to be JSON, and to fit. */
static void submit_many(struct submission *s, struct span body, int rc, const struct err *e)
{
    const struct batch *batch = &s->front->batch;
    if (rc == ERR_TOO_LARGE)
        submission_refuse_body(s, 413, "too_many_items", e->message);
    else if (rc != 0)
        submission_refuse_body(s, 400, "syntax", e->message);
    else if (batch->items == 0)
        submission_refuse_body(s, 422, "empty", "the body holds no reading");
    else if (submission_has_room(s, batch->items, body.len) && weigh_all(s, batch)) {
        s->batch = true;
        s->adapter = &many;
        publish_all(s, batch);
    }
}

static bool is_array(struct span body)
{
    struct json_reader r;
    json_reader_init(&r, body.p, body.len);
    return json_next(&r) == JSON_TOKEN_ARRAY_BEGIN;
}

static void submit(struct submission *s, struct span body)
{
    struct batch *batch = &s->front->batch;
    struct err e = {0};
    if (media_type_is_json_lines(http_exchange_head(s->exchange)->content_type))
        submit_many(s, body, batch_of_lines(batch, body, SUBMISSION_ITEMS_MAX, &e), &e);
    else if (is_array(body))
        submit_many(s, body, batch_of_array(batch, body, SUBMISSION_ITEMS_MAX, &e), &e);
    else
        submit_one(s, body);
}

const struct adapter adapter_readings = {
    .method = HTTP_POST,
    .path = "/api/v1/readings",
    .errors = HTTP_PROBLEM,
    .takes = media_type_is_json_or_lines,
    .takes_text = "application/json or application/x-ndjson",
    .status = 202,
    .submit = submit,
};
