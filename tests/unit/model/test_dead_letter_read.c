/* Dead letters read back: what was wrapped comes out, and what is none is refused. */
#include <string.h>

#include "common/base/random.h"
#include "common/base/timestamp.h"
#include "common/model/dead_letter.h"
#include "common/model/dead_letter_read.h"
#include "tests/unit/unit.h"

static struct dead_letter_read letter;

static void stop(void)
{
    dead_letter_read_deinit(&letter);
}

static void must_read(const char *json)
{
    struct err e = {0};
    ck_assert_msg(dead_letter_read(&letter, span_str(json), &e) == 0, "%s: %s", json, e.message);
}

static void must_refuse(const char *json)
{
    struct err e = {0};
    ck_assert_msg(dead_letter_read(&letter, span_str(json), &e) == ERR_SYNTAX, "%s", json);
    ck_assert(e.message[0]);
}

static void must_be(struct span have, const char *want)
{
    ck_assert_msg(span_is(have, want), "%.*s, expected %s", (int)have.len, have.p, want);
}

static void must_come_back(struct span value)
{
    struct dead_letter d = {.topic = "telemetry.raw",
                            .partition = 3,
                            .offset = INT64_C(12345678901),
                            .record_ms = 5,
                            .value = value,
                            .reason = "type",
                            .message = "humidity: must be a number, is \"48\"",
                            .attempts = 2,
                            .failed_at_ms = INT64_C(1795255201000),
                            .worker = "aggregator_worker"};
    struct buf json = {0};
    struct err e = {0};
    dead_letter_encode(&d, &json);
    ck_assert_msg(dead_letter_read(&letter, buf_view(&json), &e) == 0, "%s", e.message);
    ck_assert(span_eq(letter.original, value));
    must_be(letter.topic, "telemetry.raw");
    must_be(letter.code, "type");
    must_be(letter.class, "poison");
    must_be(letter.worker, "aggregator_worker");
    must_be(letter.message, d.message);
    ck_assert(letter.partition == 3 && letter.offset == d.offset && letter.attempts == 2);
    ck_assert_int_eq(letter.failed_at_ms, d.failed_at_ms);
    ck_assert(!letter.truncated);
    buf_deinit(&json);
}

START_TEST(any_bytes_come_back)
{
    struct rng rng;
    char bytes[600];
    rng_seed(&rng, 3);
    for (int round = 0; round < 3000; round++) {
        size_t len = rng_below(&rng, sizeof bytes);
        bool text = rng_below(&rng, 2) == 0;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)(text ? 0x20 + rng_below(&rng, 0x5f) : rng_below(&rng, 256));
        must_come_back(span_of(bytes, len));
    }
    must_come_back(span_of(NULL, 0));
}
END_TEST

START_TEST(letters_of_others_are_understood)
{
    must_read("{\"original_message\": {\"a\": [1, \"}\"]} ,\"failure_reason\":\"x\","
              "\"timestamp\":\"2026-11-21T10:00:00Z\",\"worker\":\"w\",\"more\":[{}]}");
    must_be(letter.original, "{\"a\": [1, \"}\"]}");
    must_be(letter.message, "x");
    ck_assert_int_eq(letter.failed_at_ms, INT64_C(1795255200000));
    ck_assert(letter.offset == -1 && letter.topic.len == 0);
    must_read("{\"original_message\":17,\"timestamp\":\"yesterday\",\"origin\":null}");
    must_be(letter.original, "17");
    ck_assert_int_lt(letter.failed_at_ms, TIMESTAMP_MIN_MS);
    must_read("{\"original_message\":\"ab\",\"original_truncated\":true}");
    ck_assert(letter.truncated);
    must_read("{}");
    ck_assert_ptr_null(letter.original.p);
}
END_TEST

START_TEST(what_is_no_letter_is_refused)
{
    must_refuse("");
    must_refuse("[]");
    must_refuse("{\"original_message\":\"a\"");
    must_refuse("{\"original_message\":\"a\"}}");
    must_refuse("{\"origin\":{\"topic\":}}");
    must_refuse("{\"original_message_base64\":\"YWJ\"}");
    must_refuse("{\"original_message_base64\":\"Y!Jj\"}");
    must_refuse("{\"original_message_base64\":\"YQ==YWJj\"}");
}
END_TEST

static void must_sign(const char *json, const char *signature)
{
    struct buf out = {0};
    must_read(json);
    dead_letter_signature(&letter, &out);
    must_be(buf_view(&out), signature);
    buf_deinit(&out);
}

START_TEST(letters_of_one_cause_have_one_signature)
{
    must_sign("{\"code\":\"type\",\"failure_reason\":\"humidity: is \\\"48\\\" at byte 17\"}",
              "type: humidity: is \"...\" at byte #");
    must_sign("{\"code\":\"range\",\"failure_reason\":\"lat: -91.5 is out of range -90..90\"}",
              "range: lat: -# is out of range -#");
    must_sign("{\"code\":\"type\",\"failure_reason\":\"is \\\"48\"}", "type: is \"...\"");
    must_sign("{\"failure_reason\":\"\"}", "unknown: ");
}
END_TEST

UNIT_CASE(dead_letter_read)
{
    tcase_add_checked_fixture(tc, NULL, stop);
    tcase_add_test(tc, any_bytes_come_back);
    tcase_add_test(tc, letters_of_others_are_understood);
    tcase_add_test(tc, what_is_no_letter_is_refused);
    tcase_add_test(tc, letters_of_one_cause_have_one_signature);
}
