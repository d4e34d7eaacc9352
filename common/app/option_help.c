/* What an operator reads: --help and the same as Markdown. */
#include "common/app/option_help.h"

#include <string.h>

#include "common/app/option_value.h"

enum { COLUMN = 34, WIDTH = 100 };

static void pad_to(FILE *out, int used, int column)
{
    if (used >= column) {
        (void)fputc('\n', out);
        used = 0;
    }
    fprintf(out, "%*s", column - used, "");
}

/* Words wrapped at WIDTH, further lines indented to COLUMN. */
static void wrap(FILE *out, const char *text)
{
    int at = COLUMN;
    while (*text) {
        int word = (int)strcspn(text, " ");
        if (at > COLUMN && at + 1 + word > WIDTH) {
            (void)fputc('\n', out);
            pad_to(out, 0, COLUMN);
            at = COLUMN;
        }
        at += fprintf(out, "%s%.*s", at > COLUMN ? " " : "", word, text);
        text += word;
        text += strspn(text, " ");
    }
    (void)fputc('\n', out);
}

static int print_flag(FILE *out, const struct option_row *row)
{
    char flag[OPTION_NAME_MAX];
    option_flag_of(row->name, flag);
    const char *word = option_value_word(row);
    if (row->type == OPTION_BOOL)
        return fprintf(out, "  --[no-]%s", flag);
    return fprintf(out, "  --%s %s", flag, word);
}

static void print_row(FILE *out, const struct option_row *row)
{
    pad_to(out, print_flag(out, row), COLUMN);
    wrap(out, row->help);
    char env[256], fallback[256] = "", line[512];
    int n = snprintf(env, sizeof env, "[env: %s", row->name);
    if (row->alias)
        n += snprintf(env + n, sizeof env - (size_t)n, " or %s", row->alias);
    if (row->secret)
        n += snprintf(env + n, sizeof env - (size_t)n, "; %s_FILE reads it from a file", row->name);
    snprintf(env + n, sizeof env - (size_t)n, "]");
    if (row->fallback && *row->fallback)
        n += snprintf(fallback, sizeof fallback, "[default: %s]", row->fallback);
    bool one_line = n + 2 <= WIDTH - COLUMN;
    snprintf(line, sizeof line, "%s%s%s", env, one_line && *fallback ? " " : "",
             one_line ? fallback : "");
    pad_to(out, 0, COLUMN);
    wrap(out, line);
    if (!one_line && *fallback) {
        pad_to(out, 0, COLUMN);
        wrap(out, fallback);
    }
}

static const char *group_of(const struct option_row *row)
{
    return row->group ? row->group : "Other";
}

static bool first_of_group(const struct option_row *rows, const struct option_row *row)
{
    for (const struct option_row *earlier = rows; earlier != row; earlier++)
        if (strcmp(group_of(earlier), group_of(row)) == 0)
            return false;
    return true;
}

static void print_heading(FILE *out, const struct option_row *row)
{
    fprintf(out, "\n%s\n", group_of(row));
}

typedef void (*row_printer)(FILE *out, const struct option_row *row);

/* Groups come in the order of their first row, wherever their rows stand. */
static void each_group(FILE *out, const struct option_row *rows, row_printer heading,
                       row_printer print)
{
    for (const struct option_row *first = rows; first->name; first++) {
        if (!first_of_group(rows, first))
            continue;
        heading(out, first);
        for (const struct option_row *row = first; row->name; row++)
            if (strcmp(group_of(row), group_of(first)) == 0)
                print(out, row);
    }
}

static void print_extra(FILE *out, const char *flag, const char *help)
{
    pad_to(out, fprintf(out, "  %s", flag), COLUMN);
    wrap(out, help);
}

void option_help_rows(const struct option_row *rows, FILE *out)
{
    each_group(out, rows, print_heading, print_row);
    (void)fputs("\nKafka client\n", out);
    print_extra(
        out, "--kafka-opt PROPERTY=VALUE",
        "Hands a property to librdkafka as it is, for example security.protocol=SSL; may be "
        "repeated. Values that would break the delivery guarantee are refused.");
    pad_to(out, 0, COLUMN);
    wrap(out, "[env: KAFKA_OPT_SECURITY_PROTOCOL; KAFKA_OPT_..._FILE reads it from a file]");
}

void option_help_text(const struct options_program *program, FILE *out)
{
    fprintf(out, "%s: %s\n\nUsage: %s [OPTION]...\n\n", program->name, program->summary,
            program->name);
    (void)fputs("Every option is also an environment variable (its name in capitals) and a line\n"
                "NAME=value of the --config file. A flag wins over the environment, that over the\n"
                "file, that over the default. Durations: 500ms, 10s, 5m. Sizes: 64KiB, 1MiB.\n",
                out);
    option_help_rows(program->rows, out);
    (void)fputs("\nThis program\n", out);
    print_extra(out, "--config FILE", "Reads settings from a file. [env: WEIR_CONFIG]");
    print_extra(out, "--print-config",
                "Prints every setting with its value and source, and exits.");
    print_extra(out, "--check-config", "Reports every error in the settings, and exits.");
    print_extra(
        out, "--probe URL",
        "Asks once, and exits 0 when the answer is a 2xx, 1 when not: http://ADDRESS:PORT/PATH, "
        "or /PATH of the program that runs with these settings. For health checks.");
    print_extra(out, "--version", "Prints the versions of program and libraries, and exits.");
    print_extra(out, "--help[=markdown]", "Prints this text, and exits.");
    (void)fputs("\nExit status: 0 clean stop, 1 runtime failure, 2 wrong usage or settings.\n"
                "Signals: TERM and INT drain and stop, a second one stops at once; HUP reloads.\n",
                out);
}

/* A '|' would end the cell. */
static void print_cell(FILE *out, const char *text)
{
    for (; *text; text++)
        fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
}

static void print_markdown_row(FILE *out, const struct option_row *row)
{
    fprintf(out, "| `%s`", row->name);
    if (row->alias)
        fprintf(out, " (`%s`)", row->alias);
    fprintf(out, " | `");
    print_cell(out, row->fallback && *row->fallback ? row->fallback : "-");
    fprintf(out, "` | ");
    print_cell(out, row->help);
    if (row->type == OPTION_CHOICE) {
        fprintf(out, " One of `");
        print_cell(out, row->choices);
        fprintf(out, "`.");
    }
    if (row->secret)
        fprintf(out, " A secret: `%s_FILE` reads it from a file.", row->name);
    fprintf(out, " |\n");
}

static void print_markdown_heading(FILE *out, const struct option_row *row)
{
    fprintf(out, "\n### %s\n\n| name | default | meaning |\n|---|---|---|\n", group_of(row));
}

void option_help_markdown(const struct options_program *program, FILE *out)
{
    fprintf(out, "## %s\n\n%s\n", program->name, program->summary);
    each_group(out, program->rows, print_markdown_heading, print_markdown_row);
}
