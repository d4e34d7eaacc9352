/* Reads environment and settings file into an option set. */
#include "common/app/option_sources.h"

#include <string.h>

#include "common/app/option_file.h"
#include "common/app/suggest.h"
#include "common/base/span.h"

/* `stem`: the name without a prefix such as WEIR_ that no setting has; or the name again. */
static void unknown_name(struct options *o, const char *where, const char *name, const char *stem)
{
    struct suggest s = {.word = name};
    option_suggest(o->program->rows, &s);
    if (!s.best) {
        s.word = stem;
        option_suggest(o->program->rows, &s);
    }
    if (s.best)
        option_set_error(o, where, "unknown setting; did you mean %s?", s.best);
    else
        option_set_error(o, where, "unknown setting");
}

/* False when no setting has this name. */
static bool take_name(struct options *o, enum option_source source, struct span name,
                      struct span value)
{
    char property[OPTION_NAME_MAX * 2];
    bool from_file;
    enum option_spelling spelling;
    const struct option_row *row = option_find(o->program->rows, name, &spelling);
    if (row)
        option_set_give(o, source, row, spelling, value);
    else if (option_kafka_property(name, property, &from_file))
        option_set_kafka(o, source, property, value, from_file);
    else
        return false;
    return true;
}

/* Kubernetes puts WEIR_INGEST_SERVICE_HOST and its like into every container. */
static bool is_service_link(const char *name)
{
    size_t len = strlen(name);
    return strstr(name, "_SERVICE_HOST") || strstr(name, "_SERVICE_PORT") ||
           strstr(name, "_PORT_") || (len > 5 && strcmp(name + len - 5, "_PORT") == 0);
}

/* The length of the prefix that makes an unknown variable one of ours, misspelt; 0 = not ours. */
static size_t our_prefix(const struct options_program *program, const char *name)
{
    static const char *const allowed[] = {"WEIR_CONFIG", "WEIR_RUN", "WEIR_BIN"};
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (strcmp(name, allowed[i]) == 0)
            return 0;
    const char *p = program->env_prefixes;
    while (p && *p) {
        size_t len = strcspn(p, ",");
        if (len > 0 && strncmp(name, p, len) == 0)
            return is_service_link(name) ? 0 : len;
        p += len + (p[len] == ',');
    }
    return 0;
}

void option_sources_environment(struct options *o, char **environ_)
{
    for (char **at = environ_; at && *at; at++) {
        const char *equals = strchr(*at, '=');
        if (!equals || equals == *at || !equals[1])
            continue; /* empty counts as not set */
        struct span name = span_of(*at, (size_t)(equals - *at));
        if (span_is(name, "WEIR_CONFIG") && !o->config_path)
            o->config_path = equals + 1;
        if (take_name(o, OPTION_ENVIRONMENT, name, span_str(equals + 1)))
            continue;
        const char *copy = option_set_own(o, name);
        size_t prefix = our_prefix(o->program, copy);
        if (prefix > 0)
            unknown_name(o, copy, copy, copy + prefix);
    }
}

static void take_line(struct options *o, const char *where, struct span line)
{
    struct err e = {0};
    struct span name, value;
    if (option_file_line(line, &name, &value, &e) != 0)
        option_set_error(o, where, "%s", e.message);
    else if (name.len > 0 && !take_name(o, OPTION_FILE, name, value)) {
        const char *copy = option_set_own(o, name);
        unknown_name(o, where, copy, copy);
    }
}

void option_sources_file(struct options *o, const char *path)
{
    struct buf text = {0};
    struct err e = {0};
    if (option_file_read(path, &text, &e) != 0)
        option_set_error(o, "--config", "%s", e.message);
    struct span rest = buf_view(&text);
    for (unsigned number = 1; rest.len > 0 && e.code == 0; number++) {
        const char *end = memchr(rest.p, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.p) : rest.len;
        char where[512];
        snprintf(where, sizeof where, "%s:%u", path, number);
        take_line(o, where, span_of(rest.p, len));
        len += end ? 1 : 0;
        rest = span_of(rest.p + len, rest.len - len);
    }
    buf_deinit(&text);
}
