/* From words to commands: help, guesses, and every wrong use told with exit status 2. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ctl/called.h"
#include "tests/unit/unit.h"

START_TEST(help_is_found_at_every_level)
{
    MUST_SAY(CTL_OK, "\n  key ", "--help");
    MUST_SAY(CTL_OK, "weirctl COMMAND --help", "-h");
    MUST_SAY(CTL_OK, "  create ", "key", "--help");
    MUST_SAY(CTL_OK, "Usage: weirctl key create --file F --scopes LIST", "key", "create", "--help");
    MUST_SAY(CTL_OK, "[default: never]", "key", "create", "--scopes", "x", "--help");
    MUST_SAY(CTL_OK, "[env: API_KEYS_FILE]", "key", "revoke", "-h");
    MUST_SAY(CTL_OK, "weirctl 0", "--version");
}
END_TEST

START_TEST(lines_of_help_fit_and_have_no_loose_ends)
{
    struct called c = CALL("key", "create", "--help");
    for (const char *line = c.out; *line;) {
        size_t len = strcspn(line, "\n");
        ck_assert_msg(len <= 100, "%.*s", (int)len, line);
        ck_assert_msg(len == 0 || line[len - 1] != ' ', "%.*s", (int)len, line);
        line += len + 1;
    }
    called_free(&c);
}
END_TEST

START_TEST(typos_are_met_with_a_guess)
{
    MUST_SAY(CTL_USAGE, "unknown command 'kye'; did you mean 'key'?", "kye");
    MUST_SAY(CTL_USAGE, "weirctl key: unknown command 'creat'; did you mean 'create'?", "key",
             "creat");
    MUST_SAY(CTL_USAGE, "unknown option --scope; did you mean --scopes?", "key", "create",
             "--scope=read");
    MUST_SAY(CTL_USAGE, "unknown option --hepl; did you mean --help?", "key", "list", "--hepl");
    MUST_SAY(CTL_USAGE, "unknown command 'dance'\n", "dance");
    MUST_SAY(CTL_USAGE, "unknown option -x", "key", "list", "-x");
}
END_TEST

START_TEST(wrong_use_is_told)
{
    ck_assert_int_eq(unsetenv("API_KEYS_FILE"), 0);
    MUST_SAY(CTL_USAGE, "a command is missing");
    MUST_SAY(CTL_USAGE, "weirctl key: a command is missing", "key");
    MUST_SAY(CTL_USAGE, "--file F is missing (or set API_KEYS_FILE)", "key", "list");
    MUST_SAY(CTL_USAGE, "--scopes LIST is missing", "key", "create", "--file", "x");
    MUST_SAY(CTL_USAGE, "--file needs a value: F", "key", "list", "--file");
    MUST_SAY(CTL_USAGE, "--json takes no value", "key", "list", "--json=1", "--file", "x");
    MUST_SAY(CTL_USAGE, "--file is given twice", "key", "list", "--file", "x", "--file=y");
    MUST_SAY(CTL_USAGE, "unexpected argument 'x'", "key", "list", "x");
    MUST_SAY(CTL_USAGE, "ID... is missing", "key", "revoke", "--file", "x");
    MUST_SAY(CTL_USAGE, "Try 'weirctl key list --help'.", "key", "list", "x");
}
END_TEST

START_TEST(behind_two_dashes_there_are_no_flags)
{
    MUST_SAY(CTL_FAILED, "/nowhere/k: cannot open", "key", "revoke", "--file", "/nowhere/k", "--",
             "--help");
}
END_TEST

static bool help_has(const char *const *words, const char *flag)
{
    struct called c = called(words);
    bool has = strstr(c.out, flag) != NULL;
    called_free(&c);
    return has;
}

/* Which settings each command uses: nothing else is in its help, or a flag of it. */
START_TEST(settings_that_mean_nothing_are_no_flags)
{
    static const char *const flag[] = {
        "--telemetry-topic", "--dlq-topic",      "--alerts-topic",     "--mongo-url",
        "--raw-collection",  "--agg-collection", "--topic-partitions", "--alerts-collection"};
    static const struct {
        const char *const words[5];
        const char *uses; /* a letter for each flag */
    } rows[] = {
        {{"weirctl", "verify", "--help"}, "yynyyynn"},
        {{"weirctl", "purge", "--help"}, "nynyyyny"},
        {{"weirctl", "doctor", "--help"}, "yyyyyyyy"},
        {{"weirctl", "dlq", "list", "--help"}, "nynnnnnn"},
        {{"weirctl", "dlq", "show", "--help"}, "nynnnnnn"},
        {{"weirctl", "dlq", "replay", "--help"}, "yynynnnn"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert(help_has(rows[i].words, "--kafka-bootstrap-servers"));
        ck_assert(!help_has(rows[i].words, "create-topics"));
        ck_assert(!help_has(rows[i].words, "--topic-replication-factor"));
        for (size_t k = 0; k < sizeof flag / sizeof *flag; k++)
            ck_assert_msg(help_has(rows[i].words, flag[k]) == (rows[i].uses[k] == 'y'), "%s %s %s",
                          rows[i].words[1], rows[i].words[2], flag[k]);
    }
    MUST_SAY(CTL_USAGE, "unknown option --create-topics", "verify", "--create-topics");
}
END_TEST

UNIT_CASE(command)
{
    tcase_add_test(tc, settings_that_mean_nothing_are_no_flags);
    tcase_add_test(tc, help_is_found_at_every_level);
    tcase_add_test(tc, lines_of_help_fit_and_have_no_loose_ends);
    tcase_add_test(tc, typos_are_met_with_a_guess);
    tcase_add_test(tc, wrong_use_is_told);
    tcase_add_test(tc, behind_two_dashes_there_are_no_flags);
}
