/* Bodies of many lines, time stamps in their units, and what tells two lines apart. */
#include <stdio.h>

#include "tests/unit/guard.h"
#include "tests/unit/ingest/lines.h"
#include "tests/unit/unit.h"

static struct lines_read l;

/* "G1 B3": a good point on line 1, a bad one on line 3. */
static const char *seen_in(const char *body)
{
    static char out[256];
    size_t len = 0;
    out[0] = '\0';
    lines_read(&l, span_str(body), LINE_NS);
    for (; l.result != LINE_END; lines_next(&l))
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%c%u", len ? " " : "",
                                l.result == LINE_READING ? 'G' : 'B', l.reader.number);
    return out;
}

#define A "m,device_id=a x=1"

static const char *const bodies[][2] = {
    {"", ""},
    {"\n", ""},
    {"\r\n\r\n", ""},
    {"   ", ""},
    {"# only\n# comments", ""},
    {A, "G1"},
    {A "\n", "G1"},
    {A "\n" A, "G1 G2"},
    {A "\r\n" A "\r\n", "G1 G2"},
    {"\n" A "\n\n" A "\n\n", "G2 G4"},
    {"#c\n" A "\n  #c\n" A, "G2 G4"},
    {"#\tc\x01 \"\n" A, "G2"},
    {A "\nbad\n" A, "G1 B2 G3"},
    {"bad\nworse\n" A "\n", "B1 B2 G3"},
    {"m x=1\n" A, "B1 G2"},
    {A ",s=\"two\nlines\"\n" A, "G1 G3"},
    {A ",s=\"\n\n\n\"\n" A, "G1 G5"},
    {"m s=\"\n" A "\n\"\n" A, "B1 G4"},       /* a string is no line, however it looks */
    {A ",s=\"\n" A "\n\"z\n" A, "B1 G4"},     /* also when the line turns out to be bad */
    {A ",s=\"a\n" A "\n" A, "B1 G2 G3"},      /* one that never ends costs its own line */
    {A ",s=\"a\n" A ",s=\"b\"\n" A, "B1 G3"}, /* ends at the next quote */
    {A "\\\n" A, "B1 G2"},
    {A " 17 18\n" A, "B1 G2"},
    {A "\r" A "\n" A, "B1 G2"},
};

START_TEST(a_bad_line_costs_itself)
{
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        ck_assert_msg(strcmp(seen_in(bodies[i][0]), bodies[i][1]) == 0, "%s: %s, not %s",
                      bodies[i][0], seen_in(bodies[i][0]), bodies[i][1]);
}
END_TEST

START_TEST(lines_are_counted)
{
    static const struct {
        const char *body;
        size_t lines;
    } counts[] = {{"", 0}, {"a", 1}, {"a\n", 1}, {"\n", 1}, {"a\nb", 2}, {"\n\n", 2}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        ck_assert_uint_eq(line_count(guard_place(span_str(counts[i].body))), counts[i].lines);
}
END_TEST

/* 128 KiB of what makes the parser look furthest ahead must not take long: each
 * byte is looked at a few times at most. */
START_TEST(no_body_takes_long)
{
    static char body[GUARD_ROOM];
    static const char *const pieces[] = {"m s=\"\n", "m s=\"x\" y\n", "m s=\\\"\n", "m,a=\\ \n",
                                         "\"\n",     "#\n",           "m s=\"\\"};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        size_t len = 0, piece = strlen(pieces[i]);
        for (; len + piece <= sizeof body; len += piece)
            memcpy(body + len, pieces[i], piece);
        unsigned points = 0;
        lines_read(&l, span_of(body, len), LINE_NS);
        for (; l.result != LINE_END; lines_next(&l))
            points++;
        ck_assert_uint_le(points, len / piece + 1);
        ck_assert_uint_eq(l.reader.rest.len, 0);
    }
}
END_TEST

/* --- time --- */

static const struct {
    enum line_unit unit;
    const char *stamp;
    int64_t ms;
} times[] = {
    {LINE_NS, "1795255200123456789", 1795255200123},
    {LINE_NS, "999999", 0},
    {LINE_NS, "1000000", 1},
    {LINE_NS, "-1", -1},
    {LINE_NS, "-1000000", -1},
    {LINE_NS, "-1000001", -2},
    {LINE_NS, "-9223372036854775808", -9223372036855},
    {LINE_US, "1795255200123456", 1795255200123},
    {LINE_US, "-1", -1},
    {LINE_MS, "1795255200123", 1795255200123},
    {LINE_MS, "-62167219200000", -62167219200000},
    {LINE_S, "1795255200", 1795255200000},
    {LINE_S, "-1", -1000},
    {LINE_MINUTE, "29920920", 1795255200000},
    {LINE_HOUR, "498682", 1795255200000},
};

START_TEST(stamps_have_units)
{
    char line[128];
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        snprintf(line, sizeof line, A " %s", times[i].stamp);
        lines_read(&l, span_str(line), times[i].unit);
        ck_assert_msg(l.result == LINE_READING, "%s: %s", line, l.problems.item[0].message);
        ck_assert_int_eq(l.reading.ts_ms, times[i].ms);
        ck_assert(!l.reading.ts_from_server);
    }
}
END_TEST

START_TEST(stamps_out_of_range_are_refused)
{
    static const struct {
        enum line_unit unit;
        const char *stamp;
        enum reading_problem_code code;
    } bad[] = {
        {LINE_MS, "-62167219200001", PROBLEM_RANGE},
        {LINE_MS, "253402300800000", PROBLEM_RANGE},
        {LINE_MS, "253402300799999", PROBLEM_FUTURE},
        {LINE_S, "9223372036854775807", PROBLEM_RANGE},
        {LINE_HOUR, "-9223372036854775808", PROBLEM_RANGE},
        {LINE_HOUR, "498683", PROBLEM_FUTURE},
        {LINE_US, "1795255200000000000", PROBLEM_RANGE}, /* nanoseconds after all */
    };
    char line[128];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(line, sizeof line, A " %s", bad[i].stamp);
        lines_read(&l, span_str(line), bad[i].unit);
        ck_assert_int_eq(l.result, LINE_BAD);
        ck_assert_msg(l.problems.item[0].code == bad[i].code, "%s: %s", line,
                      l.problems.item[0].message);
        ck_assert_str_eq(l.problems.item[0].field, "ts");
    }
}
END_TEST

START_TEST(units_have_names)
{
    static const struct {
        const char *name;
        int now, old; /* the unit, or -1 */
    } names[] = {
        {"ns", LINE_NS, LINE_NS}, {"us", LINE_US, LINE_US}, {"ms", LINE_MS, LINE_MS},
        {"s", LINE_S, LINE_S},    {"n", -1, LINE_NS},       {"u", -1, LINE_US},
        {"m", -1, LINE_MINUTE},   {"h", -1, LINE_HOUR},     {"", -1, -1},
        {"NS", -1, -1},           {"min", -1, -1},          {"nanosecond", -1, -1},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        enum line_unit unit = LINE_HOUR;
        bool found = line_unit_find(span_str(names[i].name), false, &unit);
        ck_assert_int_eq(found ? (int)unit : -1, names[i].now);
        found = line_unit_find(span_str(names[i].name), true, &unit);
        ck_assert_int_eq(found ? (int)unit : -1, names[i].old);
    }
}
END_TEST

/* --- what tells lines apart --- */

static struct reading_id id_of(const char *line)
{
    lines_read(&l, span_str(line), LINE_NS);
    ck_assert_msg(l.result == LINE_READING, "%s", line);
    return reading_id(&l.reading);
}

static bool same_id(const char *a, const char *b)
{
    struct reading_id one = id_of(a), other = id_of(b);
    return memcmp(&one, &other, sizeof one) == 0;
}

#define T " " LINES_NOW

START_TEST(a_repeated_line_is_the_same_reading)
{
    ck_assert(same_id("cpu,host=h,cpu=cpu0 x=1,y=2" T, "cpu,host=h,cpu=cpu0 x=1,y=2" T));
    ck_assert(same_id("cpu,host=h,cpu=cpu0 x=1,y=2" T, "cpu,cpu=cpu0,host=h y=2,x=1" T));
    ck_assert(same_id("cpu,host=h x=1" T, "cpu,host=h x=2" T)); /* a conflict, and told as one */
    ck_assert(same_id("cpu,host=h x=1,seq=4i" T, "mem,host=h,a=b y=1,seq=4i" T));
    ck_assert(same_id("cpu,host=h x=1,seq=4i 1795255200000000001", "cpu,host=h x=1,seq=4i" T));
}
END_TEST

START_TEST(lines_of_one_moment_are_told_apart)
{
    static const char *const different[] = {
        "cpu,host=h x=1" T,
        "mem,host=h x=1" T,
        "cpu,host=h,cpu=cpu0 x=1" T,
        "cpu,host=h,cpu=cpu1 x=1" T,
        "cpu,host=h,core=cpu1 x=1" T,
        "cpu,host=h y=1" T,
        "cpu,host=h x=1,y=1" T,
        "cpu,host=h x=1 1795255200000000001",
        "cpu,host=h x=1 1795255200000001000",
        "cpu,host=h x=1 1795255200000999999",
        "cpu,host=h x=1,seq=4i" T,
        "cpu,device=h,host=h x=1" T,
    };
    size_t count = sizeof different / sizeof different[0];
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(!same_id(different[i], different[j]), "%s and %s", different[i],
                          different[j]);
}
END_TEST

/* Stored ids depend on it: another number is another document for a repeated line. */
START_TEST(the_made_seq_never_changes)
{
    (void)id_of("cpu,host=h,cpu=cpu0 usage_idle=98.5" T);
    ck_assert(l.reading.has_seq);
    ck_assert_int_eq(l.reading.seq, INT64_C(5494622737197936));
    (void)id_of("cpu,host=h x=1 1795255200000999999");
    ck_assert_int_eq(l.reading.seq, INT64_C(2249596362335443));
}
END_TEST

START_TEST(the_server_s_time_needs_no_seq)
{
    lines_read(&l, span_str("cpu,host=h x=1"), LINE_NS);
    ck_assert(l.reading.ts_from_server && !l.reading.has_seq);
    ck_assert_int_eq(l.reading.ts_ms, LINES_NOW_MS);
    lines_read(&l, span_str("cpu,host=h x=1,seq=7i"), LINE_NS);
    ck_assert(l.reading.ts_from_server && l.reading.has_seq);
}
END_TEST

UNIT_CASE(line_body)
{
    tcase_add_test(tc, a_bad_line_costs_itself);
    tcase_add_test(tc, lines_are_counted);
    tcase_add_test(tc, no_body_takes_long);
    tcase_add_test(tc, stamps_have_units);
    tcase_add_test(tc, stamps_out_of_range_are_refused);
    tcase_add_test(tc, units_have_names);
    tcase_add_test(tc, a_repeated_line_is_the_same_reading);
    tcase_add_test(tc, lines_of_one_moment_are_told_apart);
    tcase_add_test(tc, the_made_seq_never_changes);
    tcase_add_test(tc, the_server_s_time_needs_no_seq);
}
