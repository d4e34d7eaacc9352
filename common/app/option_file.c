/* Settings in files: NAME=value lines for --config, one secret for NAME_FILE. */
#include "common/app/option_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int read_all(FILE *f, const char *path, struct buf *out, struct err *e)
{
    size_t n;
    do {
        n = fread(buf_reserve(out, 4096), 1, 4096, f);
        buf_commit(out, n);
    } while (n > 0 && out->len <= OPTION_FILE_BYTES_MAX);
    if (ferror(f))
        return err_set(e, ERR_IO, "cannot read %s: %s", path, strerror(errno));
    if (out->len > OPTION_FILE_BYTES_MAX)
        return err_set(e, ERR_TOO_LARGE, "%s is larger than 1MiB", path);
    return 0;
}

int option_file_read(const char *path, struct buf *out, struct err *e)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot open %s: %s", path,
                       strerror(errno));
    int rc = read_all(f, path, out, e);
    (void)fclose(f);
    return rc;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span s)
{
    while (s.len > 0 && is_space(s.p[0]))
        s = span_of(s.p + 1, s.len - 1);
    while (s.len > 0 && is_space(s.p[s.len - 1]))
        s.len--;
    return s;
}

/* Cuts a comment: '#' at the start or after a space. */
static struct span uncomment(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] == '#' && (i == 0 || is_space(s.p[i - 1])))
            return span_of(s.p, i);
    return s;
}

static int unquote(struct span *value, struct err *e)
{
    char quote = value->p[0];
    const char *end = memchr(value->p + 1, quote, value->len - 1);
    if (!end)
        return err_set(e, ERR_SYNTAX, "the quote %c is not closed", quote);
    size_t len = (size_t)(end - value->p) - 1;
    struct span rest = span_of(end + 1, value->len - len - 2);
    if (trim(uncomment(rest)).len > 0)
        return err_set(e, ERR_SYNTAX, "there is text behind the closing quote");
    *value = span_of(value->p + 1, len);
    return 0;
}

int option_file_line(struct span line, struct span *name, struct span *value, struct err *e)
{
    *name = *value = span_of(line.p, 0);
    line = trim(line);
    if (line.len == 0 || line.p[0] == '#')
        return 0;
    const char *equals = memchr(line.p, '=', line.len);
    if (!equals || equals == line.p)
        return err_set(e, ERR_SYNTAX, "expected NAME=value");
    *name = trim(span_of(line.p, (size_t)(equals - line.p)));
    *value = trim(span_of(equals + 1, line.len - (size_t)(equals - line.p) - 1));
    if (value->len > 0 && (value->p[0] == '"' || value->p[0] == '\''))
        return unquote(value, e);
    *value = trim(uncomment(*value));
    return 0;
}
