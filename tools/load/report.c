/* The summary of a run, for people and as JSON, and the live line. */
#include "tools/load/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/timestamp.h"
#include "tools/load/figures.h"

static const struct {
    const char *name, *json_name;
    double q;
} quantiles[] = {{"p50", "p50", 0.5},
                 {"p90", "p90", 0.9},
                 {"p99", "p99", 0.99},
                 {"p99.9", "p99_9", 0.999},
                 {"max", "max", 1}};
enum { QUANTILES = sizeof quantiles / sizeof quantiles[0] };

/* Above this the generator, not the server, may have made the latency. */
static const uint64_t lateness_doubtful_ns = 5000000;

unsigned report_failures(const struct report *r, struct buf *out)
{
    unsigned failed = 0;
    for (unsigned i = 0; i < r->options->conditions; i++) {
        if (fail_if_holds(&r->options->fail_if[i], r->stats, out)) {
            buf_char(out, '\n');
            failed++;
        }
    }
    return failed;
}

static void text_count(struct buf *out, const char *name, uint64_t count)
{
    buf_printf(out, "%-12s %" PRIu64 "\n", name, count);
}

static void text_statuses(struct buf *out, const struct stats *s)
{
    for (int status = 0; status < STATUS_MAX; status++) {
        if (s->status[status] > 0 && (status < 200 || status >= 300)) {
            buf_printf(out, "  %-10d %" PRIu64 "\n", status, s->status[status]);
        }
    }
}

static void text_errors(struct buf *out, const struct stats *s)
{
    text_count(out, "errors", stats_errors(s));
    for (int f = 0; f < FAILURES; f++) {
        if (s->failure[f] > 0) {
            buf_printf(out, "  %-10s %" PRIu64 "  (%s)\n", failure_name((enum failure)f),
                       s->failure[f], s->example[f]);
        }
    }
}

static void text_times(struct buf *out, const char *name, const struct hist *h)
{
    buf_printf(out, "%-12s", name);
    if (h->count == 0) {
        buf_str(out, " -");
    }
    for (size_t i = 0; i < QUANTILES && h->count > 0; i++) {
        buf_printf(out, "%s%s ", i > 0 ? "  " : " ", quantiles[i].name);
        figures_time(out, hist_quantile(h, quantiles[i].q));
    }
    buf_char(out, '\n');
}

void report_text(const struct report *r, struct buf *out)
{
    const struct stats *s = r->stats;
    buf_printf(out, "%-12s %.2f s\n", "elapsed", (double)s->elapsed_ns / 1e9);
    text_count(out, "sent", s->sent);
    buf_printf(out, "%-12s %" PRIu64 "  (%.1f/s)\n", "accepted", stats_accepted(s), stats_rate(s));
    text_count(out, "refused", stats_refused(s));
    text_statuses(out, s);
    text_errors(out, s);
    text_times(out, "latency", &s->latency_ns);
    text_times(out, "lateness", &s->lateness_ns);
    if (hist_quantile(&s->lateness_ns, 0.99) > lateness_doubtful_ns) {
        buf_str(out, "note: weir-load itself was late; the latencies may be its own\n");
    }
    struct buf failures = {0};
    if (report_failures(r, &failures) > 0) {
        buf_str(out, "FAILED\n");
        buf_span(out, buf_view(&failures));
    }
    buf_deinit(&failures);
}

static void json_key(struct buf *out, const char *name)
{
    if (out->data[out->len - 1] != '{') {
        buf_char(out, ',');
    }
    buf_json_string(out, span_str(name));
    buf_char(out, ':');
}

static void json_count(struct buf *out, const char *name, uint64_t count)
{
    json_key(out, name);
    buf_printf(out, "%" PRIu64, count);
}

static void json_number(struct buf *out, const char *name, double value)
{
    json_key(out, name);
    buf_json_double(out, value);
}

static void json_ms(struct buf *out, const char *name, double ns)
{
    json_key(out, name);
    buf_printf(out, "%.4f", ns / 1e6);
}

static void json_plan(struct buf *out, const struct report *r)
{
    char start[TIMESTAMP_TEXT_MAX];
    const struct load_options *o = r->options;
    json_key(out, "base_url");
    buf_json_string(out, span_str(o->base_url));
    json_count(out, "devices", (uint64_t)o->devices);
    json_number(out, "rps", o->rps);
    json_count(out, "connections", (uint64_t)o->connections);
    json_count(out, "seed", (uint64_t)o->seed);
    json_key(out, "start");
    buf_json_string(out, span_of(start, timestamp_format(r->start_ms, start)));
}

static void json_counts(struct buf *out, const struct stats *s)
{
    json_count(out, "sent", s->sent);
    json_count(out, "answered", stats_answered(s));
    json_count(out, "accepted", stats_accepted(s));
    json_count(out, "refused", stats_refused(s));
    json_key(out, "status");
    buf_char(out, '{');
    for (int status = 0; status < STATUS_MAX; status++) {
        if (s->status[status] > 0) {
            char name[16];
            snprintf(name, sizeof name, "%d", status);
            json_count(out, name, s->status[status]);
        }
    }
    buf_char(out, '}');
    json_key(out, "errors");
    buf_char(out, '{');
    for (int f = 0; f < FAILURES; f++) {
        json_count(out, failure_name((enum failure)f), s->failure[f]);
    }
    json_count(out, "total", stats_errors(s));
    buf_char(out, '}');
}

static void json_times(struct buf *out, const char *name, const struct hist *h)
{
    json_key(out, name);
    if (h->count == 0) {
        buf_str(out, "null");
        return;
    }
    buf_char(out, '{');
    json_ms(out, "mean", hist_mean(h));
    for (size_t i = 0; i < QUANTILES; i++) {
        json_ms(out, quantiles[i].json_name, (double)hist_quantile(h, quantiles[i].q));
    }
    buf_char(out, '}');
}

static void json_failures(struct buf *out, const struct report *r)
{
    json_key(out, "failed");
    buf_char(out, '[');
    struct buf why = {0};
    for (unsigned i = 0, n = 0; i < r->options->conditions; i++) {
        buf_clear(&why);
        if (fail_if_holds(&r->options->fail_if[i], r->stats, &why)) {
            buf_str(out, n++ > 0 ? "," : "");
            buf_json_string(out, buf_view(&why));
        }
    }
    buf_deinit(&why);
    buf_char(out, ']');
}

void report_json(const struct report *r, struct buf *out)
{
    const struct stats *s = r->stats;
    buf_char(out, '{');
    json_plan(out, r);
    json_counts(out, s);
    json_number(out, "elapsed_s", (double)(s->elapsed_ns / 1000000) / 1e3);
    json_key(out, "rate_per_s");
    buf_printf(out, "%.3f", stats_rate(s));
    json_times(out, "latency_ms", &s->latency_ns);
    json_times(out, "lateness_ms", &s->lateness_ns);
    json_failures(out, r);
    buf_str(out, "}\n");
}

void report_live(const struct stats *s, uint64_t elapsed_ns, uint64_t waiting, struct buf *out)
{
    buf_printf(
        out, "%.1f s  sent %" PRIu64 "  accepted %" PRIu64 "  refused %" PRIu64 "  errors %" PRIu64,
        (double)elapsed_ns / 1e9, s->sent, stats_accepted(s), stats_refused(s), stats_errors(s));
    if (waiting > 0) {
        buf_printf(out, "  waiting %" PRIu64, waiting);
    }
    if (s->latency_ns.count > 0) {
        buf_str(out, "  p50 ");
        figures_time(out, hist_quantile(&s->latency_ns, 0.5));
        buf_str(out, "  p99 ");
        figures_time(out, hist_quantile(&s->latency_ns, 0.99));
    }
}
