/* Conditions on the result: a table of metrics, a strict parser, and the comparison. */
#include "tools/load/fail_if.h"

#include <math.h>
#include <string.h>

#include "common/base/num.h"
#include "tools/load/figures.h"

enum kind { KIND_COUNT, KIND_RATE, KIND_LATENCY, KIND_LATENESS };

struct fail_metric {
    const char *name;
    enum kind kind;
    double quantile;                          /* KIND_LATENCY and KIND_LATENESS; < 0 = mean */
    uint64_t (*count)(const struct stats *s); /* KIND_COUNT */
};

static uint64_t sent(const struct stats *s)
{
    return s->sent;
}

static const struct fail_metric metrics[] = {
    {"p50", KIND_LATENCY, 0.5, NULL},
    {"p90", KIND_LATENCY, 0.9, NULL},
    {"p95", KIND_LATENCY, 0.95, NULL},
    {"p99", KIND_LATENCY, 0.99, NULL},
    {"p99.9", KIND_LATENCY, 0.999, NULL},
    {"p99.99", KIND_LATENCY, 0.9999, NULL},
    {"max", KIND_LATENCY, 1, NULL},
    {"mean", KIND_LATENCY, -1, NULL},
    {"late_p99", KIND_LATENESS, 0.99, NULL},
    {"late_max", KIND_LATENESS, 1, NULL},
    {"rate", KIND_RATE, 0, NULL},
    {"sent", KIND_COUNT, 0, sent},
    {"accepted", KIND_COUNT, 0, stats_accepted},
    {"refused", KIND_COUNT, 0, stats_refused},
    {"errors", KIND_COUNT, 0, stats_errors},
};
enum { METRICS = sizeof metrics / sizeof metrics[0] };

const char *fail_if_metrics(void)
{
    return "p50, p90, p95, p99, p99.9, p99.99, max, mean, late_p99, late_max, rate, sent, "
           "accepted, refused, errors";
}

static const char *const operators[] = {
    [FAIL_LESS] = "<",           [FAIL_LESS_EQUAL] = "<=", [FAIL_GREATER] = ">",
    [FAIL_GREATER_EQUAL] = ">=", [FAIL_EQUAL] = "==",
};
enum { OPERATORS = sizeof operators / sizeof operators[0] };

static struct span trim(struct span s)
{
    while (s.len > 0 && *s.p == ' ') {
        s = span_of(s.p + 1, s.len - 1);
    }
    while (s.len > 0 && s.p[s.len - 1] == ' ') {
        s.len--;
    }
    return s;
}

/* Takes the run of characters that are (or are not) operator characters from the front. */
static struct span take(struct span *s, bool operator_characters)
{
    size_t len = 0;
    while (len < s->len && (strchr("<>=!", s->p[len]) != NULL) == operator_characters) {
        len++;
    }
    struct span taken = span_of(s->p, len);
    *s = span_of(s->p + len, s->len - len);
    return trim(taken);
}

static const struct fail_metric *find_metric(struct span name)
{
    for (size_t i = 0; i < METRICS; i++) {
        if (span_is(name, metrics[i].name)) {
            return &metrics[i];
        }
    }
    return NULL;
}

static bool find_operator(struct span text, enum fail_operator *op)
{
    for (size_t i = 0; i < OPERATORS; i++) {
        if (span_is(text, operators[i])) {
            *op = (enum fail_operator)i;
            return true;
        }
    }
    return false;
}

/* "50ms" and "2.5ms" in nanoseconds. */
static bool parse_latency(struct span text, double *ns)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    size_t digits = 0;
    while (digits < text.len && (text.p[digits] < 'a' || text.p[digits] > 'z')) {
        digits++;
    }
    struct span unit = span_of(text.p + digits, text.len - digits);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (span_is(unit, units[i].name) && num_parse_json(span_of(text.p, digits), ns)) {
            *ns *= units[i].ns;
            return isfinite(*ns) && *ns >= 0;
        }
    }
    return false;
}

static int parse_limit(struct fail_if *f, struct span text, struct err *e)
{
    int64_t count;
    switch (f->metric->kind) {
    case KIND_LATENCY:
    case KIND_LATENESS:
        if (!parse_latency(text, &f->limit)) {
            return err_set(e, ERR_INVALID,
                           "%s needs a time such as 50ms, 2.5ms, 800us or 1s, not '%.*s'",
                           f->metric->name, (int)text.len, text.p);
        }
        return 0;
    case KIND_RATE:
        if (!num_parse_json(text, &f->limit) || !isfinite(f->limit) || f->limit < 0) {
            return err_set(e, ERR_INVALID, "rate needs a number (requests a second), not '%.*s'",
                           (int)text.len, text.p);
        }
        return 0;
    case KIND_COUNT:
        break;
    }
    if (!num_parse_i64(text, 0, INT64_C(1) << 53, &count)) {
        return err_set(e, ERR_INVALID, "%s needs a whole number, not '%.*s'", f->metric->name,
                       (int)text.len, text.p);
    }
    f->limit = (double)count;
    return 0;
}

int fail_if_parse(struct fail_if *f, struct span text, struct err *e)
{
    struct span rest = text;
    struct span name = take(&rest, false);
    struct span op = take(&rest, true);
    *f = (struct fail_if){.text = text, .metric = find_metric(name)};
    if (!f->metric) {
        return err_set(e, ERR_INVALID, "'%.*s': unknown metric '%.*s'; there are %s", (int)text.len,
                       text.p, (int)name.len, name.p, fail_if_metrics());
    }
    if (!find_operator(op, &f->op)) {
        return err_set(e, ERR_INVALID, "'%.*s': expected one of < <= > >= == after %s",
                       (int)text.len, text.p, f->metric->name);
    }
    return parse_limit(f, trim(rest), e);
}

static const struct hist *hist_of(const struct fail_metric *m, const struct stats *s)
{
    return m->kind == KIND_LATENCY ? &s->latency_ns : &s->lateness_ns;
}

static double value_of(const struct fail_metric *m, const struct stats *s)
{
    switch (m->kind) {
    case KIND_COUNT:
        return (double)m->count(s);
    case KIND_RATE:
        return stats_rate(s);
    default:
        return m->quantile < 0 ? hist_mean(hist_of(m, s))
                               : (double)hist_quantile(hist_of(m, s), m->quantile);
    }
}

static bool compare(double value, enum fail_operator op, double limit)
{
    switch (op) {
    case FAIL_LESS:
        return value < limit;
    case FAIL_LESS_EQUAL:
        return value <= limit;
    case FAIL_GREATER:
        return value > limit;
    case FAIL_GREATER_EQUAL:
        return value >= limit;
    default:
        return value == limit;
    }
}

static void append_value(struct buf *out, const struct fail_metric *m, double value)
{
    if (m->kind == KIND_COUNT) {
        buf_printf(out, "%.0f", value);
    } else if (m->kind == KIND_RATE) {
        buf_printf(out, "%.2f/s", value);
    } else {
        figures_time(out, (uint64_t)value);
    }
}

bool fail_if_holds(const struct fail_if *f, const struct stats *s, struct buf *why)
{
    if (f->metric->kind == KIND_LATENCY && s->latency_ns.count == 0) {
        buf_span(why, f->text);
        buf_str(why, ": there was no answer");
        return true;
    }
    double value = value_of(f->metric, s);
    if (!compare(value, f->op, f->limit)) {
        return false;
    }
    buf_span(why, f->text);
    buf_printf(why, ": %s is ", f->metric->name);
    append_value(why, f->metric, value);
    return true;
}
