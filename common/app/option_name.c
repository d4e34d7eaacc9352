/* The three spellings of a setting: NAME (environment, file), --name (flag), NAME_FILE (secrets).
 */
#include "common/app/option_name.h"

#include <string.h>

void option_flag_of(const char *name, char out[OPTION_NAME_MAX])
{
    size_t i = 0;
    for (; name[i] && i < OPTION_NAME_MAX - 1; i++) {
        char c = name[i];
        out[i] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    out[i] = '\0';
}

static bool ends_with(struct span s, const char *tail)
{
    size_t len = strlen(tail);
    return s.len > len && memcmp(s.p + s.len - len, tail, len) == 0;
}

static bool is_name(struct span given, const char *name)
{
    return name && span_is(given, name);
}

static bool is_flag(struct span given, const char *name)
{
    char flag[OPTION_NAME_MAX];
    if (!name)
        return false;
    option_flag_of(name, flag);
    return span_is(given, flag);
}

typedef bool (*name_match)(struct span given, const char *name);

static const struct option_row *find(const struct option_row *rows, struct span given,
                                     name_match match, const char *file_tail,
                                     enum option_spelling *spelling)
{
    struct span stem = given;
    bool file = ends_with(given, file_tail);
    if (file)
        stem.len -= strlen(file_tail);
    for (const struct option_row *row = rows; row->name; row++) {
        if (match(given, row->name))
            *spelling = OPTION_BY_NAME;
        else if (match(given, row->alias))
            *spelling = OPTION_BY_ALIAS;
        else if (file && row->secret && (match(stem, row->name) || match(stem, row->alias)))
            *spelling = OPTION_BY_FILE;
        else
            continue;
        return row;
    }
    return NULL;
}

const struct option_row *option_find(const struct option_row *rows, struct span name,
                                     enum option_spelling *spelling)
{
    return find(rows, name, is_name, "_FILE", spelling);
}

const struct option_row *option_find_flag(const struct option_row *rows, struct span flag,
                                          enum option_spelling *spelling)
{
    return find(rows, flag, is_flag, "-file", spelling);
}

void option_suggest(const struct option_row *rows, struct suggest *s)
{
    for (const struct option_row *row = rows; row->name; row++) {
        suggest_consider(s, row->name);
        if (row->alias)
            suggest_consider(s, row->alias);
    }
}

bool option_kafka_property(struct span name, char out[OPTION_NAME_MAX * 2], bool *from_file)
{
    static const char prefix[] = "KAFKA_OPT_";
    size_t skip = sizeof prefix - 1;
    if (name.len <= skip || memcmp(name.p, prefix, skip) != 0 || name.len >= OPTION_NAME_MAX * 2)
        return false;
    *from_file = ends_with(name, "_FILE");
    size_t end = name.len - (*from_file ? strlen("_FILE") : 0), n = 0;
    for (size_t i = skip; i < end; i++) {
        char c = name.p[i];
        out[n++] = c == '_' ? '.' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    out[n] = '\0';
    return n > 0;
}
