/* --print-config: every setting with its value and source, secrets masked. */
#include <ctype.h>
#include <string.h>

#include "common/app/option_help.h"

static const char mask[] = "****";

/* Where the password of "scheme://user:password@host" lies; false when there is none. */
static bool find_password(const char *url, struct span *password)
{
    const char *scheme = strstr(url, "://");
    if (!scheme)
        return false;
    const char *user = scheme + 3, *end = user + strcspn(user, "/?#"), *at = NULL;
    for (const char *p = user; p < end; p++)
        if (*p == '@')
            at = p; /* the last one: passwords may hold '@' */
    const char *colon = at ? memchr(user, ':', (size_t)(at - user)) : NULL;
    if (!colon)
        return false;
    *password = span_of(colon + 1, (size_t)(at - colon - 1));
    return true;
}

static void append_masked(struct buf *out, const char *text)
{
    struct span password;
    if (!find_password(text, &password)) {
        buf_str(out, text);
        return;
    }
    buf_append(out, text, (size_t)(password.p - text));
    buf_str(out, mask);
    buf_str(out, password.p + password.len);
}

/* Quotes what a settings file would otherwise cut. */
static void append_value(struct buf *out, const char *text)
{
    bool quote = strpbrk(text, " \t#'\"") != NULL;
    const char *mark = !quote ? "" : strchr(text, '"') ? "'" : "\"";
    buf_str(out, mark);
    append_masked(out, text);
    buf_str(out, mark);
}

static void print_line(FILE *out, struct buf *line, const char *source)
{
    fprintf(out, "%-60s # %s\n", buf_cstr(line), source);
    buf_clear(line);
}

/* Nothing printed needs to be secret only because nobody foresaw the name of a property. */
static bool is_secret_property(const char *name)
{
    static const char *const words[] = {"password", "secret",    "pem",
                                        "token",    "sasl.jaas", "oauthbearer.config"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasestr(name, words[i]))
            return true;
    return strcmp(name, "ssl.key") == 0;
}

static void append_property(struct buf *line, const struct option_kafka *k)
{
    buf_str(line, "KAFKA_OPT_");
    for (const char *p = k->name; *p; p++)
        buf_char(line, *p == '.' ? '_' : (char)toupper((unsigned char)*p));
    buf_char(line, '=');
    if (is_secret_property(k->name))
        buf_str(line, mask);
    else
        append_value(line, k->value);
}

void option_help_print(const struct options *o, FILE *out)
{
    struct buf line = {0};
    for (const struct option_row *row = o->program->rows; row->name; row++) {
        const struct option_entry *entry = &o->entry[row - o->program->rows];
        if (!entry->text) {
            buf_printf(&line, "# %s is not set", row->name);
            fprintf(out, "%s\n", buf_cstr(&line));
            buf_clear(&line);
            continue;
        }
        buf_printf(&line, "%s=", row->name);
        if (row->secret && *entry->text && !strstr(entry->text, "://"))
            buf_str(&line, mask);
        else
            append_value(&line, entry->text);
        print_line(out, &line, option_source_name(entry->source));
    }
    for (size_t i = 0; i < o->kafka_count; i++) {
        append_property(&line, &o->kafka[i]);
        print_line(out, &line, option_source_name(o->kafka[i].source));
    }
    buf_deinit(&line);
}
