/* Dead letters: the JSON as another reader sees it, and the headers. */
#include <jansson.h>
#include <string.h>

#include "common/model/dead_letter.h"
#include "tests/unit/unit.h"

static struct dead_letter sample(struct span value)
{
    struct dead_letter d = {
        .topic = "telemetry.raw",
        .partition = 3,
        .offset = INT64_C(12345678901),
        .record_ms = INT64_C(1795255200123),
        .key = span_str("dev-1"),
        .value = value,
        .reason = "type",
        .message = "humidity: must be a number, is \"48\"",
        .class = DEAD_POISON,
        .attempts = 1,
        .failed_at_ms = INT64_C(1795255201000),
        .worker = "aggregator_worker",
    };
    return d;
}

static json_t *encoded(const struct dead_letter *d)
{
    struct buf out = {.len = 0};
    json_error_t error;
    dead_letter_encode(d, &out);
    json_t *json = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(json != NULL, "%s", error.text);
    buf_deinit(&out);
    return json;
}

static const char *text_of(json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

START_TEST(every_field_of_the_contract_is_there)
{
    struct dead_letter d = sample(span_str("{\"humidity\":\"48\"}\n\x01"));
    json_t *json = encoded(&d);
    ck_assert_uint_eq(json_object_size(json), 8);
    ck_assert_str_eq(text_of(json, "original_message"), "{\"humidity\":\"48\"}\n\x01");
    ck_assert_str_eq(text_of(json, "failure_reason"), "humidity: must be a number, is \"48\"");
    ck_assert_str_eq(text_of(json, "timestamp"), "2026-11-21T10:00:01.000Z");
    ck_assert_str_eq(text_of(json, "worker"), "aggregator_worker");
    ck_assert_str_eq(text_of(json, "code"), "type");
    ck_assert_str_eq(text_of(json, "class"), "poison");
    ck_assert_int_eq(json_integer_value(json_object_get(json, "attempts")), 1);
    json_t *origin = json_object_get(json, "origin");
    ck_assert_uint_eq(json_object_size(origin), 4);
    ck_assert_str_eq(text_of(origin, "topic"), "telemetry.raw");
    ck_assert_int_eq(json_integer_value(json_object_get(origin, "partition")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(origin, "offset")), 12345678901);
    ck_assert_str_eq(text_of(origin, "timestamp"), "2026-11-21T10:00:00.123Z");
    json_decref(json);
}
END_TEST

START_TEST(no_time_and_exhausted)
{
    struct dead_letter d = sample(span_str(""));
    d.record_ms = -1;
    d.class = DEAD_EXHAUSTED;
    d.attempts = 4;
    json_t *json = encoded(&d);
    ck_assert_str_eq(text_of(json, "original_message"), "");
    ck_assert_str_eq(text_of(json, "class"), "exhausted");
    ck_assert_int_eq(json_integer_value(json_object_get(json, "attempts")), 4);
    ck_assert(json_is_null(json_object_get(json_object_get(json, "origin"), "timestamp")));
    json_decref(json);
}
END_TEST

/* RFC 4648 section 10, shifted out of UTF-8 by a leading 0xff, and NUL. */
static const struct {
    struct span bytes;
    const char *base64;
} binaries[] = {
    {{"\xff", 1}, "/w=="},
    {{"\xff"
      "f",
      2},
     "/2Y="},
    {{"\xff"
      "fo",
      3},
     "/2Zv"},
    {{"\xff"
      "foo",
      4},
     "/2Zvbw=="},
    {{"\xff\xfe\xfd\xfc\xfb\xfa", 6}, "//79/Pv6"},
    {{"a\0b", 3}, "YQBi"},
};

START_TEST(bytes_that_are_no_text_go_as_base64)
{
    for (size_t i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++) {
        struct dead_letter d = sample(binaries[i].bytes);
        json_t *json = encoded(&d);
        ck_assert_ptr_null(json_object_get(json, "original_message"));
        ck_assert_str_eq(text_of(json, "original_message_base64"), binaries[i].base64);
        json_decref(json);
    }
}
END_TEST

START_TEST(a_record_without_value_is_null)
{
    struct dead_letter d = sample(span_of(NULL, 0));
    json_t *json = encoded(&d);
    ck_assert(json_is_null(json_object_get(json, "original_message")));
    json_decref(json);
}
END_TEST

static const char *const names[] = {
    "kafka_dlt-original-topic",
    "kafka_dlt-original-partition",
    "kafka_dlt-original-offset",
    "kafka_dlt-original-timestamp",
    "kafka_dlt-original-consumer-group",
    "kafka_dlt-exception-message",
    "kafka_deliveryAttempt",
    "weir-reason",
    "traceparent",
};
static const char *const values[] = {
    "telemetry.raw",
    "3",
    "12345678901",
    "1795255200123",
    "aggregator_worker",
    "humidity: must be a number, is \"48\"",
    "1",
    "type",
    "00-aa-bb-01",
};

START_TEST(a_cut_record_says_so_and_how_long_it_was)
{
    struct dead_letter d = sample(span_str("the beginning"));
    d.whole_bytes = 2000000;
    json_t *json = encoded(&d);
    ck_assert_str_eq(text_of(json, "original_message"), "the beginning");
    ck_assert(json_is_true(json_object_get(json, "original_truncated")));
    ck_assert_int_eq(json_integer_value(json_object_get(json, "original_bytes")), 2000000);
    json_decref(json);
}
END_TEST

START_TEST(text_full_of_control_characters_goes_as_base64)
{
    char text[300];
    memset(text, 1, sizeof text);
    struct dead_letter d = sample(span_of(text, sizeof text));
    struct buf out = {.len = 0};
    dead_letter_encode(&d, &out);
    ck_assert_uint_lt(out.len, 2 * sizeof text + 300); /* escaped it would be six times as long */
    buf_deinit(&out);
}
END_TEST

START_TEST(headers_are_those_of_the_contract)
{
    struct buf storage = {.len = 0};
    struct dead_letter_header header[DEAD_LETTER_HEADERS_MAX];
    struct dead_letter d = sample(span_str("x"));
    d.traceparent = span_str("00-aa-bb-01");
    unsigned count = dead_letter_headers(&d, &storage, header);
    ck_assert_uint_eq(count, sizeof(names) / sizeof(names[0]));
    for (unsigned i = 0; i < count; i++) {
        ck_assert_str_eq(header[i].name, names[i]);
        ck_assert(span_is(header[i].value, values[i]));
    }
    d.traceparent = span_of(NULL, 0);
    d.record_ms = -1;
    ck_assert_uint_eq(dead_letter_headers(&d, &storage, header), count - 2);
    buf_deinit(&storage);
}
END_TEST

UNIT_CASE(dead_letter)
{
    tcase_add_test(tc, every_field_of_the_contract_is_there);
    tcase_add_test(tc, no_time_and_exhausted);
    tcase_add_test(tc, bytes_that_are_no_text_go_as_base64);
    tcase_add_test(tc, a_record_without_value_is_null);
    tcase_add_test(tc, a_cut_record_says_so_and_how_long_it_was);
    tcase_add_test(tc, text_full_of_control_characters_goes_as_base64);
    tcase_add_test(tc, headers_are_those_of_the_contract);
}
