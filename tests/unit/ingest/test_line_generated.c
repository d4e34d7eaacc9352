/* Random readings written as line protocol, with whatever an encoder may write, and read back. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/num.h"
#include "common/base/random.h"
#include "tests/unit/ingest/lines.h"
#include "tests/unit/unit.h"

/* One line, and what must come of it. Names and texts live in `text`. */
struct written {
    struct buf line;
    struct reading reading;
    bool own_seq;
    enum line_unit unit;
    char text[64 * READING_SENSORS_MAX];
    size_t used;
};

static struct rng rng;

static unsigned below(unsigned bound)
{
    return rng_below(&rng, bound);
}

static struct span keep(struct written *w, const char *text)
{
    char *to = w->text + w->used;
    size_t len = strlen(text);
    ck_assert_uint_le(w->used + len + 1, sizeof w->text);
    memcpy(to, text, len + 1);
    w->used += len + 1;
    return span_of(to, len);
}

/* As the encoders of InfluxData do it: a backslash before what would end a key or a value. */
static void put_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr(",= ", *text))
            buf_char(out, '\\');
        buf_char(out, *text);
    }
}

enum { TEXT_MAX = 256 };

static void append(char text[TEXT_MAX], const char *more)
{
    size_t len = strlen(text);
    snprintf(text + len, TEXT_MAX - len, "%s", more);
}

/* Any text but one that ends in a backslash, which line protocol cannot write. */
static void random_text(char out[TEXT_MAX], unsigned max)
{
    static const char *const parts[] = {
        "a", "Z",   "9",  " ", ",", "=", "\\", "\"", "#", "\xc3\xa9", ".", "-", "\xf0\x9f\x8c\xa1",
        "'", "\\,", "\\ "};
    unsigned count = 1 + below(max);
    char *to = out;
    for (unsigned i = 0; i < count; i++)
        to = stpcpy(to, parts[below(sizeof parts / sizeof parts[0])]);
    *to++ = 'z';
    *to = '\0';
}

static void put_tags(struct written *w)
{
    static const char *const device_tags[] = {"device_id", "device", "host"};
    char text[TEXT_MAX];
    unsigned rank = below(3), tags = below(4), own = below(tags + 1);
    for (unsigned i = 0; i <= tags; i++) {
        random_text(text, 12);
        if (i == own) {
            w->reading.device_id = keep(w, text);
            buf_printf(&w->line, ",%s=", device_tags[rank]);
        } else {
            buf_printf(&w->line, ",t%u=", i);
        }
        put_escaped(&w->line, text);
    }
    if (rank < 2 && below(2)) /* a worse name for the device */
        buf_str(&w->line, ",host=other");
}

/* --- fields --- */

static void begin_field(struct written *w, bool *first, const char *name)
{
    buf_char(&w->line, *first ? ' ' : ',');
    *first = false;
    put_escaped(&w->line, name);
    buf_char(&w->line, '=');
}

/* A number in one of its forms; returns what it is worth. */
static double put_number(struct buf *line)
{
    static const char *const odd[] = {".5", "1.", "-.25", "+3", "007", "2.e2", "-00.5"};
    static const double worth[] = {0.5, 1, -0.25, 3, 7, 200, -0.5};
    char text[NUM_TEXT_MAX];
    double value = ((double)below(2000001) - 1e6) / (below(2) ? 1000 : 7);
    unsigned pick = below(sizeof odd / sizeof odd[0]);
    switch (below(5)) {
    case 0:
        buf_str(line, odd[pick]);
        return worth[pick];
    case 1:
        value = (double)(int64_t)value;
        buf_printf(line, "%ldi", (long)value);
        return value;
    case 2:
        value = below(100000);
        buf_printf(line, "%uu", (unsigned)value);
        return value;
    case 3:
        buf_printf(line, "%.17e", value);
        return value;
    default:
        num_format(value, text);
        buf_str(line, text);
        return value;
    }
}

static void put_sensor(struct written *w, bool *first, const char *name)
{
    begin_field(w, first, name);
    w->reading.sensor[w->reading.sensors++] =
        (struct reading_sensor){.name = keep(w, name), .value = put_number(&w->line)};
}

static void put_ignored(struct written *w, bool *first)
{
    char text[TEXT_MAX];
    static const char *const booleans[] = {"true", "F", "False", "t"};
    random_text(text, 6);
    switch (below(3)) {
    case 0: /* no name for a sensor */
        append(text, "-");
        begin_field(w, first, text);
        put_number(&w->line);
        break;
    case 1:
        begin_field(w, first, "note");
        buf_char(&w->line, '"');
        for (const char *c = text; *c; c++) {
            if (*c == '"' || *c == '\\')
                buf_char(&w->line, '\\');
            buf_char(&w->line, *c);
        }
        buf_str(&w->line, below(2) ? "\n\"" : "\"");
        break;
    default:
        begin_field(w, first, "flag");
        buf_str(&w->line, booleans[below(4)]);
    }
    w->reading.ignored++;
}

static void put_position(struct written *w, bool *first)
{
    struct reading *r = &w->reading;
    r->has_position = true;
    r->lat = ((double)below(1801) - 900) / 10;
    r->lon = ((double)below(3601) - 1800) / 10;
    begin_field(w, first, "lat");
    buf_printf(&w->line, "%+.1f", r->lat);
    begin_field(w, first, "lon");
    buf_printf(&w->line, "%.1f", r->lon);
}

static void put_fields(struct written *w)
{
    bool first = true;
    char name[32];
    unsigned count = 1 + below(READING_EXTRA_MAX);
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "s_%u", i);
        put_sensor(w, &first, name);
        if (below(8) == 0)
            put_ignored(w, &first);
    }
    if (below(2))
        put_position(w, &first);
    if (below(2)) {
        w->reading.has_online = true;
        w->reading.online = below(2);
        begin_field(w, &first, "online");
        buf_str(&w->line, w->reading.online ? "T" : "false");
    }
    w->own_seq = below(2);
    if (w->own_seq) {
        w->reading.seq = (int64_t)rng_u64(&rng);
        begin_field(w, &first, "seq");
        buf_printf(&w->line, "%lldi", (long long)w->reading.seq);
    }
}

static void put_time(struct written *w)
{
    static const int64_t per_s[] = {[LINE_NS] = 1000000000, [LINE_US] = 1000000, [LINE_MS] = 1000};
    int64_t seconds = (int64_t)below(1795255200);
    w->unit = below(2) ? LINE_NS : (enum line_unit)below(LINE_S + 1);
    if (w->unit == LINE_S) {
        w->reading.ts_ms = seconds * 1000;
        buf_printf(&w->line, " %lld", (long long)seconds);
        return;
    }
    int64_t rest = below((uint32_t)per_s[w->unit]);
    w->reading.ts_ms = seconds * 1000 + rest / (per_s[w->unit] / 1000);
    buf_printf(&w->line, " %lld", (long long)(seconds * per_s[w->unit] + rest));
}

static void write_line(struct written *w)
{
    buf_clear(&w->line);
    memset(&w->reading, 0, sizeof w->reading);
    w->used = 0;
    buf_str(&w->line, "m");
    put_tags(w);
    put_fields(w);
    put_time(w);
    buf_str(&w->line, below(2) ? "\n" : "\r\n");
}

static void must_be(const struct written *w, const struct lines_read *l)
{
    struct reading expected = w->reading;
    const char *line = w->line.data;
    int len = (int)w->line.len;
    ck_assert_msg(l->result == LINE_READING, "%.*s: %s", len, line, l->problems.item[0].message);
    expected.has_seq = true;
    if (!w->own_seq)
        expected.seq = l->reading.seq;
    ck_assert_msg(reading_same_contents(&expected, &l->reading), "%.*s", len, line);
    ck_assert_msg(l->reading.ignored == expected.ignored, "%.*s: %u ignored", len, line,
                  l->reading.ignored);
}

/* The record that goes to Kafka says the same. */
static void must_survive(const struct reading *r)
{
    static struct reading back;
    static struct reading_problems problems;
    static struct buf json;
    const struct reading_rules rules = {.mode = READING_CANONICAL, .now_ms = LINES_NOW_MS};
    buf_clear(&json);
    reading_encode(r, &json);
    ck_assert_msg(reading_decode(&back, buf_view(&json), &rules, &problems) == 0, "%s: %s",
                  buf_cstr(&json), problems.item[0].message);
    ck_assert_msg(reading_same_contents(&back, r), "%s", buf_cstr(&json));
}

START_TEST(readings_come_back)
{
    static struct written w;
    static struct lines_read l;
    int64_t rounds = unit_wanted("LINES", 20000);
    rng_seed(&rng, 20261121);
    for (int64_t i = 0; i < rounds; i++) {
        write_line(&w);
        lines_read(&l, buf_view(&w.line), w.unit);
        must_be(&w, &l);
        must_survive(&l.reading);
        lines_next(&l);
        ck_assert_int_eq(l.result, LINE_END);
    }
    buf_deinit(&w.line);
}
END_TEST

/* Damaged lines: any result will do, but no byte beyond the end may be looked at. */
START_TEST(damage_does_no_harm)
{
    static struct written w;
    static struct lines_read l;
    static const char bytes[] = ",= \\\"\n\r#-.e0iutF\x01\xff";
    rng_seed(&rng, 42);
    for (int64_t i = 0; i < unit_wanted("LINES", 20000); i++) {
        write_line(&w);
        for (unsigned n = below(6); n > 0; n--)
            w.line.data[below((uint32_t)w.line.len)] = bytes[below(sizeof bytes - 1)];
        lines_read(&l, span_of(w.line.data, 1 + below((uint32_t)w.line.len)), w.unit);
        for (; l.result != LINE_END; lines_next(&l))
            if (l.result == LINE_READING)
                must_survive(&l.reading);
            else
                ck_assert_uint_ge(l.problems.count, 1);
    }
    buf_deinit(&w.line);
}
END_TEST

UNIT_CASE(line_generated)
{
    tcase_add_test(tc, readings_come_back);
    tcase_add_test(tc, damage_does_no_harm);
}
