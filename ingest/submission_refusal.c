/* A request that is refused as a whole: counted, timed and answered. */
#include "ingest/submission_refusal.h"

#include "ingest/detail.h"
#include "ingest/ingest.h"

void submission_count_refusal(struct submission *s, const char *reason)
{
    struct ingest *in = s->front->ingest;
    metric_inc(in->instruments.refused_requests, METRIC_LABELS(reason));
    metric_observe(in->instruments.ingest_duration, NULL,
                   clock_seconds_since(in->clock, s->started_ns));
}

void submission_refuse_body(struct submission *s, int status, const char *code, const char *detail)
{
    submission_count_refusal(s, code);
    http_reply_error(s->exchange, status, code, detail, 0);
}

/* Every problem, in the shape of the route. */
static void reply_problems(struct submission *s, const struct reading_problems *problems)
{
    char sentence[DETAIL_SENTENCE_MAX];
    struct buf *text = &s->front->scratch;
    buf_clear(text);
    if (s->adapter->errors == HTTP_DETAIL) {
        detail_write(problems, text);
        http_reply(s->exchange, &(struct http_answer){.status = 422, .body = buf_view(text)});
        return;
    }
    verdicts_write_problems(problems, text);
    detail_sentence(&problems->item[0], sentence);
    http_reply_problem(s->exchange,
                       &(struct http_problem){.status = 422,
                                              .code = reading_problem_name(problems->item[0].code),
                                              .detail = sentence,
                                              .members = buf_view(text)});
}

void submission_refuse(struct submission *s, const struct reading_problems *problems)
{
    const struct reading_problem *first = &problems->item[0];
    const char *code = reading_problem_name(first->code);
    if (first->code == PROBLEM_SYNTAX || first->code == PROBLEM_DUPLICATE_FIELD) {
        char sentence[DETAIL_SENTENCE_MAX];
        detail_sentence(first, sentence);
        submission_refuse_body(s, 400, code, sentence);
        return;
    }
    submission_count_refusal(s, code);
    metric_inc(s->front->ingest->instruments.refused, METRIC_LABELS(code));
    reply_problems(s, problems);
}
