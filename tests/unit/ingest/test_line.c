/* What a line of Influx line protocol means, and what is none, one line a case. */
#include <stdio.h>

#include "tests/unit/ingest/lines.h"
#include "tests/unit/unit.h"

static struct lines_read l;

/* The canonical record; a seq that the line has not given is left out. */
static const char *encoded(bool with_seq)
{
    static struct buf out;
    buf_clear(&out);
    if (!with_seq)
        l.reading.has_seq = false;
    reading_encode(&l.reading, &out);
    return buf_cstr(&out);
}

static void must_parse(const char *line, const char *expected)
{
    lines_read(&l, span_str(line), LINE_NS);
    ck_assert_msg(l.result == LINE_READING, "%s: %d %s %s", line, (int)l.result,
                  l.problems.item[0].field, l.problems.item[0].message);
    const char *record = encoded(strstr(expected, "\"seq\"") != NULL);
    ck_assert_msg(strcmp(record, expected) == 0, "%s: %s, not %s", line, record, expected);
    lines_next(&l);
    ck_assert_msg(l.result == LINE_END, "%s: more than one point", line);
}

static void must_not_parse(const char *line, enum reading_problem_code code, const char *field,
                           const char *why)
{
    lines_read(&l, span_str(line), LINE_NS);
    const struct reading_problem *p = &l.problems.item[0];
    ck_assert_msg(l.result == LINE_BAD, "%s: parsed", line);
    ck_assert_msg(p->code == code && strcmp(p->field, field) == 0, "%s: %s of '%s' (%s)", line,
                  reading_problem_name(p->code), p->field, p->message);
    ck_assert_msg(strstr(p->message, why), "%s: %s", line, p->message);
}

/* --- fields --- */

static const struct {
    const char *fields, *members; /* of the record, with their commas */
} fields[] = {
    {"x=1", ",\"x\":1"},
    {"x=0", ",\"x\":0"},
    {"x=-0", ",\"x\":-0"},
    {"x=-1.5", ",\"x\":-1.5"},
    {"x=21.50", ",\"x\":21.50"}, /* digits as they are written */
    {"x=1e3", ",\"x\":1e3"},
    {"x=1E+3", ",\"x\":1E+3"},
    {"x=1.25e-07", ",\"x\":1.25e-07"},
    {"x=98.49498327759198", ",\"x\":98.49498327759198"},
    {"x=0.1000000000000000055511151231257827", ",\"x\":0.1000000000000000055511151231257827"},
    {"x=3i", ",\"x\":3"},
    {"x=-3i", ",\"x\":-3"},
    {"x=0i", ",\"x\":0"},
    {"x=-0i", ",\"x\":-0"},
    {"x=9223372036854775807i", ",\"x\":9223372036854775807"},
    {"x=-9223372036854775808i", ",\"x\":-9223372036854775808"},
    {"x=3u", ",\"x\":3"},
    {"x=18446744073709551615u", ",\"x\":18446744073709551615"},
    {"x=1.", ",\"x\":1"}, /* what JSON has no such numbers for is written anew */
    {"x=1.e3", ",\"x\":1e3"},
    {"x=.5", ",\"x\":0.5"},
    {"x=-.5", ",\"x\":-0.5"},
    {"x=.5e1", ",\"x\":0.5e1"},
    {"x=+1", ",\"x\":1"},
    {"x=+1.5", ",\"x\":1.5"},
    {"x=+7i", ",\"x\":7"},
    {"x=007", ",\"x\":7"},
    {"x=-007.250", ",\"x\":-7.250"},
    {"x=00", ",\"x\":0"},
    {"x=00.5", ",\"x\":0.5"},
    {"x=012i", ",\"x\":12"},
    {"x=012u", ",\"x\":12"},
    {"x=00000000000000000000000000000000000000000000009i", ",\"x\":9"},
    {"x=.50000000000000000000000000000000000000000", ",\"x\":0.5"}, /* too long to be kept */
    {"x=.1,y=.2,z=.3", ",\"x\":0.1,\"y\":0.2,\"z\":0.3"},
    {"x=.1,y=2,z=.3", ",\"x\":0.1,\"y\":2,\"z\":0.3"},
    {"x=1,y=2", ",\"x\":1,\"y\":2"},
    {"_x9=1", ",\"_x9\":1"},
    {"X=1,x=2", ",\"X\":1,\"x\":2"},
    {"temperature_c=21.5,humidity=48", ",\"temperature_c\":21.5,\"humidity\":48"},
    {"battery_level=0i", ",\"battery_level\":0"},
    {"battery_level=100u", ",\"battery_level\":100"},
    {"battery_level=87", ",\"battery_level\":87"},
    {"battery_level=87.0", ",\"battery_level\":87.0"},
    {"rssi=-61i", ",\"rssi\":-61"},
    {"lat=32.1,lon=34.9", ",\"lat\":32.1,\"lon\":34.9"},
    {"lat=-.5,lon=+.25", ",\"lat\":-0.5,\"lon\":0.25"},
    {"lon=180i,lat=90i", ",\"lat\":90,\"lon\":180"},
    {"x=1,online=true", ",\"x\":1,\"online\":true"},
    {"online=t", ",\"online\":true"},
    {"online=T", ",\"online\":true"},
    {"online=True", ",\"online\":true"},
    {"online=TRUE", ",\"online\":true"},
    {"online=f", ",\"online\":false"},
    {"online=F", ",\"online\":false"},
    {"online=False", ",\"online\":false"},
    {"online=FALSE", ",\"online\":false"},
    {"online=false", ",\"online\":false"},
    {"x=1,seq=42i", ",\"x\":1,\"seq\":42"},
    {"x=1,seq=42u", ",\"x\":1,\"seq\":42"},
    {"x=1,seq=42", ",\"x\":1,\"seq\":42"},
    {"x=1,seq=42.0", ",\"x\":1,\"seq\":42"},
    {"seq=-9223372036854775808i,x=1", ",\"x\":1,\"seq\":-9223372036854775808"},
};

START_TEST(fields_become_sensors)
{
    char line[512], expected[512];
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        snprintf(line, sizeof line, "m,device_id=d %s " LINES_NOW, fields[i].fields);
        snprintf(expected, sizeof expected,
                 "{\"device_id\":\"d\",\"ts\":\"2026-11-21T10:00:00.000Z\"%s}", fields[i].members);
        must_parse(line, expected);
    }
}
END_TEST

/* Fields that a reading has no place for, each beside a good one. */
START_TEST(what_no_reading_knows_is_ignored_and_counted)
{
    static const char *const unknown[] = {
        "s=\"text\"",
        "s=\"\"",
        "s=\"a b,c=d\"",
        "s=\"a\\\"b\"",
        "s=\"a\\\\\"",
        "s=\"two\nlines\"",
        "s=\"two\r\nlines\"",
        "s=\"\xff\"", /* not UTF-8 */
        "s=\"#\"",
        "up=true",
        "up=F",
        "2nd=1",
        "a-b=1",
        "a.b=1",
        "a\\ b=1",
        "a\\,b=1",
        "a\\=b=1",
        "a\\b=1",
        "\\\"a=1",
        "\"a\"=1", /* quotes are part of the name */
        "m\xc3\xbc=1",
        "x2345678901234567890123456789012345678901234567890123456789012345=1",
        "device_id=1",
        "device_id=\"other\"",
        "ts=1i",
        "timestamp=\"now\"",
        "received_at=1",
        "key=1",
        "key=\"k\"",
    };
    char line[512];
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        for (int first = 0; first < 2; first++) {
            snprintf(line, sizeof line, "m,device_id=d %s,%s " LINES_NOW,
                     first ? unknown[i] : "x=1", first ? "x=1" : unknown[i]);
            must_parse(line, "{\"device_id\":\"d\",\"ts\":\"2026-11-21T10:00:00.000Z\",\"x\":1}");
            lines_read(&l, span_str(line), LINE_NS);
            ck_assert_msg(l.reading.ignored == 1, "%s: %u", line, l.reading.ignored);
        }
    }
}
END_TEST

/* --- whole lines --- */

#define AT           "\"ts\":\"2026-11-21T10:00:00.000Z\""
#define D1           "{\"device_id\":\"d\"," AT ",\"x\":1}"
#define DEVICE(name) "{\"device_id\":\"" name "\"," AT ",\"x\":1}"

static const char *const lines[][2] = {
    {"m,device_id=d x=1 " LINES_NOW, D1},
    {"m,device_id=d x=1 " LINES_NOW "\n", D1},
    {"m,device_id=d x=1 " LINES_NOW "\r\n", D1},
    {"m,device_id=d x=1 " LINES_NOW "\r", D1},
    {"m,device_id=d x=1 " LINES_NOW "  ", D1},
    {"m,device_id=d x=1 " LINES_NOW "  \r\n", D1},
    {"m,device_id=d   x=1   " LINES_NOW, D1},
    {"   m,device_id=d x=1 " LINES_NOW, D1},
    {"\n\n# a comment\n  # another\r\n\r\nm,device_id=d x=1 " LINES_NOW "\n\n#\n", D1},
    {"m,device=d x=1 " LINES_NOW, D1},
    {"m,host=d x=1 " LINES_NOW, D1},
    {"m,host=h,device=d x=1 " LINES_NOW, D1},
    {"m,device=d,host=h x=1 " LINES_NOW, D1},
    {"m,host=h,device=e,device_id=d x=1 " LINES_NOW, D1},
    {"m,device_id=d,device=e,host=h x=1 " LINES_NOW, D1},
    {"m,a=b,device_id=d,z=y x=1 " LINES_NOW, D1},
    {"m,Host=h,device_id=d,hosts=y x=1 " LINES_NOW, D1},
    {"m,device_id=d,t=\"quoted\",u=it's x=1 " LINES_NOW, D1},
    {"m,device_id=d,a\\ b=c\\,d\\=e x=1 " LINES_NOW, D1},
    {"m,device_id=d,a\\,b=c x=1 " LINES_NOW, D1},
    {"my\\ own\\,thing,device_id=d x=1 " LINES_NOW, D1},
    {"a=b,device_id=d x=1 " LINES_NOW, D1},
    {"a\\=b,device_id=d x=1 " LINES_NOW, D1},
    {"\\#m,device_id=d x=1 " LINES_NOW, D1},
    {"m#,device_id=d x=1 " LINES_NOW, D1},
    {"\"m\",device_id=d x=1 " LINES_NOW, D1},
    {"m\xc3\xa9t\xc3\xa9o,device_id=d x=1 " LINES_NOW, D1},
    {"m,device_id=box\\ 1 x=1 " LINES_NOW, DEVICE("box 1")},
    {"m,device_id=a\\,b\\=c x=1 " LINES_NOW, DEVICE("a,b=c")},
    {"m,device_id=a\\b x=1 " LINES_NOW, DEVICE("a\\\\b")},
    {"m,device_id=a\\\\b x=1 " LINES_NOW, DEVICE("a\\\\\\\\b")},
    {"m,device_id=a\\\\\\ b x=1 " LINES_NOW, DEVICE("a\\\\\\\\ b")},
    {"m,device_id=\"d\" x=1 " LINES_NOW, DEVICE("\\\"d\\\"")},
    {"m,device_id=d\xc3\xbc x=1 " LINES_NOW, DEVICE("d\xc3\xbc")},
    {"m,device_id=a:b/c#1 x=1 " LINES_NOW, DEVICE("a:b/c#1")},
    {"m,device_id=d x=1", D1}, /* the server's time */
    {"m,device_id=d x=1 ", D1},
    {"m,device_id=d x=1\n", D1},
    {"m,device_id=d x=1\r\n", D1},
    {"m,device_id=d x=1 0", "{\"device_id\":\"d\",\"ts\":\"1970-01-01T00:00:00.000Z\",\"x\":1}"},
    {"m,device_id=d x=1 -1", "{\"device_id\":\"d\",\"ts\":\"1969-12-31T23:59:59.999Z\",\"x\":1}"},
    {"m,device_id=d x=1 1795255200123999999",
     "{\"device_id\":\"d\",\"ts\":\"2026-11-21T10:00:00.123Z\",\"x\":1}"},
    {"m,device_id=d x=1 1795255500000999999", /* as far ahead as is allowed */
     "{\"device_id\":\"d\",\"ts\":\"2026-11-21T10:05:00.000Z\",\"x\":1}"},
    {"m,device_id=d x=1 01795255200000000000", D1},
    {"weather,location=us-midwest,device_id=d x=1,season=\"summer\" " LINES_NOW, D1},
};

START_TEST(lines_become_readings)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        must_parse(lines[i][0], lines[i][1]);
}
END_TEST

#define X128                                                           \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define M "m,device_id=d "

static const struct {
    const char *line;
    enum reading_problem_code code;
    const char *field, *why;
} bad[] = {
    {"m", PROBLEM_SYNTAX, "", "at least one field, at byte 1"},
    {"m,device_id=d", PROBLEM_SYNTAX, "", "at least one field, at byte 13"},
    {"m,device_id=d\n", PROBLEM_SYNTAX, "", "at least one field"},
    {"m,device_id=d\r\n", PROBLEM_SYNTAX, "", "at least one field"},
    {"m,device_id=d ", PROBLEM_SYNTAX, "", "a field must have a name"},
    {",device_id=d x=1", PROBLEM_SYNTAX, "", "a measurement must come first, at byte 0"},
    {"m, x=1", PROBLEM_SYNTAX, "", "a tag must have a key"},
    {"m,", PROBLEM_SYNTAX, "", "a tag must have a key"},
    {"m,,device_id=d x=1", PROBLEM_SYNTAX, "", "a tag must have a key"},
    {"m,=d x=1", PROBLEM_SYNTAX, "", "a tag must have a key"},
    {"m,device_id x=1", PROBLEM_SYNTAX, "", "'=' must follow the key of a tag, at byte 11"},
    {"m,device_id", PROBLEM_SYNTAX, "", "'=' must follow the key"},
    {"m,device_id= x=1", PROBLEM_SYNTAX, "", "a tag must have a value"},
    {"m,device_id=", PROBLEM_SYNTAX, "", "a tag must have a value"},
    {"m,device_id=,a=b x=1", PROBLEM_SYNTAX, "", "a tag must have a value"},
    {"m,device_id=a=b x=1", PROBLEM_SYNTAX, "", "only ',' or ' ' may follow a measurement"},
    {"m,device_id=d\tx=1", PROBLEM_SYNTAX, "", "only ',' or ' '"},
    {"m,device_id=a\x01 x=1", PROBLEM_SYNTAX, "", "only ',' or ' '"},
    {"m\tx=1", PROBLEM_SYNTAX, "", "only ',' or ' '"},
    {"\tm,device_id=d x=1", PROBLEM_SYNTAX, "", "a measurement must come first"},
    {"m,device_id=a\\\nb x=1", PROBLEM_SYNTAX, "", "at least one field"},
    {"m,device_id=d\\ x=1", PROBLEM_SYNTAX, "", "only ',' or ' '"}, /* the escaped space */
    {M "x", PROBLEM_SYNTAX, "", "'=' must follow the name of a field"},
    {M "x 17", PROBLEM_SYNTAX, "", "'=' must follow the name of a field"},
    {M "=1", PROBLEM_SYNTAX, "", "a field must have a name"},
    {M "x=1,", PROBLEM_SYNTAX, "", "a field must have a name"},
    {M "x=1,,y=2", PROBLEM_SYNTAX, "", "a field must have a name"},
    {M ",x=1", PROBLEM_SYNTAX, "", "a field must have a name"},
    {M "x=1, y=2", PROBLEM_SYNTAX, "", "a field must have a name"},
    {M "x=", PROBLEM_SYNTAX, "", "a field must have a value"},
    {M "x= 1", PROBLEM_SYNTAX, "", "a field must have a value"},
    {M "x=,y=1", PROBLEM_SYNTAX, "", "a field must have a value"},
    {M "x =1", PROBLEM_SYNTAX, "", "'=' must follow"},
    {M "x=abc", PROBLEM_SYNTAX, "", "must be a number, a boolean or a quoted string, at byte 16"},
    {M "x='a'", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=tru", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=tRUE", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=yes", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=null", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=0x10", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=1_000", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=1.2.3", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=1e", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=1e+", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=1e1.5", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=e5", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=.", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=-", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=-.", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=--1", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=+-1", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=1=2", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=1\x80", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=1.5i", PROBLEM_SYNTAX, "", "only digits may stand before the i or u"},
    {M "x=1e3i", PROBLEM_SYNTAX, "", "only digits"},
    {M "x=i", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=-i", PROBLEM_SYNTAX, "", "only digits"},
    {M "x=u", PROBLEM_SYNTAX, "", "must be a number"},
    {M "x=-1u", PROBLEM_SYNTAX, "", "only digits"},
    {M "x=1ii", PROBLEM_SYNTAX, "", "only digits"},
    {M "x=9223372036854775808i", PROBLEM_SYNTAX, "", "fit into 64 bits"},
    {M "x=-9223372036854775809i", PROBLEM_SYNTAX, "", "fit into 64 bits"},
    {M "x=18446744073709551616u", PROBLEM_SYNTAX, "", "fit into 64 bits"},
    {M "x=100000000000000000000u", PROBLEM_SYNTAX, "", "fit into 64 bits"},
    {M "x=nan", PROBLEM_SYNTAX, "", "NaN and infinity are no values"},
    {M "x=NaN", PROBLEM_SYNTAX, "", "NaN and infinity"},
    {M "x=inf", PROBLEM_SYNTAX, "", "NaN and infinity"},
    {M "x=-Inf", PROBLEM_SYNTAX, "", "NaN and infinity"},
    {M "x=+Infinity", PROBLEM_SYNTAX, "", "NaN and infinity"},
    {M "x=\"a", PROBLEM_SYNTAX, "", "a string is not closed, at byte 16"},
    {M "x=\"a\\\"", PROBLEM_SYNTAX, "", "a string is not closed"},
    {M "x=\"a\\", PROBLEM_SYNTAX, "", "a string is not closed"},
    {M "x=\"", PROBLEM_SYNTAX, "", "a string is not closed"},
    {M "x=\"a\"b", PROBLEM_SYNTAX, "", "only ',' or ' ' may follow the value"},
    {M "x=\"a\"\"b\"", PROBLEM_SYNTAX, "", "only ',' or ' ' may follow the value"},
    {M "x=1\ty=2", PROBLEM_SYNTAX, "", "only ',' or ' ' may follow the value"},
    {M "x=1 now", PROBLEM_SYNTAX, "", "a time stamp must be an integer, at byte 18"},
    {M "x=1 1.5", PROBLEM_SYNTAX, "", "a time stamp must be an integer"},
    {M "x=1 +5", PROBLEM_SYNTAX, "", "a time stamp must be an integer"},
    {M "x=1 -", PROBLEM_SYNTAX, "", "a time stamp must be an integer"},
    {M "x=1 5i", PROBLEM_SYNTAX, "", "a time stamp must be an integer"},
    {M "x=1 2026-11-21T10:00:00Z", PROBLEM_SYNTAX, "", "a time stamp must be an integer"},
    {M "x=1 y=2", PROBLEM_SYNTAX, "", "a time stamp must be an integer"},
    {M "x=1 5 6", PROBLEM_SYNTAX, "", "nothing may follow the time stamp, at byte 20"},
    {M "x=1 5,6", PROBLEM_SYNTAX, "", "nothing may follow the time stamp"},
    {M "x=1 5\r ", PROBLEM_SYNTAX, "", "nothing may follow the time stamp"},
    {"m x=1", PROBLEM_MISSING, "device_id", "a tag device_id, device or host"},
    {"m,Device_ID=d x=1", PROBLEM_MISSING, "device_id", "a tag"},
    {"m,a=b device_id=\"d\",x=1", PROBLEM_MISSING, "device_id", "a tag"},
    {"m,device_id=a,device_id=b x=1", PROBLEM_DUPLICATE_FIELD, "device_id", "given twice"},
    {"m,host=a,host=a x=1", PROBLEM_DUPLICATE_FIELD, "device_id", "given twice"},
    {"m,device_id=" X128 "x x=1", PROBLEM_LENGTH, "device_id", "1 to 128 bytes"},
    {"m,device_id=" X128 "\\ x x=1", PROBLEM_LENGTH, "device_id", "1 to 128 bytes"},
    {"m,device_id=a\xff x=1", PROBLEM_CHARACTERS, "device_id", "UTF-8"},
    {"m,device_id=a\xc2\x85 x=1", PROBLEM_CHARACTERS, "device_id", "control"},
    {M "s=\"only text\"", PROBLEM_MISSING, "", "at least one sensor"},
    {M "up=true", PROBLEM_MISSING, "", "at least one sensor"},
    {M "a-b=1", PROBLEM_MISSING, "", "at least one sensor"},
    {M "seq=1i", PROBLEM_MISSING, "", "at least one sensor"},
    {M "ts=1,device_id=2", PROBLEM_MISSING, "", "at least one sensor"},
    {M "x=1,x=2", PROBLEM_DUPLICATE_FIELD, "x", "given twice"},
    {M "x=1,y=2,x=1", PROBLEM_DUPLICATE_FIELD, "x", "given twice"},
    {M "x=1,x=\"a\"", PROBLEM_DUPLICATE_FIELD, "x", "given twice"},
    {M "humidity=1,humidity=1", PROBLEM_DUPLICATE_FIELD, "humidity", "given twice"},
    {M "online=t,online=t", PROBLEM_DUPLICATE_FIELD, "online", "given twice"},
    {M "x=1e400", PROBLEM_RANGE, "x", "finite"},
    {M "x=-1.e999", PROBLEM_RANGE, "x", "finite"},
    {M "temperature_c=\"21\"", PROBLEM_TYPE, "temperature_c", "must be a number, is a string"},
    {M "humidity=true", PROBLEM_TYPE, "humidity", "is a boolean"},
    {M "battery_level=101i", PROBLEM_RANGE, "battery_level", "between 0 and 100"},
    {M "battery_level=-1i", PROBLEM_RANGE, "battery_level", "between 0 and 100"},
    {M "battery_level=87.5", PROBLEM_TYPE, "battery_level", "must be an integer"},
    {M "rssi=-61.5", PROBLEM_TYPE, "rssi", "must be an integer"},
    {M "lat=90.1,lon=1", PROBLEM_RANGE, "lat", "between -90 and 90"},
    {M "lat=1,lon=-180.5", PROBLEM_RANGE, "lon", "between -180 and 180"},
    {M "lat=1", PROBLEM_MISSING, "lon", "together with lat"},
    {M "lon=1,x=1", PROBLEM_MISSING, "lat", "together with lon"},
    {M "lat=\"1\",lon=1", PROBLEM_TYPE, "lat", "is a string"},
    {M "online=1", PROBLEM_TYPE, "online", "true or false, is a number"},
    {M "online=\"up\"", PROBLEM_TYPE, "online", "true or false, is a string"},
    {M "x=1,seq=1.5", PROBLEM_TYPE, "seq", "must be an integer"},
    {M "x=1,seq=\"1\"", PROBLEM_TYPE, "seq", "must be an integer, is a string"},
    {M "x=1,seq=9223372036854775808u", PROBLEM_RANGE, "seq", "between -2^63 and 2^63 - 1"},
    {M "x=1 1795255500001000000", PROBLEM_FUTURE, "ts", "300001 ms ahead"},
    {M "x=1 9223372036854775808", PROBLEM_RANGE, "ts", "check the precision"},
    {M "x=1 99999999999999999999999999", PROBLEM_RANGE, "ts", "check the precision"},
};

START_TEST(bad_lines_say_why)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        must_not_parse(bad[i].line, bad[i].code, bad[i].field, bad[i].why);
}
END_TEST

START_TEST(every_problem_of_a_line_is_listed)
{
    lines_read(&l, span_str("m lat=91,lon=1,humidity=\"a\",rssi=1.5 " LINES_NOW), LINE_NS);
    ck_assert_int_eq(l.result, LINE_BAD);
    ck_assert_uint_eq(l.problems.count, 4);
    ck_assert_str_eq(l.problems.item[0].field, "lat");
    ck_assert_uint_eq(l.problems.item[0].offset, 6);
    ck_assert(span_is(l.problems.item[1].input, "\"a\""));
    ck_assert_str_eq(l.problems.item[2].field, "rssi");
    ck_assert_str_eq(l.problems.item[3].field, "device_id");
}
END_TEST

START_TEST(has_32_sensors_of_its_own)
{
    char line[1024] = "m,device_id=d humidity=1,temperature_c=2";
    for (int i = 0; i < READING_EXTRA_MAX; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line), ",x%d=.%d", i, i);
    lines_read(&l, span_str(line), LINE_NS);
    ck_assert_int_eq(l.result, LINE_READING);
    ck_assert_uint_eq(l.reading.sensors, READING_EXTRA_MAX + 2);
    ck_assert(span_is(l.reading.sensor[2].digits, "0.0"));
    ck_assert(span_is(l.reading.sensor[33].digits, "0.31"));
    lines_next(&l);
    ck_assert_int_eq(l.result, LINE_END);
}
END_TEST

/* Digits written anew are kept with the reading: all that can be there at once have room. */
START_TEST(the_longest_of_everything_has_room)
{
    char line[8192] =
        "m,device_id=" X128 " lat=+0.000000000000000000000000000001,"
        "lon=-.0000000000000000000000000001,battery_level=00000000000000000000000001,"
        "rssi=-0000000000000000001.0000000000,temperature_c=.1111111111111111111111111"
        ",humidity=.222222222222222222222222222222222222222222";
    for (int i = 0; i < READING_EXTRA_MAX; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line),
                 ",x%02d=-.3333333333333333333333333%05d", i, i);
    line[12] = '\\'; /* "\ ": the id is unescaped, and kept too */
    line[13] = ' ';
    lines_read(&l, span_str(line), LINE_NS);
    ck_assert_msg(l.result == LINE_READING, "%s", l.problems.item[0].message);
    ck_assert_uint_eq(l.reading.sensors, READING_SENSORS_MAX);
    ck_assert_uint_le(l.reading.scratch_used, sizeof l.reading.scratch);
    ck_assert(span_is(l.reading.sensor[35].digits, "-0.333333333333333333333333300031") ||
              l.reading.sensor[35].digits.len <= 32);
}
END_TEST

UNIT_CASE(line)
{
    tcase_add_test(tc, fields_become_sensors);
    tcase_add_test(tc, what_no_reading_knows_is_ignored_and_counted);
    tcase_add_test(tc, lines_become_readings);
    tcase_add_test(tc, bad_lines_say_why);
    tcase_add_test(tc, every_problem_of_a_line_is_listed);
    tcase_add_test(tc, has_32_sensors_of_its_own);
    tcase_add_test(tc, the_longest_of_everything_has_room);
}
