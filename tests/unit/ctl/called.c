/* Runs weirctl's commands as its main does, and keeps what they printed. */
#include "tests/unit/ctl/called.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ctl/commands.h"

struct called called(const char *const *words)
{
    static const struct command *const commands[] = {&command_dlq,   &command_doctor, &command_key,
                                                     &command_purge, &command_verify, NULL};
    static const struct command root = {.name = "weirctl", .summary = "tests.", .sub = commands};
    struct called c = {0};
    size_t out_len, err_len;
    FILE *out = open_memstream(&c.out, &out_len), *err = open_memstream(&c.err, &err_len);
    int count = 0;
    while (words[count])
        count++;
    c.status = command_run(&root, count, (char **)words, out, err);
    (void)fclose(out);
    (void)fclose(err);
    return c;
}

void called_free(struct called *c)
{
    free(c->out);
    free(c->err);
}

void must_say(int expected, const char *part, const char *const *words)
{
    struct called c = called(words);
    const char *text = expected == CTL_OK ? c.out : c.err;
    ck_assert_msg(c.status == expected, "exit status %d, expected %d: %s", c.status, expected,
                  c.err);
    ck_assert_msg(strstr(text, part), "%s, expected %s", text, part);
    ck_assert_msg(expected == CTL_OK || !*c.out, "it failed, and printed %s", c.out);
    called_free(&c);
}
