/* From the words of a command line to a call. */
#include "tools/ctl/command.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/app/option_name.h"
#include "common/app/suggest.h"
#include "common/app/version.h"
#include "common/base/span.h"

struct words {
    int count, at;
    char **word;
};

/* --- the call, for commands ------------------------------------------------------------------- */

int call_fail(const struct call *c, int status, const char *fmt, ...)
{
    fprintf(c->err, "%s: ", c->path);
    va_list args;
    va_start(args, fmt);
    vfprintf(c->err, fmt, args);
    va_end(args);
    (void)fputc('\n', c->err);
    if (status == CTL_USAGE)
        fprintf(c->err, "Try '%s --help'.\n", c->path);
    return status;
}

int call_error(const struct call *c, const struct err *e)
{
    return call_fail(c, CTL_FAILED, "%s", e->message);
}

int call_finish(const struct call *c)
{
    if (fflush(c->out) == 0 && !ferror(c->out))
        return CTL_OK;
    return call_fail(c, CTL_FAILED, "cannot write the output");
}

static const struct flag *find_flag(const struct command *command, struct span name)
{
    for (const struct flag *f = command->flags; f && f->name; f++)
        if (span_is(name, f->name))
            return f;
    return NULL;
}

static const char *given(const struct call *c, const struct flag *f)
{
    for (unsigned i = c->givens; i > 0; i--)
        if (c->given[i - 1].flag == f)
            return c->given[i - 1].value;
    return NULL;
}

const char *call_flag(const struct call *c, const char *name)
{
    const struct flag *f = find_flag(c->command, span_str(name));
    const char *value = given(c, f);
    if (!value && f->env)
        value = getenv(f->env);
    return value && *value ? value : value && given(c, f) ? value : f->fallback;
}

bool call_has(const struct call *c, const char *name)
{
    return given(c, find_flag(c->command, span_str(name))) != NULL;
}

/* --- flags ------------------------------------------------------------------------------------ */

static int unknown_flag(const struct call *c, struct span name)
{
    char typed[SUGGEST_WORD_MAX];
    snprintf(typed, sizeof typed, "%.*s", (int)name.len, name.p);
    struct suggest s = {.word = typed};
    suggest_consider(&s, "help");
    for (const struct flag *f = c->command->flags; f && f->name; f++)
        suggest_consider(&s, f->name);
    char near[OPTION_NAME_MAX];
    if (c->command->settings)
        option_suggest(c->command->settings, &s);
    if (s.best)
        option_flag_of(s.best, near);
    if (s.best)
        return call_fail(c, CTL_USAGE, "unknown option --%s; did you mean --%s?", typed, near);
    return call_fail(c, CTL_USAGE, "unknown option --%s", typed);
}

/* Whether the name is one of the command's settings, and whether a value belongs to it. */
static bool is_setting(const struct call *c, struct span name, bool *value)
{
    enum option_spelling spelling;
    *value = true;
    if (!c->command->settings)
        return false;
    const struct option_row *row = option_find_flag(c->command->settings, name, &spelling);
    if (row)
        *value = row->type != OPTION_BOOL;
    return row || span_is(name, "config") || span_is(name, "kafka-opt");
}

/* The words of a setting are kept for options_load, which knows what they mean. */
static int keep_setting(struct call *c, struct words *w, char *word, bool value)
{
    bool next = value && !strchr(word, '=') && w->at < w->count;
    if (c->settings + 1 + next > CALL_FLAGS_MAX)
        return call_fail(c, CTL_USAGE, "more than %d options", CALL_FLAGS_MAX);
    c->setting[c->settings++] = word;
    if (next)
        c->setting[c->settings++] = w->word[w->at++];
    return CTL_OK;
}

/* Reads --NAME, --NAME=VALUE or --NAME VALUE; w->at is behind the first word. */
static int take_flag(struct call *c, struct words *w, char *word)
{
    const char *text = word + 2;
    bool takes_value;
    const char *equals = strchr(text, '=');
    struct span name = span_of(text, equals ? (size_t)(equals - text) : strlen(text));
    const struct flag *f = find_flag(c->command, name);
    if (!f && is_setting(c, name, &takes_value))
        return keep_setting(c, w, word, takes_value);
    if (!f)
        return unknown_flag(c, name);
    if (!f->value && equals)
        return call_fail(c, CTL_USAGE, "--%s takes no value", f->name);
    if (f->value && !equals && w->at == w->count)
        return call_fail(c, CTL_USAGE, "--%s needs a value: %s", f->name, f->value);
    if (given(c, f) && !f->repeats)
        return call_fail(c, CTL_USAGE, "--%s is given twice", f->name);
    if (c->givens == CALL_FLAGS_MAX)
        return call_fail(c, CTL_USAGE, "more than %d options", CALL_FLAGS_MAX);
    c->given[c->givens].flag = f;
    c->given[c->givens++].value = !f->value ? "" : equals ? equals + 1 : w->word[w->at++];
    return CTL_OK;
}

static int take_operand(struct call *c, const char *word)
{
    unsigned most = !c->command->operands                 ? 0
                    : strstr(c->command->operands, "...") ? CALL_OPERANDS_MAX
                                                          : 1;
    if (c->operands == most)
        return call_fail(c, CTL_USAGE, "unexpected argument '%s'", word);
    c->operand[c->operands++] = word;
    return CTL_OK;
}

static int check_complete(const struct call *c)
{
    for (const struct flag *f = c->command->flags; f && f->name; f++) {
        if (!f->required || call_flag(c, f->name))
            continue;
        if (f->env)
            return call_fail(c, CTL_USAGE, "--%s %s is missing (or set %s)", f->name, f->value,
                             f->env);
        return call_fail(c, CTL_USAGE, "--%s %s is missing", f->name, f->value);
    }
    if (c->command->operands && c->command->operands[0] != '[' && c->operands == 0)
        return call_fail(c, CTL_USAGE, "%s is missing", c->command->operands);
    return CTL_OK;
}

static int run_leaf(struct call *c, struct words *w)
{
    int status = CTL_OK;
    bool only_operands = false;
    while (w->at < w->count && status == CTL_OK) {
        char *word = w->word[w->at++];
        if (only_operands || word[0] != '-' || !word[1])
            status = take_operand(c, word);
        else if (strcmp(word, "--") == 0)
            only_operands = true;
        else if (strncmp(word, "--", 2) == 0)
            status = take_flag(c, w, word);
        else
            status = call_fail(c, CTL_USAGE, "unknown option %s", word);
    }
    if (status == CTL_OK)
        status = check_complete(c);
    return status == CTL_OK ? c->command->run(c) : status;
}

/* --- commands --------------------------------------------------------------------------------- */

static const struct command *find_sub(const struct command *command, const char *word)
{
    for (const struct command *const *s = command->sub; *s; s++)
        if (strcmp((*s)->name, word) == 0)
            return *s;
    return NULL;
}

static int unknown_command(const struct call *c, const char *word)
{
    struct suggest s = {.word = word};
    for (const struct command *const *sub = c->command->sub; *sub; sub++)
        suggest_consider(&s, (*sub)->name);
    if (word[0] == '-')
        return call_fail(c, CTL_USAGE, "unknown option %s", word);
    if (s.best)
        return call_fail(c, CTL_USAGE, "unknown command '%s'; did you mean '%s'?", word, s.best);
    return call_fail(c, CTL_USAGE, "unknown command '%s'", word);
}

/* --help anywhere in front of a lone "--" asks for the page of the command found so far. */
static bool asks_for_help(const struct words *w)
{
    for (int i = w->at; i < w->count && strcmp(w->word[i], "--") != 0; i++)
        if (strcmp(w->word[i], "--help") == 0 || strcmp(w->word[i], "-h") == 0)
            return true;
    return false;
}

static void enter(struct call *c, const struct command *command)
{
    size_t len = strlen(c->path);
    snprintf(c->path + len, sizeof c->path - len, "%s%s", len > 0 ? " " : "", command->name);
    c->command = command;
}

int command_run(const struct command *root, int argc, char **argv, FILE *out, FILE *err)
{
    struct call c = {.out = out, .err = err};
    struct words w = {.count = argc, .at = 1, .word = argv};
    enter(&c, root);
    while (c.command->sub && w.at < w.count) {
        const struct command *sub = find_sub(c.command, w.word[w.at]);
        if (!sub)
            break;
        w.at++;
        enter(&c, sub);
    }
    const char *next = w.at < w.count ? w.word[w.at] : NULL;
    if (asks_for_help(&w)) {
        command_help(&c);
        return call_finish(&c);
    }
    if (c.command == root && next && (!strcmp(next, "--version") || !strcmp(next, "-V"))) {
        version_print(root->name, out);
        return call_finish(&c);
    }
    if (!c.command->sub)
        return run_leaf(&c, &w);
    return next ? unknown_command(&c, next) : call_fail(&c, CTL_USAGE, "a command is missing");
}
