/* What was given for each setting, by which source and spelling, until one value is settled. */
#include "common/app/option_set.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/app/option_file.h"
#include "common/app/option_value.h"
#include "common/base/xmalloc.h"

const char *option_source_name(enum option_source source)
{
    static const char *const names[OPTION_SOURCES] = {
        [OPTION_DEFAULT] = "default",
        [OPTION_FILE] = "file",
        [OPTION_ENVIRONMENT] = "environment",
        [OPTION_FLAG] = "flag",
    };
    return names[source];
}

static size_t count_rows(const struct option_row *rows)
{
    size_t n = 0;
    while (rows[n].name)
        n++;
    return n;
}

struct options *option_set_new(const struct options_program *program)
{
    struct options *o = xcalloc(1, sizeof *o);
    o->program = program;
    o->entry = xcalloc(count_rows(program->rows), sizeof o->entry[0]);
    return o;
}

void options_free(struct options *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < o->owned_count; i++)
        free(o->owned[i]);
    free(o->owned);
    free(o->entry);
    free(o->kafka);
    free(o->property);
    buf_deinit(&o->errors);
    free(o);
}

const char *option_set_own(struct options *o, struct span text)
{
    char *copy = xcalloc(1, text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.p, text.len);
    o->owned = xreallocarray(o->owned, o->owned_count + 1, sizeof o->owned[0]);
    o->owned[o->owned_count++] = copy;
    return copy;
}

static void add_error(struct options *o, const char *where, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

static void add_error(struct options *o, const char *where, const char *fmt, va_list args)
{
    char text[512];
    vsnprintf(text, sizeof text, fmt, args);
    buf_printf(&o->errors, "  %s: %s\n", where, text);
    o->error_count++;
}

void option_set_error(struct options *o, const char *where, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_error(o, where, fmt, args);
    va_end(args);
}

/* "LISTEN (environment)": where the operator has to look. A flag is shown as it was typed. */
static void where_of(const char *name, enum option_source source, char out[2 * OPTION_NAME_MAX])
{
    char flag[OPTION_NAME_MAX];
    option_flag_of(name, flag);
    if (source == OPTION_FLAG)
        snprintf(out, 2 * OPTION_NAME_MAX, "--%s", flag);
    else if (source == OPTION_DEFAULT)
        snprintf(out, 2 * OPTION_NAME_MAX, "%s", name);
    else
        snprintf(out, 2 * OPTION_NAME_MAX, "%s (%s)", name, option_source_name(source));
}

void options_error(struct options *o, const char *name, const char *fmt, ...)
{
    char where[2 * OPTION_NAME_MAX];
    enum option_spelling spelling;
    const struct option_row *row = option_find(o->program->rows, span_str(name), &spelling);
    where_of(name, row ? o->entry[row - o->program->rows].source : OPTION_DEFAULT, where);
    va_list args;
    va_start(args, fmt);
    add_error(o, where, fmt, args);
    va_end(args);
}

void option_set_give(struct options *o, enum option_source source, const struct option_row *row,
                     enum option_spelling spelling, struct span text)
{
    o->entry[row - o->program->rows].given[source][spelling] = option_set_own(o, text);
}

/* Files of secrets end with a newline that is not part of the secret; one is dropped. */
static const char *read_secret(struct options *o, const char *where, const char *path)
{
    struct buf text = {0};
    struct err e = {0};
    const char *secret = NULL;
    if (option_file_read(path, &text, &e) != 0) {
        option_set_error(o, where, "%s", e.message);
    } else {
        if (text.len > 0 && text.data[text.len - 1] == '\n')
            text.len--;
        secret = option_set_own(o, buf_view(&text));
    }
    buf_deinit(&text);
    return secret;
}

/* The value that one source gives, whatever the spelling; two that disagree are an error. */
static const char *given_by(struct options *o, const struct option_row *row,
                            enum option_source source)
{
    const char *const *given = o->entry[row - o->program->rows].given[source];
    const char *name = given[OPTION_BY_NAME], *alias = given[OPTION_BY_ALIAS];
    char where[2 * OPTION_NAME_MAX];
    where_of(row->name, source, where);
    if (name && alias && strcmp(name, alias) != 0)
        option_set_error(o, where, "set together with its alias %s to another value", row->alias);
    if (given[OPTION_BY_FILE] && (name || alias))
        option_set_error(o, where, "set together with %s_FILE; choose one", row->name);
    else if (given[OPTION_BY_FILE])
        return read_secret(o, where, given[OPTION_BY_FILE]);
    return name ? name : alias;
}

static void settle(struct options *o, const struct option_row *row, void *settings)
{
    struct option_entry *entry = &o->entry[row - o->program->rows];
    entry->text = row->fallback;
    entry->source = OPTION_DEFAULT;
    for (int source = OPTION_FILE; source < OPTION_SOURCES; source++) {
        const char *text = given_by(o, row, (enum option_source)source);
        if (text) {
            entry->text = text;
            entry->source = (enum option_source)source;
        }
    }
    struct err e = {0};
    if (entry->text && option_value_store(row, entry->text, settings, &e) != 0)
        options_error(o, row->name, "%s", e.message);
}

void option_set_settle(struct options *o, void *settings)
{
    for (const struct option_row *row = o->program->rows; row->name; row++)
        settle(o, row, settings);
}

static struct option_kafka *kafka_slot(struct options *o, const char *property)
{
    size_t at = 0;
    while (at < o->kafka_count && strcmp(o->kafka[at].name, property) < 0)
        at++;
    if (at < o->kafka_count && strcmp(o->kafka[at].name, property) == 0)
        return &o->kafka[at];
    o->kafka = xreallocarray(o->kafka, o->kafka_count + 1, sizeof o->kafka[0]);
    memmove(&o->kafka[at + 1], &o->kafka[at], (o->kafka_count - at) * sizeof o->kafka[0]);
    o->kafka_count++;
    o->kafka[at] = (struct option_kafka){.name = option_set_own(o, span_str(property))};
    return &o->kafka[at];
}

void option_set_kafka(struct options *o, enum option_source source, const char *property,
                      struct span value, bool from_file)
{
    struct option_kafka *k = kafka_slot(o, property);
    if (k->value && k->source > source)
        return;
    k->source = source;
    k->value = option_set_own(o, value);
    if (from_file) {
        const char *secret = read_secret(o, property, k->value);
        k->value = secret ? secret : "";
    }
}

void option_set_check_kafka(struct options *o)
{
    for (size_t i = 0; i < o->kafka_count; i++) {
        struct err e = {0};
        char where[4 * OPTION_NAME_MAX];
        snprintf(where, sizeof where, "Kafka property %s (%s)", o->kafka[i].name,
                 option_source_name(o->kafka[i].source));
        if (kafka_property_check(o->kafka[i].name, o->kafka[i].value, &e) != 0)
            option_set_error(o, where, "%s", e.message);
    }
}

const char *options_probe(const struct options *o)
{
    return o->probe;
}

const struct kafka_property *options_kafka_properties(const struct options *o, size_t *count)
{
    *count = o->kafka_count;
    return o->property;
}
