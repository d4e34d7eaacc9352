/* Lines with more sensors than a reading holds: several readings, whatever the order of the fields.
 */
#include <stdio.h>

#include "common/base/random.h"
#include "tests/unit/ingest/lines.h"
#include "tests/unit/unit.h"

enum { PARTS_MAX = 8, TEXT_MAX = 16384 };

/* What Telegraf's `mem` sends on Linux. */
static const char *const mem[] = {
    "active",
    "available",
    "available_percent",
    "buffered",
    "cached",
    "commit_limit",
    "committed_as",
    "dirty",
    "free",
    "high_free",
    "high_total",
    "huge_page_size",
    "huge_pages_free",
    "huge_pages_total",
    "inactive",
    "low_free",
    "low_total",
    "mapped",
    "page_tables",
    "shared",
    "slab",
    "sreclaimable",
    "sunreclaim",
    "swap_cached",
    "swap_free",
    "swap_total",
    "total",
    "used",
    "used_percent",
    "vmalloc_chunk",
    "vmalloc_total",
    "vmalloc_used",
    "write_back",
    "write_back_tmp",
};
enum { MEM = sizeof mem / sizeof mem[0] };

static struct lines_read l;

/* The readings of one line, each with the text that it borrows from: that is one for all. */
struct taken {
    struct reading part[PARTS_MAX];
    unsigned parts;
};

static void take(struct taken *t, const char *line)
{
    t->parts = 0;
    for (lines_read(&l, span_str(line), LINE_NS); l.result == LINE_READING; lines_next(&l)) {
        ck_assert_uint_lt(t->parts, PARTS_MAX);
        ck_assert_uint_eq(l.reader.part, t->parts);
        ck_assert_uint_eq(l.reader.number, 1);
        t->part[t->parts++] = l.reading;
    }
    ck_assert_int_eq(l.result, LINE_END);
}

/* "mem,host=h NAME=0,NAME=1,... STAMP", beginning with the field `first` of a circle of them. */
static void write_mem(char text[TEXT_MAX], unsigned first, const char *more)
{
    int len = snprintf(text, TEXT_MAX, "mem,host=h ");
    for (unsigned i = 0; i < MEM; i++) {
        unsigned field = (first + i) % MEM;
        len += snprintf(text + len, (size_t)(TEXT_MAX - len), "%s=%u,", mem[field], field);
    }
    snprintf(text + len, (size_t)(TEXT_MAX - len), "%s " LINES_NOW, more);
}

static unsigned times_in(const struct taken *t, const char *name)
{
    unsigned times = 0;
    for (unsigned i = 0; i < t->parts; i++)
        for (unsigned k = 0; k < t->part[i].sensors; k++)
            times += span_is(t->part[i].sensor[k].name, name);
    return times;
}

START_TEST(every_field_is_in_one_reading)
{
    static struct taken t;
    char text[TEXT_MAX];
    write_mem(text, 0, "temperature_c=1,online=t,lat=1,lon=2,s=\"text\"");
    take(&t, text);
    ck_assert_uint_eq(t.parts, 2);
    for (unsigned i = 0; i < MEM; i++)
        ck_assert_msg(times_in(&t, mem[i]) == 1, "%s", mem[i]);
    ck_assert_uint_eq(t.part[0].sensors + t.part[1].sensors, MEM + 1);
    ck_assert_uint_eq(times_in(&t, "temperature_c"), 1);
    ck_assert(t.part[0].has_online && t.part[0].has_position);
    ck_assert(!t.part[1].has_online && !t.part[1].has_position);
    ck_assert_uint_eq(t.part[0].ignored + t.part[1].ignored, 1);
    for (unsigned i = 0; i < t.parts; i++) {
        ck_assert(span_is(t.part[i].device_id, "h"));
        ck_assert_int_eq(t.part[i].ts_ms, LINES_NOW_MS);
        ck_assert(t.part[i].has_seq);
    }
}
END_TEST

/* Collectors write the fields of a point that they send again in another order. Ids of stored
 * readings depend on these two numbers. */
START_TEST(the_order_of_the_fields_does_not_matter)
{
    static struct taken t, turned;
    char text[TEXT_MAX], other[TEXT_MAX];
    write_mem(text, 0, "x=1");
    take(&t, text);
    ck_assert_int_eq(t.part[0].seq, INT64_C(5543454725026014));
    ck_assert_int_eq(t.part[1].seq, INT64_C(1305377754128876));
    for (unsigned first = 1; first < MEM; first++) {
        write_mem(other, first, "x=1");
        take(&turned, other);
        ck_assert_uint_eq(turned.parts, 2);
        for (unsigned i = 0; i < 2; i++) {
            ck_assert_int_eq(turned.part[i].seq, t.part[i].seq);
            ck_assert_uint_eq(turned.part[i].sensors, t.part[i].sensors);
        }
        take(&t, text); /* anew: it borrows what the other was put over */
    }
}
END_TEST

/* A line that numbers its points itself keeps the number in one of its readings. */
START_TEST(its_own_seq_tells_all_parts_apart)
{
    static struct taken seven, eight;
    char text[TEXT_MAX];
    write_mem(text, 0, "seq=7i");
    take(&seven, text);
    write_mem(text, 0, "seq=8i");
    take(&eight, text);
    ck_assert_int_eq(seven.part[0].seq, 7);
    ck_assert_int_eq(eight.part[0].seq, 8);
    ck_assert(seven.part[1].has_seq && eight.part[1].has_seq);
    ck_assert_int_ne(seven.part[1].seq, eight.part[1].seq);
    ck_assert_int_ne(seven.part[1].seq, 7);
}
END_TEST

static void write_many(char text[TEXT_MAX], unsigned sensors, const char *end)
{
    int len = snprintf(text, TEXT_MAX, "m,host=h ");
    for (unsigned i = 0; i < sensors; i++)
        len += snprintf(text + len, (size_t)(TEXT_MAX - len), "%ss%u=%u", i ? "," : "", i, i);
    snprintf(text + len, (size_t)(TEXT_MAX - len), "%s", end);
}

START_TEST(takes_as_many_readings_as_it_needs_and_no_more_than_eight)
{
    static struct taken t;
    char text[TEXT_MAX];
    unsigned most = 0;
    for (unsigned sensors = 1; sensors <= 300; sensors++) {
        write_many(text, sensors, "");
        lines_read(&l, span_str(text), LINE_NS);
        if (l.result == LINE_BAD) {
            ck_assert_int_eq(l.problems.item[0].code, PROBLEM_TOO_MANY_SENSORS);
            ck_assert_uint_gt(sensors, 150);
            continue;
        }
        take(&t, text);
        ck_assert_uint_eq(t.parts == 1, sensors <= READING_EXTRA_MAX);
        ck_assert(t.parts == 1 || t.parts == 2 || t.parts == 4 || t.parts == 8);
        for (unsigned i = 0, sum = 0; i < t.parts; i++) {
            sum += t.part[i].sensors;
            ck_assert(t.part[i].sensors > 0 && t.part[i].sensors <= READING_EXTRA_MAX);
            ck_assert(i + 1 < t.parts || sum == sensors);
        }
        most = t.parts > most ? t.parts : most;
    }
    ck_assert_uint_eq(most, PARTS_MAX);
    ck_assert_int_eq(l.result, LINE_BAD);
}
END_TEST

/* What is wrong may be in the last part only, behind more sensors than the first look takes. */
START_TEST(is_refused_as_a_whole)
{
    static const struct {
        const char *end;
        enum reading_problem_code code;
    } rows[] = {
        {",late=1e999\nm,host=h x=1", PROBLEM_RANGE},
        {",s0=1\nm,host=h x=1", PROBLEM_DUPLICATE_FIELD},
        {",s39=1\nm,host=h x=1", PROBLEM_DUPLICATE_FIELD},
        {",rssi=1.5\nm,host=h x=1", PROBLEM_TYPE},
        {" 99999999999999999999\nm,host=h x=1", PROBLEM_RANGE},
        {",\nm,host=h x=1", PROBLEM_SYNTAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[TEXT_MAX];
        write_many(text, 40, rows[i].end);
        lines_read(&l, span_str(text), LINE_NS);
        ck_assert_msg(l.result == LINE_BAD, "%s", rows[i].end);
        ck_assert_msg(l.problems.item[0].code == rows[i].code, "%s: %s %s", rows[i].end,
                      l.problems.item[0].field, l.problems.item[0].message);
        lines_next(&l);
        ck_assert_int_eq(l.result, LINE_READING);
        ck_assert_uint_eq(l.reader.number, 2);
        ck_assert_uint_eq(l.reading.sensors, 1);
        lines_next(&l);
        ck_assert_int_eq(l.result, LINE_END);
    }
}
END_TEST

UNIT_CASE(line_parts)
{
    tcase_add_test(tc, every_field_is_in_one_reading);
    tcase_add_test(tc, the_order_of_the_fields_does_not_matter);
    tcase_add_test(tc, its_own_seq_tells_all_parts_apart);
    tcase_add_test(tc, takes_as_many_readings_as_it_needs_and_no_more_than_eight);
    tcase_add_test(tc, is_refused_as_a_whole);
}
