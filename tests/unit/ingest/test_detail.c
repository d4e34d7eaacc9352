/* What a device gets back for a bad reading. */
#include <jansson.h>
#include <string.h>

#include "ingest/detail.h"
#include "tests/unit/unit.h"

static struct reading reading;
static struct reading_problems problems;

static int decode(const char *json)
{
    const struct reading_rules rules = {
        .mode = READING_LENIENT, .now_ms = 1763719200000, .max_future_skew_ms = 300000};
    return reading_decode(&reading, span_str(json), &rules, &problems);
}

/* The whole body of the answer. */
static void must_answer(const char *json, const char *expected)
{
    struct buf out = {0};
    ck_assert_int_ne(decode(json), 0);
    detail_write(&problems, &out);
    ck_assert_str_eq(buf_cstr(&out), expected);
    buf_deinit(&out);
}

/* Type, field and input of the only problem. */
static void must_find(const char *json, const char *type, const char *field, const char *input)
{
    struct buf out = {0};
    json_error_t error;
    ck_assert_int_ne(decode(json), 0);
    detail_write(&problems, &out);
    json_t *doc = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(doc, "%s: %s", buf_cstr(&out), error.text);
    json_t *list = json_object_get(doc, "detail");
    ck_assert_msg(json_array_size(list) == 1, "%s", buf_cstr(&out));
    json_t *item = json_array_get(list, 0), *loc = json_object_get(item, "loc");
    ck_assert_str_eq(json_string_value(json_object_get(item, "type")), type);
    ck_assert_str_eq(json_string_value(json_array_get(loc, 0)), "body");
    if (field)
        ck_assert_str_eq(json_string_value(json_array_get(loc, 1)), field);
    else
        ck_assert_uint_eq(json_array_size(loc), 1);
    char *given = json_dumps(json_object_get(item, "input"), JSON_ENCODE_ANY | JSON_COMPACT);
    ck_assert_str_eq(given, input);
    free(given);
    json_decref(doc);
    buf_deinit(&out);
}

#define GOOD "\"temperature_c\":1,\"humidity\":2"

START_TEST(every_problem_is_listed)
{
    must_answer("{\"device_id\":\"d\",\"temperature_c\":\"hot\",\"lat\":91,\"lon\":0}",
                "{\"detail\":[{\"type\":\"float_parsing\",\"loc\":[\"body\",\"temperature_c\"],"
                "\"msg\":\"temperature_c must be a number, is a string\",\"input\":\"hot\"},"
                "{\"type\":\"less_than_equal\",\"loc\":[\"body\",\"lat\"],"
                "\"msg\":\"lat must be between -90 and 90, is 91\",\"input\":91},"
                "{\"type\":\"missing\",\"loc\":[\"body\",\"humidity\"],"
                "\"msg\":\"humidity is required\",\"input\":null}]}");
}
END_TEST

START_TEST(each_problem_has_its_type)
{
    must_find("{" GOOD "}", "missing", "device_id", "null");
    must_find("{\"device_id\":7," GOOD "}", "string_type", "device_id", "7");
    must_find("{\"device_id\":\"\"," GOOD "}", "string_too_short", "device_id", "\"\"");
    must_find("{\"device_id\":\"a\\u0007\"," GOOD "}", "string_pattern_mismatch", "device_id",
              "\"a\\u0007\"");
    must_find("{\"device_id\":\"d\",\"temperature_c\":null,\"humidity\":2}", "float_type",
              "temperature_c", "null");
    must_find("{\"device_id\":\"d\",\"temperature_c\":1,\"humidity\":[]}", "float_type", "humidity",
              "[]");
}
END_TEST

START_TEST(ranges_tell_their_side)
{
    must_find("{\"device_id\":\"d\",\"temperature_c\":1e400,\"humidity\":2}", "finite_number",
              "temperature_c", "null");
    must_find("{\"device_id\":\"d\",\"battery_level\":101," GOOD "}", "less_than_equal",
              "battery_level", "101");
    must_find("{\"device_id\":\"d\",\"battery_level\":-1," GOOD "}", "greater_than_equal",
              "battery_level", "-1");
    must_find("{\"device_id\":\"d\",\"battery_level\":1.5," GOOD "}", "int_type", "battery_level",
              "1.5");
}
END_TEST

START_TEST(times_are_told_apart)
{
    must_find("{\"device_id\":\"d\",\"ts\":\"soon\"," GOOD "}", "datetime_parsing", "ts",
              "\"soon\"");
    must_find("{\"device_id\":\"d\",\"ts\":\"2025-11-21T10:05:00.001Z\"," GOOD "}",
              "datetime_in_future", "ts", "null");
    ck_assert_int_eq(decode("{\"device_id\":\"d\",\"ts\":\"2025-11-21T10:05:00Z\"," GOOD "}"), 0);
}
END_TEST

START_TEST(other_json_than_an_object)
{
    must_find("[]", "model_attributes_type", NULL, "null");
    must_find("7", "model_attributes_type", NULL, "null");
}
END_TEST

START_TEST(long_inputs_are_not_sent_back)
{
    char json[1024], id[300];
    memset(id, 'x', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    snprintf(json, sizeof json, "{\"device_id\":\"%s\"," GOOD "}", id);
    must_find(json, "string_too_long", "device_id", "null");
}
END_TEST

static void must_say(const char *json, const char *field, const char *byte)
{
    char sentence[DETAIL_SENTENCE_MAX];
    ck_assert_int_ne(decode(json), 0);
    detail_sentence(&problems.item[0], sentence);
    ck_assert_msg(strstr(sentence, field) && strstr(sentence, byte), "%s", sentence);
}

START_TEST(sentences_name_field_and_byte)
{
    must_say("{\"device_id\":\"d\",\"humidity\":tru}", "humidity", "byte ");
    must_say("{\"humidity\":4,\"humidity\":5}", "humidity", "byte 25");
    must_say("", "the body is not JSON", "byte 0");
}
END_TEST

START_TEST(refusals_by_kafka_have_the_same_shape)
{
    struct buf out = {0};
    detail_write_refused("policy \"no\"", &out);
    ck_assert_str_eq(buf_cstr(&out), "{\"detail\":[{\"type\":\"kafka_refused\",\"loc\":[\"body\"],"
                                     "\"msg\":\"policy \\\"no\\\"\",\"input\":null}]}");
    buf_deinit(&out);
}
END_TEST

UNIT_CASE(detail)
{
    tcase_add_test(tc, every_problem_is_listed);
    tcase_add_test(tc, each_problem_has_its_type);
    tcase_add_test(tc, ranges_tell_their_side);
    tcase_add_test(tc, times_are_told_apart);
    tcase_add_test(tc, other_json_than_an_object);
    tcase_add_test(tc, long_inputs_are_not_sent_back);
    tcase_add_test(tc, sentences_name_field_and_byte);
    tcase_add_test(tc, refusals_by_kafka_have_the_same_shape);
}
