/* Query parameters of the older routes: read strictly, refused the way FastAPI refuses. */
#include "dashboard/query.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/num.h"
#include "common/base/timestamp.h"
#include "common/base/utf8.h"
#include "common/http/request.h"

/* Longer values cannot be numbers or times, so they are looked at as far as this only. */
struct value {
    char text[QUERY_INPUT_MAX];
    size_t len;
};

static struct span view(const struct value *v)
{
    return span_of(v->text, v->len);
}

/* False when the parameter is absent. What does not decode is left as it was sent. */
static bool find(const struct query *q, const char *name, struct value *out)
{
    unsigned count;
    struct span raw = http_query_get(q->raw, name, &count);
    if (count == 0)
        return false;
    if (raw.len > sizeof out->text)
        raw.len = sizeof out->text;
    long len = http_percent_decode(raw, true, out->text);
    if (len < 0) {
        memcpy(out->text, raw.p, raw.len);
        len = (long)raw.len;
    }
    out->len = (size_t)len;
    return true;
}

static void refuse(struct query *q, const char *name, const struct value *v, const char *type,
                   const char *message)
{
    if (q->problems == QUERY_PROBLEMS_MAX)
        return;
    struct query_problem *p = &q->problem[q->problems++];
    *p = (struct query_problem){.type = type, .parameter = name};
    snprintf(p->message, sizeof p->message, "%s", message);
    p->input_len = utf8_cut(view(v), sizeof p->input);
    memcpy(p->input, v->text, p->input_len);
}

/* As FastAPI takes it: with leading zeros, and a whole number that is too long for int64 is still
 * a whole number, beyond the limit. */
static bool parse_int(struct span text, int64_t *out)
{
    bool negative = text.len > 0 && text.p[0] == '-';
    struct span digits = span_of(text.p + negative, text.len - negative);
    for (size_t i = 0; i < digits.len; i++)
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return false;
    while (digits.len > 1 && digits.p[0] == '0')
        digits = span_of(digits.p + 1, digits.len - 1);
    if (!num_parse_i64(digits, 0, INT64_MAX, out))
        *out = INT64_MAX;
    *out = negative ? -*out : *out;
    return digits.len > 0;
}

int64_t query_int(struct query *q, const char *name, int64_t fallback, int64_t min, int64_t max)
{
    struct value v;
    int64_t n;
    char message[120];
    if (!find(q, name, &v))
        return fallback;
    if (!parse_int(view(&v), &n)) {
        refuse(q, name, &v, "int_parsing",
               "Input should be a valid integer, unable to parse string as an integer");
        return fallback;
    }
    if (n >= min && n <= max)
        return n;
    snprintf(message, sizeof message, "Input should be %s than or equal to %" PRId64,
             n < min ? "greater" : "less", n < min ? min : max);
    refuse(q, name, &v, n < min ? "greater_than_equal" : "less_than_equal", message);
    return fallback;
}

static bool parse_time(struct span text, int64_t *ms)
{
    char midnight[32];
    int64_t n;
    if (text.len == 10 && text.p[4] == '-') {
        int len = snprintf(midnight, sizeof midnight, "%.10sT00:00:00Z", text.p);
        return timestamp_parse(span_of(midnight, (size_t)len), ms);
    }
    if (!num_parse_i64(text, -INT64_C(99999999999), TIMESTAMP_MAX_MS, &n))
        return timestamp_parse(text, ms);
    *ms = n < INT64_C(100000000000) ? n * 1000 : n;
    return *ms >= TIMESTAMP_MIN_MS && *ms <= TIMESTAMP_MAX_MS;
}

int64_t query_time(struct query *q, const char *name, int64_t fallback)
{
    struct value v;
    int64_t ms;
    if (!find(q, name, &v))
        return fallback;
    if (parse_time(view(&v), &ms))
        return ms;
    refuse(q, name, &v, "datetime_parsing",
           "Input should be a valid datetime: RFC 3339, or seconds or milliseconds since 1970");
    return fallback;
}

void query_write_problems(const struct query *q, struct buf *out)
{
    buf_str(out, "{\"detail\":[");
    for (unsigned i = 0; i < q->problems; i++) {
        const struct query_problem *p = &q->problem[i];
        buf_printf(out, "%s{\"type\":\"%s\",\"loc\":[\"query\",\"%s\"],\"msg\":", i ? "," : "",
                   p->type, p->parameter);
        buf_json_string(out, span_str(p->message));
        buf_str(out, ",\"input\":");
        buf_json_string(out, span_of(p->input, p->input_len));
        buf_char(out, '}');
    }
    buf_str(out, "]}");
}
