/* Reads the command line into an option set. */
#include "common/app/option_flags.h"

#include <string.h>

#include "common/app/suggest.h"
#include "common/base/span.h"

static bool starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

static const struct {
    const char *flag;
    enum option_command command;
} commands[] = {
    {"help", OPTION_CMD_HELP},
    {"help=markdown", OPTION_CMD_HELP_MARKDOWN},
    {"version", OPTION_CMD_VERSION},
    {"print-config", OPTION_CMD_PRINT_CONFIG},
    {"check-config", OPTION_CMD_CHECK_CONFIG},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

struct flag {
    struct span name;  /* without dashes */
    const char *value; /* behind '=', or NULL */
};

/* The words of the command line, and how far they are read. */
struct words {
    int count, at;
    char **word;
};

/* The value of a flag: behind its '=', else the next word. NULL after an error. */
static const char *value_of(struct options *o, struct words *w, const struct flag *flag)
{
    if (flag->value)
        return flag->value;
    if (w->at < w->count && !starts_with(w->word[w->at], "--"))
        return w->word[w->at++];
    char where[OPTION_NAME_MAX + 2];
    snprintf(where, sizeof where, "--%.*s", (int)flag->name.len, flag->name.p);
    option_set_error(o, where, "needs a value");
    return NULL;
}

static void unknown_flag(struct options *o, const struct flag *flag)
{
    char typed[OPTION_NAME_MAX], where[OPTION_NAME_MAX + 2], near[OPTION_NAME_MAX];
    snprintf(typed, sizeof typed, "%.*s", (int)flag->name.len, flag->name.p);
    snprintf(where, sizeof where, "--%s", typed);
    struct suggest s = {.word = typed};
    option_suggest(o->program->rows, &s);
    for (size_t i = 0; i < COMMANDS; i++)
        suggest_consider(&s, commands[i].flag);
    suggest_consider(&s, "config");
    suggest_consider(&s, "kafka-opt");
    suggest_consider(&s, "probe");
    if (!s.best) {
        option_set_error(o, where, "unknown option");
        return;
    }
    option_flag_of(s.best, near);
    option_set_error(o, where, "unknown option; did you mean --%s?", near);
}

/* --create-topics, --create-topics=false, --no-create-topics */
static bool take_bool(struct options *o, const struct flag *flag)
{
    bool negated = flag->name.len > 3 && memcmp(flag->name.p, "no-", 3) == 0;
    struct span name = flag->name;
    enum option_spelling spelling;
    const struct option_row *row = option_find_flag(o->program->rows, name, &spelling);
    negated = negated && !row;
    if (negated) {
        name = span_of(name.p + 3, name.len - 3);
        row = option_find_flag(o->program->rows, name, &spelling);
    }
    if (!row || row->type != OPTION_BOOL)
        return false;
    if (negated && flag->value)
        option_set_error(o, row->name, "--no-... takes no value");
    const char *text = flag->value ? flag->value : negated ? "false" : "true";
    option_set_give(o, OPTION_FLAG, row, spelling, span_str(text));
    return true;
}

static void take_kafka(struct options *o, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || equals - text >= OPTION_NAME_MAX * 2) {
        option_set_error(o, "--kafka-opt", "expected PROPERTY=VALUE, got \"%s\"", text);
        return;
    }
    char name[OPTION_NAME_MAX * 2];
    snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    option_set_kafka(o, OPTION_FLAG, name, span_str(equals + 1), false);
}

static void take_setting(struct options *o, struct words *w, const struct flag *flag)
{
    enum option_spelling spelling;
    const struct option_row *row = option_find_flag(o->program->rows, flag->name, &spelling);
    bool config = span_is(flag->name, "config"), kafka = span_is(flag->name, "kafka-opt");
    bool probe = span_is(flag->name, "probe");
    if (!row && !config && !kafka && !probe) {
        unknown_flag(o, flag);
        return;
    }
    const char *value = value_of(o, w, flag);
    if (!value)
        return;
    if (config)
        o->config_path = value;
    else if (probe)
        o->probe = value;
    else if (kafka)
        take_kafka(o, value);
    else
        option_set_give(o, OPTION_FLAG, row, spelling, span_str(value));
}

static bool is_command(const char *word, enum option_command *command)
{
    if (strcmp(word, "-h") == 0)
        word = "--help";
    else if (strcmp(word, "-V") == 0)
        word = "--version";
    for (size_t i = 0; i < COMMANDS; i++) {
        if (starts_with(word, "--") && strcmp(word + 2, commands[i].flag) == 0) {
            *command = commands[i].command;
            return true;
        }
    }
    return false;
}

enum option_command option_flags_read(struct options *o, int argc, char **argv)
{
    enum option_command command = OPTION_CMD_RUN;
    struct words w = {.count = argc, .at = 1, .word = argv};
    while (w.at < w.count) {
        const char *word = w.word[w.at++];
        if (is_command(word, &command))
            continue;
        if (!starts_with(word, "--") || !word[2]) {
            option_set_error(o, word, "unexpected argument");
            continue;
        }
        const char *equals = strchr(word, '=');
        struct flag flag = {.name = span_str(word + 2), .value = equals ? equals + 1 : NULL};
        if (equals)
            flag.name.len = (size_t)(equals - word) - 2;
        if (!take_bool(o, &flag))
            take_setting(o, &w, &flag);
    }
    return command;
}
