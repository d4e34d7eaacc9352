/* What a reading may not look like, with the code and the field of the problem. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "tests/unit/model/decoded.h"
#include "tests/unit/unit.h"

static struct decoded d;

struct refusal {
    const char *text;
    enum reading_problem_code code;
    const char *field;
};

#define A "{'device_id':'a',"
#define X128                                                           \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct refusal strict[] = {
    {"", PROBLEM_SYNTAX, ""},
    {"{", PROBLEM_SYNTAX, ""},
    {"{'device_id':'a','x':1", PROBLEM_SYNTAX, ""},
    {"{'device_id':'a','x':1}}", PROBLEM_SYNTAX, ""},
    {"{'device_id':'a','x':1,}", PROBLEM_SYNTAX, ""},
    {A "'x':NaN}", PROBLEM_SYNTAX, "x"},
    {A "'x':-Infinity}", PROBLEM_SYNTAX, "x"},
    {A "'x':01}", PROBLEM_SYNTAX, ""},
    {A "'x':+1}", PROBLEM_SYNTAX, "x"},
    {A "'x':1.}", PROBLEM_SYNTAX, "x"},
    {A "'x':[1,}", PROBLEM_SYNTAX, "x"},
    {A "'x':'\\ud83d'}", PROBLEM_SYNTAX, "x"},
    {A "'x':'\\ude00\\ud83d'}", PROBLEM_SYNTAX, "x"},
    {A "'x':'\\u0000'}", PROBLEM_SYNTAX, "x"},
    {A "'x':'\x01'}", PROBLEM_SYNTAX, "x"},
    {A "'x':'\xff'}", PROBLEM_SYNTAX, "x"},
    {A "'x':'\xed\xa0\xbd'}", PROBLEM_SYNTAX, "x"},
    {"[]", PROBLEM_NOT_AN_OBJECT, ""},
    {"[{'device_id':'a'}]", PROBLEM_NOT_AN_OBJECT, ""},
    {"17", PROBLEM_NOT_AN_OBJECT, ""},
    {"null", PROBLEM_NOT_AN_OBJECT, ""},
    {"[1,2", PROBLEM_SYNTAX, ""},
    {"17 18", PROBLEM_SYNTAX, ""},
    {A "'x':1,'device_id':'a'}", PROBLEM_DUPLICATE_FIELD, "device_id"},
    {A "'x':1,'\\u0078':1}", PROBLEM_DUPLICATE_FIELD, "x"},
    {A "'x':1,'x':'1'}", PROBLEM_DUPLICATE_FIELD, "x"},
    {A "'temperature_c':1,'temperature_c':2}", PROBLEM_DUPLICATE_FIELD, "temperature_c"},
    {A "'x':1,'ts':1,'timestamp':1}", PROBLEM_DUPLICATE_FIELD, "timestamp"},
    {A "'x':1,'timestamp':1,'ts':1}", PROBLEM_DUPLICATE_FIELD, "ts"},
    {"{'x':1}", PROBLEM_MISSING, "device_id"},
    {"{'device_id':'a'}", PROBLEM_MISSING, ""},
    {A "'seq':1,'ts':1}", PROBLEM_MISSING, ""},
    {A "'lat':null,'lon':null}", PROBLEM_MISSING, ""},
    {A "'lat':1}", PROBLEM_MISSING, "lon"},
    {A "'lon':1,'lat':null}", PROBLEM_MISSING, "lat"},
    {"{'device_id':7,'x':1}", PROBLEM_TYPE, "device_id"},
    {"{'device_id':null,'x':1}", PROBLEM_TYPE, "device_id"},
    {A "'humidity':'48'}", PROBLEM_TYPE, "humidity"},
    {A "'temperature_c':null}", PROBLEM_TYPE, "temperature_c"},
    {A "'temperature_c':{}}", PROBLEM_TYPE, "temperature_c"},
    {A "'battery_level':87.5}", PROBLEM_TYPE, "battery_level"},
    {A "'battery_level':true}", PROBLEM_TYPE, "battery_level"},
    {A "'rssi':-61.5}", PROBLEM_TYPE, "rssi"},
    {A "'online':1}", PROBLEM_TYPE, "online"},
    {A "'online':'true'}", PROBLEM_TYPE, "online"},
    {A "'lat':'1','lon':1}", PROBLEM_TYPE, "lat"},
    {A "'lat':1,'lon':[]}", PROBLEM_TYPE, "lon"},
    {A "'x':1,'seq':'1'}", PROBLEM_TYPE, "seq"},
    {A "'x':1,'seq':1.5}", PROBLEM_TYPE, "seq"},
    {A "'x':1,'ts':true}", PROBLEM_TYPE, "ts"},
    {A "'x':1,'ts':null}", PROBLEM_TYPE, "ts"},
    {A "'x':'1'}", PROBLEM_TYPE, "x"},
    {A "'x':1,'y':null}", PROBLEM_TYPE, "y"},
    {A "'x':1,'y':{'z':1}}", PROBLEM_TYPE, "y"},
    {A "'x':1,'key':'k'}", PROBLEM_TYPE, "key"},
    {A "'x':1,'received_at':5}", PROBLEM_TYPE, "received_at"},
    {A "'x':1e400}", PROBLEM_RANGE, "x"},
    {A "'temperature_c':-1e400}", PROBLEM_RANGE, "temperature_c"},
    {A "'lat':1e400,'lon':1}", PROBLEM_RANGE, "lat"},
    {A "'lat':90.0000001,'lon':1}", PROBLEM_RANGE, "lat"},
    {A "'lat':1,'lon':-180.0000001}", PROBLEM_RANGE, "lon"},
    {A "'battery_level':101}", PROBLEM_RANGE, "battery_level"},
    {A "'battery_level':-1}", PROBLEM_RANGE, "battery_level"},
    {A "'rssi':1e300}", PROBLEM_RANGE, "rssi"},
    {A "'x':1,'seq':9223372036854775808}", PROBLEM_RANGE, "seq"},
    {A "'x':1,'seq':-9223372036854775809}", PROBLEM_RANGE, "seq"},
    {A "'x':1,'seq':1e400}", PROBLEM_RANGE, "seq"},
    {A "'x':1,'ts':1e400}", PROBLEM_RANGE, "ts"},
    {A "'x':1,'ts':1e18}", PROBLEM_RANGE, "ts"},
    {A "'x':1,'ts':-62167219200001}", PROBLEM_RANGE, "ts"},
    {"{'device_id':'','x':1}", PROBLEM_LENGTH, "device_id"},
    {"{'device_id':'" X128 "x','x':1}", PROBLEM_LENGTH, "device_id"},
    {"{'device_id':'\\/" X128 "','x':1}", PROBLEM_LENGTH, "device_id"},
    {A "'':1}", PROBLEM_LENGTH, ""},
    {"{'device_id':'a\\u0001','x':1}", PROBLEM_CHARACTERS, "device_id"},
    {"{'device_id':'a\\n','x':1}", PROBLEM_CHARACTERS, "device_id"},
    {"{'device_id':'\x7f','x':1}", PROBLEM_CHARACTERS, "device_id"},
    {"{'device_id':'\xc2\x80','x':1}", PROBLEM_CHARACTERS, "device_id"},
    {"{'device_id':'\\u009f','x':1}", PROBLEM_CHARACTERS, "device_id"},
    {A "'1st':1}", PROBLEM_CHARACTERS, "1st"},
    {A "'a-b':1}", PROBLEM_CHARACTERS, "a-b"},
    {A "'a.b':1}", PROBLEM_CHARACTERS, "a.b"},
    {A "'$where':1}", PROBLEM_CHARACTERS, "$where"},
    {A "'t\xc3\xa9':1}", PROBLEM_CHARACTERS, "t?"},
    {A "'a\\u0007\\'b':1}", PROBLEM_CHARACTERS, "a?\"b"},
    {A "'x':1,'ts':'yesterday'}", PROBLEM_TIMESTAMP, "ts"},
    {A "'x':1,'ts':''}", PROBLEM_TIMESTAMP, "ts"},
    {A "'x':1,'timestamp':'2026-02-30T00:00:00Z'}", PROBLEM_TIMESTAMP, "timestamp"},
    {A "'x':1,'ts':'2026-11-21T10:05:00.001Z'}", PROBLEM_FUTURE, "ts"},
    {A "'x':1,'timestamp':1795255500.001}", PROBLEM_FUTURE, "timestamp"},
};

static void must_refuse(enum reading_mode mode, const struct refusal *c)
{
    bool syntax = c->code == PROBLEM_SYNTAX || c->code == PROBLEM_DUPLICATE_FIELD;
    decode_text(&d, mode, c->text);
    ck_assert_msg(d.rc == (syntax ? ERR_SYNTAX : ERR_INVALID), "%s: %d", c->text, d.rc);
    ck_assert_msg(d.problems.count == 1 && has_problem(&d, c->code, c->field),
                  "%s: %u problems, first %s in '%s': %s", c->text, d.problems.count,
                  reading_problem_name(d.problems.item[0].code), d.problems.item[0].field,
                  d.problems.item[0].message);
    ck_assert_uint_gt(strlen(d.problems.item[0].message), 0);
}

START_TEST(refuses)
{
    for (size_t i = 0; i < sizeof(strict) / sizeof(strict[0]); i++) {
        must_refuse(READING_STRICT, &strict[i]);
    }
}
END_TEST

static const struct refusal canonical[] = {
    {A "'x':1}", PROBLEM_MISSING, "ts"},
    {A "'ts':1}", PROBLEM_MISSING, ""},
    {A "'ts':1,'x':'s'}", PROBLEM_TYPE, "x"},
    {A "'ts':1,'x':1,'key':''}", PROBLEM_LENGTH, "key"},
    {A "'ts':1,'x':1,'key':'" X128 X128 "'}", PROBLEM_LENGTH, "key"},
    {A "'ts':1,'x':1,'key':7}", PROBLEM_TYPE, "key"},
    {A "'ts':1,'x':1,'received_at':'soon'}", PROBLEM_TIMESTAMP, "received_at"},
    {A "'ts':1,'x':1,'received_at':null}", PROBLEM_TYPE, "received_at"},
};

static const struct refusal lenient[] = {
    {A "'temperature_c':1}", PROBLEM_MISSING, "humidity"},
    {A "'humidity':1}", PROBLEM_MISSING, "temperature_c"},
    {A "'temperature_c':1,'humidity':'48'}", PROBLEM_TYPE, "humidity"},
    {A "'temperature_c':1,'humidity':1,'online':'yes'}", PROBLEM_TYPE, "online"},
    {A "'temperature_c':1,'humidity':1,'x':1,'x':'a'}", PROBLEM_DUPLICATE_FIELD, "x"},
    {A "'temperature_c':1,'humidity':1,'x':1e400}", PROBLEM_RANGE, "x"},
};

START_TEST(canonical_and_lenient_modes_refuse)
{
    for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
        must_refuse(READING_CANONICAL, &canonical[i]);
    }
    for (size_t i = 0; i < sizeof(lenient) / sizeof(lenient[0]); i++) {
        must_refuse(READING_LENIENT, &lenient[i]);
    }
}
END_TEST

START_TEST(all_problems_are_told_at_once)
{
    decode_text(&d, READING_LENIENT, "{'ts':'x','battery_level':500,'lat':1}");
    ck_assert_int_eq(d.rc, ERR_INVALID);
    ck_assert_uint_eq(d.problems.count, 6);
    ck_assert(has_problem(&d, PROBLEM_MISSING, "device_id"));
    ck_assert(has_problem(&d, PROBLEM_MISSING, "temperature_c"));
    ck_assert(has_problem(&d, PROBLEM_MISSING, "humidity"));
    ck_assert(has_problem(&d, PROBLEM_MISSING, "lon"));
    ck_assert(has_problem(&d, PROBLEM_TIMESTAMP, "ts"));
    ck_assert(has_problem(&d, PROBLEM_RANGE, "battery_level"));
}
END_TEST

START_TEST(eight_problems_are_kept)
{
    decode_text(&d, READING_STRICT,
                "{'a':'','b':'','c':'','d':'','e':'','f':'','g':'','h':'',"
                "'i':'','j':''}");
    ck_assert_int_eq(d.rc, ERR_INVALID);
    ck_assert_uint_eq(d.problems.count, READING_PROBLEMS_MAX);
    ck_assert(has_problem(&d, PROBLEM_TYPE, "h"));
    ck_assert(!has_problem(&d, PROBLEM_TYPE, "i"));
}
END_TEST

/* What is not JSON, or is read differently by different readers, outweighs everything else. */
START_TEST(syntax_and_duplicates_stand_alone)
{
    decode_text(&d, READING_STRICT, "{'humidity':'1','lat':1,'online':tru}");
    ck_assert_int_eq(d.rc, ERR_SYNTAX);
    ck_assert_uint_eq(d.problems.count, 1);
    ck_assert(has_problem(&d, PROBLEM_SYNTAX, "online"));
    decode_text(&d, READING_STRICT, "{'humidity':'1','x':1,'x':2,'lat':1}");
    ck_assert_int_eq(d.rc, ERR_SYNTAX);
    ck_assert_uint_eq(d.problems.count, 1);
    ck_assert(has_problem(&d, PROBLEM_DUPLICATE_FIELD, "x"));
}
END_TEST

static const struct {
    const char *text, *message, *input;
    size_t offset;
} messages[] = {
    {A "'lat':123.4,'lon':1}", "must be between -90 and 90, is 123.4", "123.4", 23},
    {A "'humidity':'4 8'}", "must be a number, is a string", "\"4 8\"", 28},
    {A "'temperature_c':{'a':[1]}}", "must be a number, is an object", "{\"a\":[1]}", 33},
    {A "'online': null }", "must be true or false, is null", "null", 27},
    {A "'online':'no'}", "must be true or false, is a string", "\"no\"", 26},
    {A "'x':false}", "must be a number, is a boolean", "false", 21},
    {A "'battery_level':8.5}", "must be an integer, is 8.5", "8.5", 33},
    {A "'x':1e999}", "must be a finite number, is 1e999", "1e999", 21},
    {A "'x':1,'ts':1795255501}", "is 301000 ms ahead of the server's clock, allowed are 300000", "",
     0},
    {A "'x':1,'y':@}", "is not JSON: expected a value at byte 27, in y", "", 27},
    {A "'x':1 'y':2}", "is not JSON: expected a comma or } at byte 23", "", 23},
};

START_TEST(messages_say_what_is_wrong_and_what_is_allowed)
{
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        decode_text(&d, READING_STRICT, messages[i].text);
        const struct reading_problem *p = &d.problems.item[0];
        ck_assert_uint_eq(d.problems.count, 1);
        ck_assert_str_eq(p->message, messages[i].message);
        ck_assert_uint_eq(p->offset, messages[i].offset);
        ck_assert_msg(span_is(p->input, messages[i].input), "%.*s", (int)p->input.len, p->input.p);
    }
}
END_TEST

START_TEST(long_names_and_numbers_are_cut_in_what_is_said)
{
    decode_text(&d, READING_STRICT, A "'" X128 "':1}");
    ck_assert(d.problems.item[0].code == PROBLEM_LENGTH);
    ck_assert_uint_eq(strlen(d.problems.item[0].field), READING_SENSOR_NAME_MAX);
    ck_assert_str_eq(d.problems.item[0].field + READING_SENSOR_NAME_MAX - 4, "x...");
    char text[1024] = A "'lat':";
    memset(text + strlen(text), '9', 500);
    strncat(text, ",'lon':1}", 10);
    decode_text(&d, READING_STRICT, text);
    ck_assert(has_problem(&d, PROBLEM_RANGE, "lat"));
    ck_assert_uint_lt(strlen(d.problems.item[0].message), 100);
}
END_TEST

START_TEST(two_thousand_levels_are_refused_without_recursion)
{
    char text[TEST_JSON_MAX] = A "'x':";
    size_t len = strlen(text);
    memset(text + len, '[', 2000);
    memset(text + len + 2000, ']', 2000);
    text[len + 4000] = '}';
    for (enum reading_mode mode = READING_LENIENT; mode <= READING_CANONICAL; mode++) {
        decode_text(&d, mode, text);
        ck_assert_int_eq(d.rc, ERR_SYNTAX);
        ck_assert(has_problem(&d, PROBLEM_SYNTAX, "x"));
    }
}
END_TEST

START_TEST(a_nul_byte_is_refused_wherever_it_stands)
{
    static const char text[] = "{\"device_id\":\"a\",\"temperature_c\":1,\"humidity\":2}";
    char copy[sizeof(text)];
    for (size_t i = 0; i < sizeof(text); i++) { /* also behind the end */
        memcpy(copy, text, sizeof(text));
        copy[i] = '\0';
        decode_bytes(&d, READING_LENIENT, span_of(copy, sizeof(text)));
        ck_assert_int_eq(d.rc, ERR_SYNTAX);
    }
}
END_TEST

/* Every prefix in memory of its own size, so that a sanitizer sees any look past the end. */
START_TEST(no_prefix_is_accepted_or_read_past)
{
    static const char text[] = "{\"device_id\":\"a\\u00e9\",\"ts\":1.5e3,\"x\":-1,\"online\":true,"
                               "\"lat\":null,\"o\":[{}]}";
    struct reading_rules rules = test_rules(READING_LENIENT);
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        char *exact = malloc(len > 0 ? len : 1);
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, text, len);
        ck_assert_int_eq(reading_decode(&d.reading, span_of(exact, len), &rules, &d.problems),
                         ERR_SYNTAX);
        free(exact);
    }
}
END_TEST

START_TEST(too_many_escaped_names_are_refused)
{
    char text[TEST_JSON_MAX] = "{'device_id':'a'";
    for (int i = 0; i < 17; i++) {
        char name[128];
        snprintf(name, sizeof(name), ",'\\u0061%.61s%02d':1", X128, i);
        strncat(text, name, sizeof(text) - strlen(text) - 2);
    }
    strncat(text, "}", 2);
    decode_text(&d, READING_STRICT, text);
    ck_assert_uint_eq(d.problems.count, 1);
    ck_assert(d.problems.item[0].code == PROBLEM_LENGTH);
}
END_TEST

UNIT_CASE(reading_refused)
{
    tcase_add_test(tc, refuses);
    tcase_add_test(tc, canonical_and_lenient_modes_refuse);
    tcase_add_test(tc, all_problems_are_told_at_once);
    tcase_add_test(tc, eight_problems_are_kept);
    tcase_add_test(tc, syntax_and_duplicates_stand_alone);
    tcase_add_test(tc, messages_say_what_is_wrong_and_what_is_allowed);
    tcase_add_test(tc, long_names_and_numbers_are_cut_in_what_is_said);
    tcase_add_test(tc, two_thousand_levels_are_refused_without_recursion);
    tcase_add_test(tc, a_nul_byte_is_refused_wherever_it_stands);
    tcase_add_test(tc, no_prefix_is_accepted_or_read_past);
    tcase_add_test(tc, too_many_escaped_names_are_refused);
}
