/* From the text of a setting to its typed value, and what to say when it is none. */
#include "common/app/option_value.h"

#include <math.h>
#include <string.h>

#include "common/base/num.h"
#include "common/base/span.h"
#include "common/base/units.h"

bool option_bool_parse(const char *text, bool *out)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true}, {"false", false}, {"1", true},  {"0", false},
                 {"yes", true},  {"no", false},    {"on", true}, {"off", false}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i].word) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

static bool parse_int(struct span text, int64_t *out)
{
    return num_parse_i64(text, INT64_MIN, INT64_MAX, out);
}

/* How each number type is read and shown. */
static const struct number_type {
    const char *word, *what; /* in --help; in error messages */
    bool (*parse)(struct span text, int64_t *out);
    size_t (*format)(int64_t v, char out[UNITS_TEXT_MAX]); /* NULL: plain digits */
} number_types[] = {
    [OPTION_INT] = {"N", "a whole number", parse_int, NULL},
    [OPTION_DURATION] = {"DURATION", "a duration such as 500ms, 10s or 5m", duration_parse,
                         duration_format},
    [OPTION_SIZE] = {"SIZE", "a size such as 64KiB or 1MiB", size_parse, size_format},
};

const char *option_value_word(const struct option_row *row)
{
    switch (row->type) {
    case OPTION_BOOL:
        return "";
    case OPTION_CHOICE:
        return row->choices;
    case OPTION_DOUBLE:
        return "NUMBER";
    case OPTION_STRING:
        return "TEXT";
    default:
        return number_types[row->type].word;
    }
}

static void show(double v, size_t (*format)(int64_t v, char out[UNITS_TEXT_MAX]),
                 char out[UNITS_TEXT_MAX])
{
    if (format && fabs(v) < 9e18)
        format((int64_t)v, out);
    else
        num_format(v, out);
}

static bool in_bounds(const struct option_row *row, double v)
{
    bool bounded = row->min < 0 || row->min > 0 || row->max < 0 || row->max > 0;
    return !bounded || (v >= row->min && v <= row->max);
}

static int check_bounds(const struct option_row *row, double v,
                        size_t (*format)(int64_t v, char out[UNITS_TEXT_MAX]), struct err *e)
{
    if (in_bounds(row, v))
        return 0;
    char low[UNITS_TEXT_MAX], high[UNITS_TEXT_MAX], given[UNITS_TEXT_MAX];
    show(row->min, format, low);
    show(row->max, format, high);
    show(v, format, given);
    return err_set(e, ERR_INVALID, "%s is outside %s to %s", given, low, high);
}

static int store_integer(const struct option_row *row, const char *text, void *field, struct err *e)
{
    const struct number_type *t = &number_types[row->type];
    int64_t v;
    if (!t->parse(span_str(text), &v))
        return err_set(e, ERR_INVALID, "\"%s\" is not %s", text, t->what);
    memcpy(field, &v, sizeof v);
    return check_bounds(row, (double)v, t->format, e);
}

static int store_double(const struct option_row *row, const char *text, void *field, struct err *e)
{
    double v;
    if (!num_parse_json(span_str(text), &v) || !isfinite(v))
        return err_set(e, ERR_INVALID, "\"%s\" is not a number", text);
    memcpy(field, &v, sizeof v);
    return check_bounds(row, v, NULL, e);
}

static int store_bool(const char *text, void *field, struct err *e)
{
    bool v;
    if (!option_bool_parse(text, &v))
        return err_set(e, ERR_INVALID, "\"%s\" is neither true nor false", text);
    memcpy(field, &v, sizeof v);
    return 0;
}

static bool is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);
    for (const char *p = choices; len > 0; p++) {
        size_t word = strcspn(p, "|");
        if (word == len && memcmp(p, text, len) == 0)
            return true;
        p += word;
        if (!*p)
            break;
    }
    return false;
}

static int store_text(const struct option_row *row, const char *text, void *field, struct err *e)
{
    if (row->type == OPTION_CHOICE && !is_choice(row->choices, text))
        return err_set(e, ERR_INVALID, "\"%s\" is none of %s", text, row->choices);
    if (!*text && row->fallback && *row->fallback)
        return err_set(e, ERR_INVALID, "must not be empty");
    memcpy(field, &text, sizeof text);
    return 0;
}

int option_value_store(const struct option_row *row, const char *text, void *settings,
                       struct err *e)
{
    void *field = (char *)settings + row->field;
    int rc;
    if (row->type == OPTION_BOOL)
        rc = store_bool(text, field, e);
    else if (row->type == OPTION_DOUBLE)
        rc = store_double(row, text, field, e);
    else if (row->type == OPTION_STRING || row->type == OPTION_CHOICE)
        rc = store_text(row, text, field, e);
    else
        rc = store_integer(row, text, field, e);
    return rc == 0 && row->valid && *text ? row->valid(text, e) : rc;
}
