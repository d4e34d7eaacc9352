/* Settings that do not go together are refused, with the numbers that would. */
#include "ingest/settings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { BODY = 2097152, BESIDE = 65536, WORDS_MAX = 6 };

/* What --check-config prints to stderr with these NAME=value words; owned by the caller. */
static char *complaints(char words[][64], int count, enum options_outcome *outcome)
{
    char name[] = "weir-ingest", flag[] = "--check-config";
    char *flags[] = {name, flag}, *environment[WORDS_MAX + 1] = {NULL};
    char *out_text = NULL, *err_text = NULL;
    size_t out_len, err_len;
    struct settings settings = {0};
    struct options *options;
    for (int i = 0; i < count; i++)
        environment[i] = words[i];
    FILE *out = open_memstream(&out_text, &out_len), *err = open_memstream(&err_text, &err_len);
    *outcome = options_load(&options, &ingest_program, &settings, 2, flags, environment, out, err);
    (void)fclose(out);
    (void)fclose(err);
    options_free(options);
    free(out_text);
    return err_text;
}

/* The limits of the shares with so many bytes and messages; `missing` lacks of each. */
static char *complaints_about_shares(int64_t workers, int64_t shares, int64_t missing,
                                     enum options_outcome *outcome)
{
    char words[5][64];
    snprintf(words[0], sizeof words[0], "WORKERS=%" PRId64, workers);
    snprintf(words[1], sizeof words[1], "MAX_BODY=%d", BODY);
    snprintf(words[2], sizeof words[2], "MAX_BUFFERED=%" PRId64,
             shares * (BODY + BESIDE) - missing);
    snprintf(words[3], sizeof words[3], "QUEUE_BYTES=%" PRId64, shares * BODY - missing);
    snprintf(words[4], sizeof words[4], "QUEUE_MESSAGES=%" PRId64,
             missing && shares > 1 ? shares - 1 : shares);
    return complaints(words, 5, outcome);
}

static void must_hold(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part), "expected \"%s\" in:\n%s", part, text);
}

/* 0 is one for each processor here, so that a limit that is too small is told at start too. */
START_TEST(limits_must_hold_a_body_for_each_worker)
{
    static const int64_t rows[] = {1, 2, 7, INGEST_WORKERS_MAX, 0};
    const int64_t workers = rows[_i];
    const int64_t shares = settings_workers(&(struct settings){.workers = workers});
    enum options_outcome outcome;
    char buffered[128], queued[128];
    ck_assert_int_ge(shares, 1);
    char *text = complaints_about_shares(workers, shares, 0, &outcome);
    ck_assert_str_eq(text, "");
    ck_assert_int_eq(outcome, OPTIONS_EXIT_OK);
    free(text);
    text = complaints_about_shares(workers, shares, 1, &outcome);
    snprintf(buffered, sizeof buffered,
             "MAX_BUFFERED (environment): must be %" PRId64
             " bytes at least: MAX_BODY and 64KiB for each of "
             "%" PRId64 " WORKERS",
             shares * (BODY + BESIDE), shares);
    snprintf(queued, sizeof queued,
             "QUEUE_BYTES (environment): must be %" PRId64
             " bytes at least: MAX_BODY for each of %" PRId64 " WORKERS",
             shares * BODY, shares);
    must_hold(text, buffered);
    must_hold(text, queued);
    if (shares > 1)
        must_hold(text, "QUEUE_MESSAGES (environment): must be ");
    ck_assert_int_eq(outcome, OPTIONS_EXIT_USAGE);
    free(text);
}
END_TEST

START_TEST(the_defaults_go_with_any_number_of_workers)
{
    enum options_outcome outcome;
    for (int workers = 0; workers <= INGEST_WORKERS_MAX; workers++) {
        char words[1][64];
        snprintf(words[0], sizeof words[0], "WORKERS=%d", workers);
        char *text = complaints(words, 1, &outcome);
        ck_assert_str_eq(text, "");
        free(text);
    }
}
END_TEST

UNIT_CASE(settings)
{
    tcase_add_loop_test(tc, limits_must_hold_a_body_for_each_worker, 0, 5);
    tcase_add_test(tc, the_defaults_go_with_any_number_of_workers);
}
