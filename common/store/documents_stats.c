/* The numbers of a window or a rollup as fields of a document. */
#include "common/store/documents_stats.h"

#include <math.h>

#include "common/mongo/document.h"

static const struct document_field plain_fields[] = {
    {"count", DOCUMENT_INT64, offsetof(struct window_stats, count)},
    {"min", DOCUMENT_DOUBLE, offsetof(struct window_stats, min)},
    {"max", DOCUMENT_DOUBLE, offsetof(struct window_stats, max)},
    {"first", DOCUMENT_DOUBLE, offsetof(struct window_stats, first)},
    {"last", DOCUMENT_DOUBLE, offsetof(struct window_stats, last)},
};

static const struct document_field time_fields[] = {
    {"first_ms", DOCUMENT_INT64, offsetof(struct window_stats, first_ms)},
    {"last_ms", DOCUMENT_INT64, offsetof(struct window_stats, last_ms)},
};

struct rounded {
    double sum, average, stddev;
};
static const struct document_field rounded_fields[] = {
    {"sum", DOCUMENT_DOUBLE, offsetof(struct rounded, sum)},
    {"average", DOCUMENT_DOUBLE, offsetof(struct rounded, average)},
    {"stddev", DOCUMENT_DOUBLE, offsetof(struct rounded, stddev)},
};

enum { SUM_INEXACT = 1, SUM_OVERFLOW = 2, SQUARES_SHIFT = 2 };

static int32_t flags_of(const struct exact_sum *s)
{
    return (s->inexact ? SUM_INEXACT : 0) | (s->overflow ? SUM_OVERFLOW : 0);
}

static void set_flags(struct exact_sum *s, int32_t flags)
{
    s->inexact = flags & SUM_INEXACT;
    s->overflow = flags & SUM_OVERFLOW;
}

static void append_parts(bson_t *doc, const char *name, const struct exact_sum *s)
{
    static const char *const index[EXACT_SUM_PARTS] = {"0", "1", "2", "3", "4", "5"};
    bson_t array;
    BSON_APPEND_ARRAY_BEGIN(doc, name, &array);
    for (unsigned i = 0; i < s->n; i++)
        BSON_APPEND_DOUBLE(&array, index[i], s->part[i]);
    bson_append_array_end(doc, &array);
}

static bool read_parts(const bson_t *doc, const char *name, struct exact_sum *s)
{
    bson_t array;
    bson_iter_t iter;
    if (!document_child(doc, name, &array) || !bson_iter_init(&iter, &array))
        return false;
    while (bson_iter_next(&iter)) {
        if (s->n == EXACT_SUM_PARTS || !BSON_ITER_HOLDS_DOUBLE(&iter))
            return false;
        s->part[s->n++] = bson_iter_double(&iter);
    }
    return true;
}

void document_stats_write_plain(bson_t *doc, const struct window_stats *s)
{
    document_write(doc, plain_fields, DOCUMENT_COUNT(plain_fields), s);
}

bool document_stats_read_plain(const bson_t *doc, struct window_stats *s)
{
    size_t count = DOCUMENT_COUNT(plain_fields);
    return document_complete(document_read(doc, plain_fields, count, s), count);
}

static struct rounded rounded_of(const struct window_stats *s)
{
    return (struct rounded){.sum = window_stats_sum(s),
                            .average = window_stats_average(s),
                            .stddev = window_stats_stddev(s)};
}

void document_stats_write_rounded(bson_t *doc, const struct window_stats *s)
{
    const struct rounded rounded = rounded_of(s);
    document_write(doc, rounded_fields, DOCUMENT_COUNT(rounded_fields), &rounded);
}

/* What is not finite is stored as null, and read back as NaN. */
static bool same_number(double stored, double expected)
{
    return stored == expected || (isnan(stored) && !isfinite(expected));
}

bool document_stats_sound(const bson_t *doc, const struct window_stats *s,
                          struct document_stats_pair *wrong)
{
    struct window_stats have = {.min = NAN, .max = NAN, .first = NAN, .last = NAN};
    struct rounded rounded = {NAN, NAN, NAN};
    const struct rounded expected = rounded_of(s);
    (void)document_stats_read_plain(doc, &have);
    document_read(doc, rounded_fields, DOCUMENT_COUNT(rounded_fields), &rounded);
    const struct document_stats_pair pairs[] = {
        {"count", (double)have.count, (double)s->count},
        {"min", have.min, s->min},
        {"max", have.max, s->max},
        {"first", have.first, s->first},
        {"last", have.last, s->last},
        {"sum", rounded.sum, expected.sum},
        {"average", rounded.average, expected.average},
        {"stddev", rounded.stddev, expected.stddev},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (same_number(pairs[i].stored, pairs[i].expected))
            continue;
        *wrong = pairs[i];
        return false;
    }
    return true;
}

void document_stats_write_exact(bson_t *doc, const struct window_stats *s)
{
    document_write(doc, time_fields, DOCUMENT_COUNT(time_fields), s);
    append_parts(doc, "sum", &s->sum);
    append_parts(doc, "squares", &s->squares);
    int32_t flags = flags_of(&s->sum) | flags_of(&s->squares) << SQUARES_SHIFT;
    if (flags)
        BSON_APPEND_INT32(doc, "flags", flags);
}

bool document_stats_read_exact(const bson_t *doc, struct window_stats *s)
{
    static const struct document_field flag_field[] = {{"flags", DOCUMENT_INT32, 0}};
    int32_t flags = 0;
    size_t count = DOCUMENT_COUNT(time_fields);
    if (!document_complete(document_read(doc, time_fields, count, s), count) ||
        !read_parts(doc, "sum", &s->sum) || !read_parts(doc, "squares", &s->squares))
        return false;
    document_read(doc, flag_field, 1, &flags);
    set_flags(&s->sum, flags);
    set_flags(&s->squares, flags >> SQUARES_SHIFT);
    return true;
}
