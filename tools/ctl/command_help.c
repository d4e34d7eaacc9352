/* The page of a command, made from its rows. */
#include <string.h>

#include "common/app/option_help.h"
#include "common/base/buf.h"
#include "tools/ctl/command.h"

enum { COLUMN = 26, WIDTH = 92 };

/* Writes the words in lines from COLUMN to WIDTH; the first line is at COLUMN already. */
static void wrap(FILE *out, const char *text)
{
    size_t column = COLUMN;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column > COLUMN && column + 1 + word > WIDTH) {
            fprintf(out, "\n%*s", COLUMN, "");
            column = COLUMN;
        }
        const char *gap = column > COLUMN ? " " : "";
        column += (size_t)fprintf(out, "%s%.*s", gap, (int)word, text);
        text += word + (text[word] == ' ');
    }
    (void)fputc('\n', out);
}

/* "  --file F" and spaces up to COLUMN, on a line of its own when it is too long. */
static void begin_row(FILE *out, const char *dashes, const char *name, const char *value)
{
    size_t at =
        (size_t)fprintf(out, "  %s%s%s%s", dashes, name, value ? " " : "", value ? value : "");
    if (at >= COLUMN) {
        (void)fputc('\n', out);
        at = 0;
    }
    fprintf(out, "%*s", (int)(COLUMN - at), "");
}

static void print_flag(FILE *out, const struct flag *f)
{
    struct buf text = {0};
    buf_str(&text, f->help);
    if (f->repeats)
        buf_str(&text, " May be repeated.");
    if (f->env)
        buf_printf(&text, " [env: %s]", f->env);
    if (f->fallback)
        buf_printf(&text, " [default: %s]", f->fallback);
    begin_row(out, "--", f->name, f->value);
    wrap(out, buf_cstr(&text));
    buf_deinit(&text);
}

static void print_usage(const struct call *c)
{
    fprintf(c->out, "Usage: %s", c->path);
    if (c->command->sub)
        fprintf(c->out, " COMMAND");
    for (const struct flag *f = c->command->flags; f && f->name; f++)
        if (f->required)
            fprintf(c->out, " --%s %s", f->name, f->value);
    fprintf(c->out, " [OPTION]...");
    if (c->command->operands)
        fprintf(c->out, " %s", c->command->operands);
    (void)fputc('\n', c->out);
}

static void print_subs(const struct call *c)
{
    (void)fputs("\nCommands\n", c->out);
    for (const struct command *const *s = c->command->sub; *s; s++) {
        begin_row(c->out, "", (*s)->name, NULL);
        wrap(c->out, (*s)->summary);
    }
    fprintf(c->out, "\n'%s COMMAND --help' tells more of each.\n", c->path);
}

void command_help(const struct call *c)
{
    static const struct flag help = {.name = "help", .help = "Prints this text, and exits."};
    static const struct flag version = {.name = "version",
                                        .help = "Prints the versions of program and libraries."};
    bool root = strchr(c->path, ' ') == NULL;
    fprintf(c->out, "%s: %s\n\n", c->path, c->command->summary);
    print_usage(c);
    if (c->command->sub)
        print_subs(c);
    (void)fputs("\nOptions\n", c->out);
    for (const struct flag *f = c->command->flags; f && f->name; f++)
        print_flag(c->out, f);
    print_flag(c->out, &help);
    if (root)
        print_flag(c->out, &version);
    if (c->command->help)
        fprintf(c->out, "\n%s", c->command->help);
    if (c->command->settings)
        option_help_rows(c->command->settings, c->out);
    fprintf(c->out, "\nExit status: %s\n",
            c->command->status ? c->command->status : "0 done, 1 it failed, 2 wrong usage.");
}
