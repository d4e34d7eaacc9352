/* What became of each item of a request. */
#include "ingest/verdicts.h"

#include <stdio.h>

#include "ingest/detail.h"

void verdicts_clear(struct verdicts *v)
{
    v->accepted = v->rejected = v->listed = 0;
    buf_clear(&v->errors);
}

void verdicts_deinit(struct verdicts *v)
{
    buf_deinit(&v->errors);
}

void verdicts_accept(struct verdicts *v)
{
    v->accepted++;
}

/* RFC 6901 writes "~" and "/" inside a name as "~0" and "~1". */
static void write_pointer(const char *field, struct buf *out)
{
    buf_str(out, field[0] ? "\"/" : "\"");
    for (const char *c = field; *c; c++) {
        if (*c == '~' || *c == '/')
            buf_str(out, *c == '~' ? "~0" : "~1");
        else if (*c == '"' || *c == '\\' || (unsigned char)*c < 0x20)
            buf_printf(out, "\\u%04x", (unsigned char)*c);
        else
            buf_char(out, *c);
    }
    buf_char(out, '"');
}

static void write_error(const struct verdict *why, struct buf *out)
{
    buf_printf(out, "\"code\":\"%s\",\"pointer\":", why->code);
    write_pointer(why->field, out);
    buf_str(out, ",\"detail\":");
    buf_json_string(out, span_str(why->detail));
    buf_char(out, '}');
}

void verdicts_reject(struct verdicts *v, const struct verdict *why)
{
    v->rejected++;
    if (v->listed == VERDICTS_LISTED_MAX)
        return;
    if (v->listed++ > 0)
        buf_char(&v->errors, ',');
    buf_printf(&v->errors, "{\"index\":%u,", why->index);
    write_error(why, &v->errors);
}

/* The byte that a syntax error names is one of the item. */
static void write_sentence(const struct reading_problem *p, char out[DETAIL_SENTENCE_MAX])
{
    if (p->code == PROBLEM_SYNTAX)
        snprintf(out, DETAIL_SENTENCE_MAX, "the item %s", p->message);
    else
        detail_sentence(p, out);
}

void verdicts_reject_reading(struct verdicts *v, unsigned index,
                             const struct reading_problems *problems)
{
    const struct reading_problem *first = &problems->item[0];
    char sentence[DETAIL_SENTENCE_MAX], detail[VERDICT_DETAIL_MAX];
    write_sentence(first, sentence);
    if (problems->count > 1)
        snprintf(detail, sizeof detail, "%.200s (and %u more)", sentence, problems->count - 1);
    else
        snprintf(detail, sizeof detail, "%s", sentence);
    const struct verdict why = {.index = index,
                                .code = reading_problem_name(first->code),
                                .field = first->field,
                                .detail = detail};
    verdicts_reject(v, &why);
}

void verdicts_write_problems(const struct reading_problems *problems, struct buf *out)
{
    char sentence[DETAIL_SENTENCE_MAX];
    buf_str(out, "\"errors\":[");
    for (unsigned i = 0; i < problems->count; i++) {
        const struct reading_problem *p = &problems->item[i];
        detail_sentence(p, sentence);
        buf_str(out, i > 0 ? ",{" : "{");
        write_error(&(struct verdict){.code = reading_problem_name(p->code),
                                      .field = p->field,
                                      .detail = sentence},
                    out);
    }
    buf_char(out, ']');
}

void verdicts_write(const struct verdicts *v, struct buf *out)
{
    buf_printf(out, "\"accepted\":%u,\"rejected\":%u", v->accepted, v->rejected);
    if (v->rejected > 0) {
        buf_str(out, ",\"errors\":[");
        buf_span(out, buf_view(&v->errors));
        buf_char(out, ']');
    }
}
