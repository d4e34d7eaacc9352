/* Canonical JSON: exact text, and that decoding it gives the same reading back. */
#include <string.h>

#include "tests/unit/model/decoded.h"
#include "tests/unit/unit.h"

static struct decoded d, again;

static const struct {
    enum reading_mode mode;
    const char *text, *canonical;
} exact[] = {
    {READING_LENIENT, "{'humidity':4.80e1,'ts':0,'s':'ignored','temperature_c':-0,'device_id':'a'}",
     "{'device_id':'a','ts':'1970-01-01T00:00:00.000Z','humidity':4.80e1,'temperature_c':-0}"},
    {READING_STRICT,
     "{'seq':4.2e1,'online':false,'lon':34.90,'x':12345678901234567890123,'lat':1E1,"
     "'battery_level':87.0,'timestamp':1795255200.1234,'device_id':'\\u00e9\\\\'}",
     "{'device_id':'\xc3\xa9\\\\','ts':'2026-11-21T10:00:00.123Z','x':12345678901234567890123,"
     "'battery_level':87.0,'lat':1E1,'lon':34.90,'online':false,'seq':42}"},
    {READING_CANONICAL,
     "{'key':'k\\u0022','received_at':1795255200001,'ts':1,'device_id':'a','x\\u005f':1}",
     "{'device_id':'a','ts':'1970-01-01T00:00:01.000Z','x_':1,'key':'k\\'',"
     "'received_at':'2026-11-21T10:00:00.001Z'}"},
    {READING_STRICT, "{'device_id':'a','x':1}",
     "{'device_id':'a','ts':'2026-11-21T10:00:00.000Z','x':1}"},
};

START_TEST(encodes_with_the_digits_of_the_device)
{
    for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
        struct buf out = {.len = 0}, wanted = {.len = 0};
        decode_text(&d, exact[i].mode, exact[i].text);
        ck_assert_int_eq(d.rc, 0);
        reading_encode(&d.reading, &out);
        for (const char *p = exact[i].canonical; *p; p++) {
            buf_char(&wanted, *p == '\'' ? '"' : *p);
        }
        ck_assert_str_eq(buf_cstr(&out), buf_cstr(&wanted));
        buf_deinit(&out);
        buf_deinit(&wanted);
    }
}
END_TEST

static void must_be_the_same(const struct reading *a, const struct reading *b)
{
    ck_assert(reading_same_contents(a, b));
    ck_assert_int_eq(a->received_at_ms, b->received_at_ms);
    ck_assert(span_eq(a->key, b->key));
    ck_assert(span_eq(a->lat_digits, b->lat_digits) && span_eq(a->lon_digits, b->lon_digits));
    for (unsigned i = 0; i < a->sensors; i++) {
        ck_assert(span_eq(a->sensor[i].name, b->sensor[i].name));
        ck_assert(span_eq(a->sensor[i].digits, b->sensor[i].digits));
    }
}

START_TEST(decoding_the_canonical_text_gives_the_same_reading)
{
    for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
        struct buf out = {.len = 0}, twice = {.len = 0};
        decode_text(&d, exact[i].mode, exact[i].text);
        reading_encode(&d.reading, &out);
        decode_bytes(&again, READING_CANONICAL, buf_view(&out));
        ck_assert_int_eq(again.rc, 0);
        must_be_the_same(&d.reading, &again.reading);
        reading_encode(&again.reading, &twice);
        ck_assert(span_eq(buf_view(&out), buf_view(&twice)));
        buf_deinit(&out);
        buf_deinit(&twice);
    }
}
END_TEST

/* As adapters fill it: values without text. */
START_TEST(values_without_digits_are_printed)
{
    struct buf out = {.len = 0};
    struct reading r = {.device_id = span_str("a"),
                        .ts_ms = 1,
                        .has_position = true,
                        .lat = 0.1,
                        .lon = -180,
                        .sensors = 1};
    r.sensor[0] = (struct reading_sensor){.name = span_str("x"), .value = 1.0 / 3};
    reading_encode(&r, &out);
    ck_assert_str_eq(buf_cstr(&out), "{\"device_id\":\"a\",\"ts\":\"1970-01-01T00:00:00.001Z\","
                                     "\"x\":0.3333333333333333,\"lat\":0.1,\"lon\":-180}");
    buf_deinit(&out);
}
END_TEST

START_TEST(adapters_can_ask_for_the_rules_of_names)
{
    ck_assert_int_eq(reading_device_id_check(span_str("dev-1")), PROBLEM_NONE);
    ck_assert_int_eq(reading_device_id_check(span_str("")), PROBLEM_LENGTH);
    ck_assert_int_eq(reading_device_id_check(span_str("a\tb")), PROBLEM_CHARACTERS);
    ck_assert(reading_sensor_name_valid(span_str("_a9")));
    ck_assert(!reading_sensor_name_valid(span_str("9a")));
    ck_assert(!reading_sensor_name_valid(span_str("")));
}
END_TEST

UNIT_CASE(reading_encode)
{
    tcase_add_test(tc, encodes_with_the_digits_of_the_device);
    tcase_add_test(tc, decoding_the_canonical_text_gives_the_same_reading);
    tcase_add_test(tc, values_without_digits_are_printed);
    tcase_add_test(tc, adapters_can_ask_for_the_rules_of_names);
}
