/* A family of series in the text formats that Prometheus reads. */
#include "common/obs/metric_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/num.h"

static const char *const type_names[] = {
    [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

static void write_number(struct buf *out, double v)
{
    if (isnan(v)) {
        buf_str(out, "NaN");
    } else if (isinf(v)) {
        buf_str(out, v > 0 ? "+Inf" : "-Inf");
    } else {
        char text[NUM_TEXT_MAX];
        buf_append(out, text, num_format(v, text));
    }
}

/* OpenMetrics wants "1.0" in le where the older format has "1". */
static void write_bound(struct buf *out, double bound, bool openmetrics)
{
    char text[NUM_TEXT_MAX];
    size_t len = num_format(bound, text);
    buf_append(out, text, len);
    if (openmetrics && !memchr(text, '.', len) && !memchr(text, 'e', len))
        buf_str(out, ".0");
}

static void write_help(struct buf *out, const char *help)
{
    for (; *help; help++) {
        if (*help == '\\')
            buf_str(out, "\\\\");
        else if (*help == '\n')
            buf_str(out, "\\n");
        else
            buf_char(out, *help);
    }
}

static void write_head(const struct metric *f, bool openmetrics, struct buf *out)
{
    int len = (int)strlen(f->name);
    if (openmetrics && f->type == METRIC_COUNTER)
        len -= (int)strlen("_total");
    buf_printf(out, "# HELP %.*s ", len, f->name);
    write_help(out, f->help);
    buf_printf(out, "\n# TYPE %.*s %s\n", len, f->name, type_names[f->type]);
}

static void write_plain(const struct metric *f, struct metric_series *s, struct buf *out)
{
    buf_str(out, f->name);
    if (s->labels[0])
        buf_printf(out, "{%s}", s->labels);
    buf_char(out, ' ');
    write_number(out, atomic_load(&s->number));
    buf_char(out, '\n');
}

static void write_bucket(const struct metric *f, const struct metric_series *s, unsigned i,
                         uint64_t count, bool openmetrics, struct buf *out)
{
    buf_printf(out, "%s_bucket{%s%sle=\"", f->name, s->labels, s->labels[0] ? "," : "");
    if (i < f->bound_count)
        write_bound(out, f->bounds[i], openmetrics);
    else
        buf_str(out, "+Inf");
    buf_printf(out, "\"} %llu\n", (unsigned long long)count);
}

/* The count is taken from the buckets just read, so that it always agrees with +Inf. */
static void write_histogram(const struct metric *f, struct metric_series *s, bool openmetrics,
                            struct buf *out)
{
    uint64_t count = 0;
    for (unsigned i = 0; i <= f->bound_count; i++) {
        count += atomic_load(&s->bucket[i]);
        write_bucket(f, s, i, count, openmetrics, out);
    }
    const char *open = s->labels[0] ? "{" : "", *close = s->labels[0] ? "}" : "";
    buf_printf(out, "%s_sum%s%s%s ", f->name, open, s->labels, close);
    write_number(out, atomic_load(&s->number));
    buf_printf(out, "\n%s_count%s%s%s %llu\n", f->name, open, s->labels, close,
               (unsigned long long)count);
}

static int by_labels(const void *a, const void *b)
{
    const struct metric_series *const *x = a, *const *y = b;
    return strcmp((*x)->labels, (*y)->labels);
}

static size_t collect(struct metric *f, struct metric_series *found[])
{
    size_t n = 0;
    for (size_t i = 0; i < f->slots && n < METRIC_SERIES_MAX; i++) {
        struct metric_series *s = atomic_load_explicit(&f->slot[i], memory_order_acquire);
        if (s)
            found[n++] = s;
    }
    struct metric_series *other = atomic_load(&f->other);
    if (other)
        found[n++] = other;
    qsort(found, n, sizeof found[0], by_labels);
    return n;
}

void metric_text(struct metric *f, bool openmetrics, struct buf *out)
{
    if (f->labels == 0)
        (void)metric_series(f, NULL); /* there from the start, with 0 */
    struct metric_series *found[METRIC_SERIES_MAX + 1];
    size_t n = collect(f, found);
    if (n == 0)
        return;
    write_head(f, openmetrics, out);
    for (size_t i = 0; i < n; i++) {
        if (f->type == METRIC_HISTOGRAM)
            write_histogram(f, found[i], openmetrics, out);
        else
            write_plain(f, found[i], out);
    }
}
