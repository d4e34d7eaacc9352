/* What the routes of the older systems take: other names, other fields that must be there. */
#include <string.h>

#include "common/base/err.h"
#include "tests/unit/model/decoded.h"
#include "tests/unit/unit.h"

static struct decoded d;

/* `canonical` is the record without its received_at. */
static void must_become(enum reading_mode mode, const char *text, const char *canonical)
{
    struct buf out = {0};
    char expected[TEST_JSON_MAX];
    size_t len = strlen(canonical);
    for (size_t i = 0; i <= len; i++)
        expected[i] = canonical[i] == '\'' ? '"' : canonical[i];
    decode_text(&d, mode, text);
    if (d.rc != 0)
        ck_abort_msg("refused: %s\n%s: %s", text, d.problems.item[0].field,
                     d.problems.item[0].message);
    reading_encode(&d.reading, &out);
    ck_assert_str_eq(buf_cstr(&out), expected);
    buf_deinit(&out);
}

static void must_refuse(enum reading_mode mode, const char *text, enum reading_problem_code code,
                        const char *field)
{
    decode_text(&d, mode, text);
    ck_assert_msg(d.rc != 0, "%s", text);
    ck_assert_msg(d.problems.count == 1 && has_problem(&d, code, field), "%s: %u, %s: %s", text,
                  d.problems.count, d.problems.item[0].field, d.problems.item[0].message);
}

#define AT "'ts':'2026-11-21T10:00:00.000Z'"

START_TEST(telemetry_under_its_own_names)
{
    must_become(READING_TELEMETRY,
                "{'source':'s-1','timestamp':'2026-11-21T10:00:00Z','temperature':22.50,"
                "'humidity_pct':41,'status':'ok'}",
                "{'device_id':'s-1'," AT ",'temperature_c':22.50,'humidity':41}");
    ck_assert_uint_eq(d.reading.ignored, 1); /* status */
    must_become(READING_TELEMETRY, "{'source':'s-1','temperature':1}",
                "{'device_id':'s-1'," AT ",'temperature_c':1}");
    ck_assert(d.reading.ts_from_server);
    must_become(READING_TELEMETRY, "{'temperature':1,'pressure':990,'source':'\\u0073-1'}",
                "{'device_id':'s-1'," AT ",'pressure':990,'temperature_c':1}");
    must_become(READING_TELEMETRY, "{'\\u0073ource':'s','t\\u0065mperature':1}",
                "{'device_id':'s'," AT ",'temperature_c':1}");
}
END_TEST

START_TEST(telemetry_under_the_names_of_a_reading)
{
    must_become(READING_TELEMETRY, "{'device_id':'a','ts':1795255200,'temperature_c':1}",
                "{'device_id':'a'," AT ",'temperature_c':1}");
    must_become(READING_TELEMETRY, "{'device_id':'a','temperature_c':1,'humidity':2,'rssi':-3}",
                "{'device_id':'a'," AT ",'temperature_c':1,'humidity':2,'rssi':-3}");
}
END_TEST

/* Whatever the order, and whatever the other one holds. */
START_TEST(the_own_name_wins)
{
    static const char *const bodies[] = {
        "{'device_id':'a','source':'gateway','temperature_c':1,'temperature':70}",
        "{'source':'gateway','device_id':'a','temperature':70,'temperature_c':1}",
        "{'source':7,'device_id':'a','temperature':'hot','temperature_c':1}",
        "{'device_id':'a','temperature_c':1,'source':null,'temperature':{'f':70}}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        must_become(READING_TELEMETRY, bodies[i], "{'device_id':'a'," AT ",'temperature_c':1}");
        ck_assert_uint_eq(d.reading.ignored, 2);
    }
}
END_TEST

START_TEST(bad_telemetry)
{
    must_refuse(READING_TELEMETRY, "{'temperature':1}", PROBLEM_MISSING, "device_id");
    ck_assert_str_eq(d.problems.item[0].message, "is required (or source)");
    must_refuse(READING_TELEMETRY, "{'source':'a'}", PROBLEM_MISSING, "temperature_c");
    must_refuse(READING_TELEMETRY, "{'source':'a','humidity':1}", PROBLEM_MISSING, "temperature_c");
    must_refuse(READING_TELEMETRY, "{'source':5,'temperature':1}", PROBLEM_TYPE, "source");
    must_refuse(READING_TELEMETRY, "{'source':'','temperature':1}", PROBLEM_LENGTH, "source");
    must_refuse(READING_TELEMETRY, "{'source':'a','temperature':'x'}", PROBLEM_TYPE, "temperature");
    must_refuse(READING_TELEMETRY, "{'source':'a','temperature':1e999}", PROBLEM_RANGE,
                "temperature");
    must_refuse(READING_TELEMETRY, "{'source':'a','temperature':1,'temperature':1}",
                PROBLEM_DUPLICATE_FIELD, "temperature");
    ck_assert_int_eq(d.rc, ERR_SYNTAX);
    must_refuse(READING_TELEMETRY, "{'source':'a','temperature':1,'key':'x','ts':'no'}",
                PROBLEM_TIMESTAMP, "ts");
}
END_TEST

/* Elsewhere these are names like any other. */
START_TEST(other_routes_know_no_other_names)
{
    must_become(READING_STRICT, "{'device_id':'a','temperature':1,'humidity_pct':2}",
                "{'device_id':'a'," AT ",'temperature':1,'humidity_pct':2}");
    must_refuse(READING_STRICT, "{'source':'a','device_id':'b','x':1}", PROBLEM_TYPE, "source");
    must_become(READING_STATUS,
                "{'device_id':'a','timestamp':1795255200,'battery_level':1,'rssi':2,"
                "'online':true,'temperature':3}",
                "{'device_id':'a'," AT ",'battery_level':1,'rssi':2,'temperature':3,"
                "'online':true}");
}
END_TEST

#define STATUS "'timestamp':'2026-11-21T10:00:00Z','battery_level':80,'rssi':-60,'online':false"

START_TEST(status_reports)
{
    const char *canonical = "{'device_id':'a'," AT ",'battery_level':80,'rssi':-60,'online':false}";
    must_become(READING_STATUS, "{'device_id':'a'," STATUS "}", canonical);
    must_become(READING_STATUS, "{'device_id':'a','firmware':'1.2'," STATUS "}", canonical);
    must_become(READING_STATUS,
                "{'device_id':'a'," AT ",'battery_level':80,'rssi':-60,'online':false}", canonical);
    must_refuse(READING_STATUS, "{" STATUS "}", PROBLEM_MISSING, "device_id");
    ck_assert_str_eq(d.problems.item[0].message, "is required");
    must_refuse(READING_STATUS, "{'device_id':'a','battery_level':80,'rssi':-60,'online':true}",
                PROBLEM_MISSING, "timestamp");
    must_refuse(READING_STATUS, "{'device_id':'a','x':1," STATUS ",'ts':1}",
                PROBLEM_DUPLICATE_FIELD, "ts");
    decode_text(&d, READING_STATUS, "{}");
    ck_assert_uint_eq(d.problems.count, 5);
    static const char *const fields[] = {"device_id", "timestamp", "battery_level", "rssi",
                                         "online"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        ck_assert(has_problem(&d, PROBLEM_MISSING, fields[i]));
}
END_TEST

UNIT_CASE(reading_profiles)
{
    tcase_add_test(tc, telemetry_under_its_own_names);
    tcase_add_test(tc, telemetry_under_the_names_of_a_reading);
    tcase_add_test(tc, the_own_name_wins);
    tcase_add_test(tc, bad_telemetry);
    tcase_add_test(tc, other_routes_know_no_other_names);
    tcase_add_test(tc, status_reports);
}
