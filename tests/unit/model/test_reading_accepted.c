/* What a reading may look like, and what is then in it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/model/decoded.h"
#include "tests/unit/unit.h"

static struct decoded d;

static void must_accept(enum reading_mode mode, const char *text)
{
    decode_text(&d, mode, text);
    if (d.rc != 0) {
        ck_abort_msg("refused: %s\n%s: %s", text, d.problems.item[0].field,
                     d.problems.item[0].message);
    }
    ck_assert_uint_eq(d.problems.count, 0);
}

static const char *const strict[] = {
    "{'device_id':'a','ts':'2026-11-21T10:00:00.123Z','temperature_c':21.5,'humidity':48}",
    " \r\n\t{ 'device_id' : 'a' , 'online' : true } \n",
    "{'device_id':'a','lat':90,'lon':-180}",
    "{'device_id':'a','lat':-90,'lon':180.0}",
    "{'device_id':'a','lat':null,'lon':null,'x':1}",
    "{'device_id':'a','lat':null,'x':1}",
    "{'device_id':'a','battery_level':0}",
    "{'device_id':'a','battery_level':100}",
    "{'device_id':'a','battery_level':8.7e1}",
    "{'device_id':'a','rssi':-61}",
    "{'device_id':'a','x':-0}",
    "{'device_id':'a','x':-0.0e-0}",
    "{'device_id':'a','x':1e308}",
    "{'device_id':'a','x':1e-400}",
    "{'device_id':'a','x':123456789012345678901234567890}",
    "{'device_id':'a','_':1,'A':2,'a9_':3}",
    "{'device_id':'a','x':1,'seq':9223372036854775807}",
    "{'device_id':'a','x':1,'seq':-9223372036854775808}",
    "{'device_id':'a','x':1,'seq':4.2e1}",
    "{'device_id':'a','x':1,'ts':'2026-11-21T10:05:00.000Z'}", /* exactly as far as allowed */
    "{'device_id':'a','x':1,'ts':0}",
    "{'device_id':'a','x':1,'ts':-62167219200000}",
    "{'device_id':'a','x':1,'timestamp':'2026-11-21T10:00:00'}",
    "{'device_id':'\xd7\x9e\xd7\x93-1','x':1}",
    "{'device_id':'\xc2\xa0','x':1}", /* the first character behind the C1 controls */
    "{'device_id':'\\u0061\\ud83d\\ude00\\/','x':1}",
};

START_TEST(accepts)
{
    for (size_t i = 0; i < sizeof(strict) / sizeof(strict[0]); i++) {
        must_accept(READING_STRICT, strict[i]);
    }
}
END_TEST

START_TEST(every_field_arrives)
{
    must_accept(READING_CANONICAL,
                "{'device_id':'dev-1','ts':'2026-11-21T10:00:00.123Z','temperature_c':21.50,"
                "'humidity':48.0,'lat':32.10,'lon':34.9,'battery_level':87,'rssi':-61,"
                "'online':true,'pressure_hpa':1013.2,'seq':42,'key':'k-1',"
                "'received_at':'2026-11-21T10:00:01Z'}");
    const struct reading *r = &d.reading;
    ck_assert(span_is(r->device_id, "dev-1") && span_is(r->key, "k-1"));
    ck_assert_int_eq(r->ts_ms, TEST_NOW_MS + 123);
    ck_assert_int_eq(r->received_at_ms, TEST_NOW_MS + 1000);
    ck_assert(!r->ts_from_server && r->has_position && r->has_online && r->online && r->has_seq);
    ck_assert_int_eq(r->seq, 42);
    ck_assert(r->lat == 32.1 && r->lon == 34.9);
    ck_assert(span_is(r->lat_digits, "32.10") && span_is(r->lon_digits, "34.9"));
    static const char *const names[] = {"temperature_c", "humidity", "battery_level", "rssi",
                                        "pressure_hpa"};
    static const char *const digits[] = {"21.50", "48.0", "87", "-61", "1013.2"};
    static const double values[] = {21.5, 48, 87, -61, 1013.2};
    ck_assert_uint_eq(r->sensors, 5);
    for (unsigned i = 0; i < r->sensors; i++) {
        ck_assert(span_is(r->sensor[i].name, names[i]));
        ck_assert(span_is(r->sensor[i].digits, digits[i]));
        ck_assert(r->sensor[i].value == values[i]);
    }
}
END_TEST

START_TEST(decoding_resets_the_reading)
{
    must_accept(READING_CANONICAL, "{'device_id':'a','ts':1,'lat':1,'lon':2,'online':true,'seq':1,"
                                   "'key':'k','received_at':5,'x':1}");
    must_accept(READING_STRICT, "{'device_id':'b','y':2}");
    const struct reading *r = &d.reading;
    ck_assert(!r->has_position && !r->has_online && !r->has_seq);
    ck_assert_uint_eq(r->sensors, 1);
    ck_assert_uint_eq(r->key.len, 0);
    ck_assert_int_eq(r->received_at_ms, 0);
    ck_assert(r->ts_from_server);
    ck_assert_int_eq(r->ts_ms, TEST_NOW_MS);
}
END_TEST

static const struct {
    const char *ts;
    int64_t ms;
} times[] = {
    {"1795255200", TEST_NOW_MS},
    {"1795255200.123", TEST_NOW_MS + 123},
    {"1795255200.1234", TEST_NOW_MS + 123},
    {"1.7952552e9", TEST_NOW_MS},
    {"1795255200123", TEST_NOW_MS + 123},
    {"1795255200123.0", TEST_NOW_MS + 123},
    {"100000000000", INT64_C(100000000000)}, /* 1e11: the first that is milliseconds */
    {"-99999999", INT64_C(-99999999000)},
    {"-100000000000", INT64_C(-100000000000)},
    {"-0", 0},
    {"-0.001", -1},
    {"'2026-11-21T12:00:00.5+02:00'", TEST_NOW_MS + 500},
    {"'2026-11-21t10:00:00z'", TEST_NOW_MS},
    {"'2026-11-21 10:00:00'", TEST_NOW_MS},
    {"'2026-11-21T10:00:00\\u005a'", TEST_NOW_MS},
};

START_TEST(times_come_as_text_or_number)
{
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char text[128];
        snprintf(text, sizeof(text), "{'device_id':'a','x':1,'ts':%s}", times[i].ts);
        must_accept(READING_STRICT, text);
        ck_assert_msg(d.reading.ts_ms == times[i].ms, "%s is %lld", times[i].ts,
                      (long long)d.reading.ts_ms);
    }
}
END_TEST

START_TEST(escapes_are_decoded_and_names_compared_decoded)
{
    must_accept(READING_STRICT, "{'\\u0064evice_id':'a\\/b\\u00e9','\\u0074s':1,"
                                "'press\\u0075re':7,'r\\u0073si':-5}");
    ck_assert(span_is(d.reading.device_id, "a/b\xc3\xa9"));
    ck_assert_int_eq(d.reading.ts_ms, 1000);
    ck_assert_uint_eq(d.reading.sensors, 2);
    ck_assert(span_is(d.reading.sensor[0].name, "pressure"));
    ck_assert(span_is(d.reading.sensor[1].name, "rssi"));
    ck_assert(d.reading.sensor[0].value == 7 && d.reading.sensor[1].value == -5);
}
END_TEST

/* Everything escaped and as long as it may be: the scratch holds it. */
START_TEST(longest_escaped_texts_fit)
{
    static char text[TEST_JSON_MAX];
    size_t len = 0;
    for (int name = 0; name < 4; name++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s'", name == 0 ? "{" : ",");
        for (int i = 0; i < 63; i++) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "\\u0061");
        }
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%c':1", 'a' + name);
    }
    len += (size_t)snprintf(text + len, sizeof(text) - len, ",'device_id':'");
    for (int i = 0; i < 128; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "\\u0062");
    }
    len += (size_t)snprintf(text + len, sizeof(text) - len, "','ts':1,'key':'");
    for (int i = 0; i < 255; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, i % 6 == 0 ? "\\u0063" : "c");
    }
    snprintf(text + len, sizeof(text) - len, "'}");
    must_accept(READING_CANONICAL, text);
    ck_assert_uint_eq(d.reading.device_id.len, 128);
    ck_assert_uint_eq(d.reading.key.len, 255);
    ck_assert_uint_eq(d.reading.sensors, 4);
    ck_assert_int_eq(d.reading.sensor[3].name.p[63], 'd');
}
END_TEST

static void with_extras(char *text, size_t size, int extras)
{
    size_t len = (size_t)snprintf(text, size,
                                  "{'device_id':'a','temperature_c':1,'humidity':2,"
                                  "'battery_level':3,'rssi':4");
    for (int i = 0; i < extras; i++) {
        len += (size_t)snprintf(text + len, size - len, ",'s%d':%d", i, i);
    }
    snprintf(text + len, size - len, "}");
}

START_TEST(thirty_two_extra_sensors_and_no_more)
{
    char text[1024];
    with_extras(text, sizeof(text), READING_EXTRA_MAX);
    must_accept(READING_LENIENT, text);
    ck_assert_uint_eq(d.reading.sensors, READING_SENSORS_MAX);
    with_extras(text, sizeof(text), READING_EXTRA_MAX + 3);
    decode_text(&d, READING_LENIENT, text);
    ck_assert_int_lt(d.rc, 0);
    ck_assert_uint_eq(d.problems.count, 1);
    ck_assert(has_problem(&d, PROBLEM_TOO_MANY_SENSORS, "s32"));
}
END_TEST

START_TEST(lenient_mode_ignores_and_counts_what_no_reading_knows)
{
    must_accept(READING_LENIENT,
                "{'device_id':'a','temperature_c':1,'humidity':2,'s':'x','b':true,'o':{'a':[1,{}]},"
                "'l':[],'n':null,'not a name':5,'1st':1,'key':'k','received_at':'never','':0}");
    ck_assert_uint_eq(d.reading.ignored, 10);
    ck_assert_uint_eq(d.reading.sensors, 2);
    ck_assert_uint_eq(d.reading.key.len, 0);
    ck_assert_int_eq(d.reading.received_at_ms, 0);
}
END_TEST

START_TEST(names_nearly_those_of_fields_are_sensors)
{
    must_accept(READING_STRICT,
                "{'device_id':'a','ts':1,'tz':1,'lax':2,'lot':3,'ked':4,'set':5,'device_ib':6}");
    ck_assert_uint_eq(d.reading.sensors, 6);
    ck_assert(span_is(d.reading.sensor[1].name, "lax"));
}
END_TEST

/* A record is judged as of when ingest had it: replaying it next year changes nothing. */
START_TEST(canonical_records_are_judged_by_received_at)
{
    must_accept(READING_CANONICAL, "{'device_id':'a','x':1,'ts':'2030-01-01T00:04:00Z',"
                                   "'received_at':'2030-01-01T00:00:00Z'}");
    decode_text(&d, READING_CANONICAL,
                "{'device_id':'a','x':1,'ts':'2026-01-01T00:06:00Z',"
                "'received_at':'2026-01-01T00:00:00Z'}");
    ck_assert(has_problem(&d, PROBLEM_FUTURE, "ts"));
    must_accept(READING_CANONICAL, "{'device_id':'a','x':1,'ts':'2026-11-21T10:04:00Z'}");
    ck_assert_int_eq(d.reading.received_at_ms, 0);
}
END_TEST

UNIT_CASE(reading_accepted)
{
    tcase_add_test(tc, accepts);
    tcase_add_test(tc, every_field_arrives);
    tcase_add_test(tc, decoding_resets_the_reading);
    tcase_add_test(tc, times_come_as_text_or_number);
    tcase_add_test(tc, escapes_are_decoded_and_names_compared_decoded);
    tcase_add_test(tc, longest_escaped_texts_fit);
    tcase_add_test(tc, thirty_two_extra_sensors_and_no_more);
    tcase_add_test(tc, lenient_mode_ignores_and_counts_what_no_reading_knows);
    tcase_add_test(tc, names_nearly_those_of_fields_are_sensors);
    tcase_add_test(tc, canonical_records_are_judged_by_received_at);
}
