/* One family of series (name, type, help, label names) and its lock-free table of values. */
#include "common/obs/metric.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/xmalloc.h"

static const double default_bounds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                        0.1,    0.25,  0.5,    1,     2.5,  5,     10};

/* Twice the limit, so that a probe soon finds a free slot. */
enum { SLOTS = 1024 };

static void split_labels(struct metric *f, const char *labels)
{
    while (labels && *labels && f->labels < METRIC_LABELS_MAX) {
        size_t len = strcspn(labels, ",");
        char *name = xcalloc(1, len + 1);
        memcpy(name, labels, len);
        f->label[f->labels++] = name;
        labels += len + (labels[len] == ',');
    }
}

struct metric *metric_new(enum metric_type type, const char *name, const char *help,
                          const char *labels)
{
    struct metric *f = xcalloc(1, sizeof *f);
    f->type = type;
    f->name = xstrdup(name);
    f->help = xstrdup(help);
    split_labels(f, labels);
    f->slots = f->labels > 0 ? SLOTS : 1;
    f->slot = xcalloc(f->slots, sizeof f->slot[0]);
    if (type == METRIC_HISTOGRAM)
        metric_buckets(f, default_bounds, sizeof default_bounds / sizeof default_bounds[0]);
    return f;
}

static void series_free(struct metric_series *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < METRIC_LABELS_MAX; i++)
        free(s->value[i]);
    free(s->labels);
    free(s);
}

void metric_free(struct metric *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->slots; i++)
        series_free(atomic_load(&f->slot[i]));
    series_free(atomic_load(&f->other));
    for (unsigned i = 0; i < f->labels; i++)
        free(f->label[i]);
    free(f->slot);
    free(f->bounds);
    free(f->name);
    free(f->help);
    free(f);
}

void metric_buckets(struct metric *f, const double *bounds, unsigned count)
{
    free(f->bounds);
    f->bounds = xmemdup(bounds, count * sizeof bounds[0]);
    f->bound_count = count;
}

static void escape_label(struct buf *out, const char *value)
{
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            buf_char(out, '\\');
        if (*value == '\n')
            buf_str(out, "\\n");
        else
            buf_char(out, *value);
    }
}

static char *label_text(const struct metric *f, const char *const *values)
{
    struct buf text = {0};
    for (unsigned i = 0; i < f->labels; i++) {
        buf_printf(&text, "%s%s=\"", i > 0 ? "," : "", f->label[i]);
        escape_label(&text, values[i]);
        buf_char(&text, '"');
    }
    char *copy = xstrdup(buf_cstr(&text));
    buf_deinit(&text);
    return copy;
}

static struct metric_series *series_new(const struct metric *f, const char *const *values,
                                        uint64_t hash)
{
    size_t buckets = f->type == METRIC_HISTOGRAM ? f->bound_count + 1 : 0;
    struct metric_series *s = xcalloc(1, sizeof *s + buckets * sizeof s->bucket[0]);
    s->hash = hash;
    for (unsigned i = 0; i < f->labels; i++)
        s->value[i] = xstrdup(values[i]);
    s->labels = label_text(f, values);
    return s;
}

static uint64_t hash_of(const struct metric *f, const char *const *values)
{
    uint64_t h = 0;
    for (unsigned i = 0; i < f->labels; i++)
        h = hash_table(span_str(values[i]), h);
    return h;
}

static bool is_series(const struct metric *f, const struct metric_series *s,
                      const char *const *values, uint64_t hash)
{
    if (s->hash != hash)
        return false;
    for (unsigned i = 0; i < f->labels; i++)
        if (strcmp(s->value[i], values[i]) != 0)
            return false;
    return true;
}

/* Puts `fresh` where nothing is; returns what is there afterwards. */
static struct metric_series *publish(struct metric_series *_Atomic *slot,
                                     struct metric_series *fresh)
{
    struct metric_series *there = NULL;
    return atomic_compare_exchange_strong(slot, &there, fresh) ? fresh : there;
}

static struct metric_series *overflow(struct metric *f)
{
    struct metric_series *s = atomic_load(&f->other);
    if (s)
        return s;
    const char *const others[METRIC_LABELS_MAX] = {"other", "other", "other", "other"};
    struct metric_series *fresh = series_new(f, others, 0);
    s = publish(&f->other, fresh);
    if (s != fresh)
        series_free(fresh);
    return s;
}

struct metric_series *metric_series(struct metric *f, const char *const *values)
{
    uint64_t hash = hash_of(f, values);
    struct metric_series *fresh = NULL, *s;
    for (size_t i = hash & (f->slots - 1);; i = (i + 1) & (f->slots - 1)) {
        s = atomic_load_explicit(&f->slot[i], memory_order_acquire);
        if (!s) {
            if (!fresh && atomic_fetch_add(&f->used, 1) >= METRIC_SERIES_MAX) {
                atomic_fetch_sub(&f->used, 1);
                return overflow(f);
            }
            fresh = fresh ? fresh : series_new(f, values, hash);
            s = publish(&f->slot[i], fresh);
        }
        if (s == fresh || is_series(f, s, values, hash))
            break;
    }
    if (fresh && s != fresh) { /* another thread was first */
        atomic_fetch_sub(&f->used, 1);
        series_free(fresh);
    }
    return s;
}

static void add(_Atomic double *number, double amount)
{
    double old = atomic_load_explicit(number, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(number, &old, old + amount, memory_order_relaxed,
                                                  memory_order_relaxed)) {
    }
}

void metric_inc(struct metric *f, const char *const *values)
{
    metric_add(f, values, 1);
}

void metric_add(struct metric *f, const char *const *values, double amount)
{
    add(&metric_series(f, values)->number, amount);
}

void metric_set(struct metric *f, const char *const *values, double value)
{
    atomic_store_explicit(&metric_series(f, values)->number, value, memory_order_relaxed);
}

void metric_observe(struct metric *f, const char *const *values, double value)
{
    struct metric_series *s = metric_series(f, values);
    unsigned i = 0;
    while (i < f->bound_count && !(value <= f->bounds[i]))
        i++;
    atomic_fetch_add_explicit(&s->bucket[i], 1, memory_order_relaxed);
    add(&s->number, value);
}

static const struct metric_series *existing(const struct metric *f, const char *const *values)
{
    uint64_t hash = hash_of(f, values);
    for (size_t n = 0, i = hash & (f->slots - 1); n < f->slots; n++, i = (i + 1) & (f->slots - 1)) {
        const struct metric_series *s = atomic_load(&f->slot[i]);
        if (!s || is_series(f, s, values, hash))
            return s;
    }
    return NULL;
}

double metric_value(const struct metric *f, const char *const *values)
{
    const struct metric_series *s = existing(f, values);
    if (!s)
        return 0;
    if (f->type != METRIC_HISTOGRAM)
        return atomic_load((_Atomic double *)&s->number);
    double count = 0;
    for (unsigned i = 0; i <= f->bound_count; i++)
        count += (double)atomic_load((_Atomic uint64_t *)&s->bucket[i]);
    return count;
}
