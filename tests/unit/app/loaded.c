/* Runs options_load as a program would, and keeps what it printed. */
#include "tests/unit/app/loaded.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define FIELD(f) .field = offsetof(struct sample, f)

static const struct option_row rows[] = {
    {.name = "LISTEN", .type = OPTION_STRING, FIELD(listen), .fallback = "8001", .help = "Where."},
    {.name = "MONGO_URL",
     .alias = "MONGO_URI",
     .type = OPTION_STRING,
     FIELD(url),
     .fallback = "mongodb://localhost",
     .secret = true,
     .group = "Store",
     .help = "The store."},
    {.name = "TOKEN", .type = OPTION_STRING, FIELD(token), .secret = true, .help = "A secret."},
    {.name = "LOG_LEVEL",
     .type = OPTION_CHOICE,
     FIELD(level),
     .fallback = "info",
     .choices = "debug|info|warn",
     .help = "How much."},
    {.name = "COUNT", .type = OPTION_INT, FIELD(count), .fallback = "3", .max = 10, .help = "N."},
    {.name = "WAIT",
     .type = OPTION_DURATION,
     FIELD(wait_ms),
     .fallback = "5s",
     .min = 1,
     .max = 60000,
     .help = "T."},
    {.name = "LIMIT", .type = OPTION_SIZE, FIELD(limit_bytes), .fallback = "1MiB", .help = "S."},
    {.name = "SHARE", .type = OPTION_DOUBLE, FIELD(share), .fallback = "0.5", .help = "D."},
    {.name = "CREATE_TOPICS",
     .type = OPTION_BOOL,
     FIELD(create),
     .fallback = "true",
     .group = "Kafka",
     .help = "Create."},
    {0},
};

static void no_wait_without_count(struct options *o, const void *settings)
{
    const struct sample *s = settings;
    if (s->count == 0 && s->wait_ms > 5000)
        options_error(o, "WAIT", "has no effect when COUNT is 0");
}

static const struct options_program program = {.name = "weir-sample",
                                               .summary = "a sample.",
                                               .rows = rows,
                                               .env_prefixes = "WEIR_",
                                               .check = no_wait_without_count};

struct loaded load(const char *const *flags, const char *const *environment)
{
    struct loaded l = {0};
    size_t out_len, err_len;
    const char *argv[32] = {"weir-sample"};
    int argc = 1;
    while (*flags)
        argv[argc++] = *flags++;
    FILE *out = open_memstream(&l.out, &out_len), *err = open_memstream(&l.err, &err_len);
    l.outcome = options_load(&l.options, &program, &l.sample, argc, (char **)argv,
                             (char **)environment, out, err);
    (void)fclose(out);
    (void)fclose(err);
    return l;
}

void loaded_free(struct loaded *l)
{
    options_free(l->options);
    free(l->out);
    free(l->err);
}

char *temporary_file(const char *contents)
{
    char *path = joined("/tmp/weir-unit-", "XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, contents, strlen(contents)), (ssize_t)strlen(contents));
    close(fd);
    return path;
}

char *joined(const char *prefix, const char *path)
{
    size_t len = strlen(prefix) + strlen(path) + 1;
    char *text = malloc(len);
    ck_assert_ptr_nonnull(text);
    snprintf(text, len, "%s%s", prefix, path);
    return text;
}
