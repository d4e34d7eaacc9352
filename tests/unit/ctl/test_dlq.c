/* Dead letters: which are wanted, how often they were replayed, and what a terminal is shown. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ctl/called.h"
#include "tests/unit/unit.h"
#include "tools/ctl/dlq.h"

static struct kafka_reader_record record;
static struct dlq_letter letter;

static void start(void)
{
    record = (struct kafka_reader_record){.partition = 3, .offset = 17, .key = span_str("dev-1")};
    letter = (struct dlq_letter){.id = "3/17",
                                 .record = &record,
                                 .body = {.code = span_str("type"),
                                          .failed_at_ms = 5000,
                                          .topic = span_str("telemetry.raw"),
                                          .partition = 4,
                                          .offset = 99}};
}

static bool wants(struct dlq_filter f)
{
    return dlq_wants(&f, &letter);
}

START_TEST(filters_narrow_down)
{
    const char *const ids[] = {"3/16", "3/17"};
    ck_assert(wants((struct dlq_filter){.to_ms = INT64_MAX}));
    ck_assert(wants((struct dlq_filter){.reason = "type",
                                        .device = "dev-1",
                                        .from_ms = 5000,
                                        .to_ms = 5001,
                                        .ids = ids,
                                        .id_count = 2}));
    ck_assert(!wants((struct dlq_filter){.to_ms = INT64_MAX, .reason = "typ"}));
    ck_assert(!wants((struct dlq_filter){.to_ms = INT64_MAX, .device = "dev-10"}));
    ck_assert(!wants((struct dlq_filter){.from_ms = 5001, .to_ms = INT64_MAX}));
    ck_assert(!wants((struct dlq_filter){.to_ms = 5000}));
    ck_assert(!wants((struct dlq_filter){.to_ms = INT64_MAX, .ids = ids, .id_count = 1}));
}
END_TEST

static void must_go_on_as(const char *replay, const char *next)
{
    char text[DLQ_REPLAY_MAX];
    letter.replay = span_str(replay);
    letter.round = dlq_round_of(letter.replay);
    ck_assert_uint_eq(dlq_next_round(&letter, text), strlen(next));
    ck_assert_str_eq(text, next);
}

START_TEST(rounds_are_counted_and_the_first_origin_stays)
{
    must_go_on_as("", "1 telemetry.raw/4/99");
    must_go_on_as("1 telemetry.raw/0/5", "2 telemetry.raw/0/5");
    must_go_on_as("41 telemetry.raw/0/5", "42 telemetry.raw/0/5");
    must_go_on_as("nonsense", "1 telemetry.raw/4/99");
    must_go_on_as("-3 x", "1 telemetry.raw/4/99");
    must_go_on_as("7", "8 telemetry.raw/4/99");
}
END_TEST

START_TEST(a_header_of_any_length_fits)
{
    char header[1000], text[DLQ_REPLAY_MAX];
    memset(header, 'x', sizeof header);
    memcpy(header, "2 ", 2);
    letter.replay = span_of(header, sizeof header);
    letter.round = dlq_round_of(letter.replay);
    ck_assert_int_eq(letter.round, 2);
    ck_assert_uint_lt(dlq_next_round(&letter, text), DLQ_REPLAY_MAX);
    ck_assert(strncmp(text, "3 xxx", 5) == 0);
}
END_TEST

START_TEST(nothing_steers_the_terminal)
{
    struct buf out = {0};
    dlq_put_plain(&out, span_str("a\x1b[31mb\n\xc2\x9b\xff Ger\xc3\xa4t\x7f"));
    ck_assert_str_eq(buf_cstr(&out), "a?[31mb??? Ger\xc3\xa4t?");
    buf_deinit(&out);
}
END_TEST

START_TEST(wrong_use_is_told)
{
    MUST_SAY(CTL_USAGE, "\"17\" names no dead letter", "dlq", "show", "17");
    MUST_SAY(CTL_USAGE, "PARTITION/OFFSET... is missing", "dlq", "show");
    MUST_SAY(CTL_USAGE, "which letters?", "dlq", "replay");
    MUST_SAY(CTL_USAGE, "exclude each other", "dlq", "replay", "--all", "--device", "x");
    MUST_SAY(CTL_USAGE, "--rate: \"0\" is no number", "dlq", "replay", "--all", "--rate", "0");
    MUST_SAY(CTL_USAGE, "--from: \"soon\" is no time", "dlq", "list", "--from", "soon");
    MUST_SAY(CTL_USAGE, "did you mean --dlq-topic?", "dlq", "list", "--dlq-topik", "x");
    MUST_SAY(CTL_USAGE, "no broker", "dlq", "list", "--kafka-bootstrap-servers", ":x");
}
END_TEST

UNIT_CASE(dlq)
{
    tcase_add_checked_fixture(tc, start, NULL);
    tcase_add_test(tc, filters_narrow_down);
    tcase_add_test(tc, rounds_are_counted_and_the_first_origin_stays);
    tcase_add_test(tc, a_header_of_any_length_fits);
    tcase_add_test(tc, nothing_steers_the_terminal);
    tcase_add_test(tc, wrong_use_is_told);
}
