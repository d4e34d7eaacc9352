/* The decoder against a plain one over jansson: generated documents, a third of them damaged. */
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/random.h"
#include "tests/unit/model/decoded.h"
#include "tests/unit/model/reading_oracle.h"
#include "tests/unit/unit.h"

enum { DOCUMENTS = 240000, SEED = 20261121 };

#define COUNT(a) ((uint32_t)(sizeof(a) / sizeof((a)[0])))

/* Names with a value that suits them; NULL: any number does, if the name does. */
static const struct {
    const char *name, *value;
} members[] = {
    {"device_id", "\"d\""},
    {"ts", "\"2026-11-21T10:00:00.5Z\""},
    {"timestamp", "1795255200123"},
    {"temperature_c", NULL},
    {"humidity", NULL},
    {"battery_level", "87"},
    {"rssi", "-61"},
    {"lat", "32.1"},
    {"lon", "34.90"},
    {"seq", "9007199254740993"},
    {"online", "true"},
    {"received_at", "\"2026-11-21T10:00:00.500Z\""},
    {"key", "\"k\""},
    {"pressure_hpa", NULL},
    {"co2_1", NULL},
    {"_x", NULL},
    {"x", NULL},
    {"1x", NULL},
    {"a b", NULL},
    {"", NULL},
    {"t\xc3\xa9", NULL},
    {"$gt", NULL},
};
static const char *const numbers[] = {
    "0",
    "-0",
    "21.5",
    "48",
    "-40.25",
    "1e3",
    "1E-3",
    "100",
    "101",
    "0.1e1",
    "90",
    "90.01",
    "-180",
    "180.5",
    "1e300",
    "1e400",
    "-1e309",
    "4e-400",
    "1.0",
    "99.50",
    "87.0",
    "87.5",
    "1795255200",
    "1795255200123",
    "1795255200.123456",
    "1795255800",
    "-1e11",
    "99999999999",
    "100000000000",
    "1e15",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "123456789012345678901234567890",
    "0.30000000000000004",
    "2.2250738585072014e-308",
    "4.9e-324",
    "17.999999999999999999999",
};
static const char *const strings[] = {
    "\"\"",
    "\"dev-1\"",
    "\"a\"",
    "\"\\u0061\\n\"",
    "\"\\ud83d\\ude00\"",
    "\"\xf0\x9f\x98\x80\"",
    "\"\\ud83d\"",
    "\"\\u0000\"",
    "\"\xc2\x85\"",
    "\"\xff\"",
    "\"2026-11-21T10:00:00.123Z\"",
    "\"2026-11-21T10:04:59+00:00\"",
    "\"2026-11-21T10:06:00Z\"",
    "\"2026-02-29T00:00:00Z\"",
    "\"1969-12-31T23:59:59.9Z\"",
    "\"2026-11-21 10:00:00\"",
    "\"48\"",
    "\"\\\"\\\\\\/\\b\\f\\r\\t\"",
    "\"2030-01-01T00:00:00Z\"",
};
static const char *const others[] = {
    "true",
    "false",
    "null",
    "{}",
    "[]",
    "[1,2,{\"a\":[]}]",
    "{\"a\":{\"b\":1}}",
    "{\"a\":1,\"a\":2}",
    "[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]",
    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
    "tru",
    "-",
    "01",
    "NaN",
};

static struct rng rng;

static bool chance(uint32_t one_in)
{
    return rng_below(&rng, one_in) == 0;
}

static const char *any_of(const char *const *list, uint32_t count)
{
    return list[rng_below(&rng, count)];
}

static void put_space(struct buf *b)
{
    static const char *const spaces[] = {" ", "\n", "\t", "\r\n", "  "};
    if (chance(12)) {
        buf_str(b, any_of(spaces, COUNT(spaces)));
    }
}

static void put_name(struct buf *b, const char *name)
{
    bool escape = chance(10);
    buf_char(b, '"');
    for (const char *p = name; *p; p++) {
        if (escape && (unsigned char)*p < 0x80 && chance(2)) {
            buf_printf(b, chance(2) ? "\\u%04x" : "\\u%04X", (unsigned)*p);
        } else {
            buf_char(b, *p);
        }
    }
    buf_char(b, '"');
}

static void put_random_number(struct buf *b)
{
    double v = (rng_unit(&rng) - 0.3) * (chance(4) ? 1e6 : 120);
    switch (rng_below(&rng, 5)) {
    case 0:
        buf_printf(b, "%.2f", v);
        break;
    case 1:
        buf_printf(b, "%.6g", v);
        break;
    case 2:
        buf_printf(b, "%.17g", v);
        break;
    case 3:
        buf_printf(b, "%.3e", v);
        break;
    default:
        buf_printf(b, "%.0f", v);
        break;
    }
}

static void put_any_value(struct buf *b)
{
    switch (rng_below(&rng, 8)) {
    case 0:
        buf_str(b, any_of(strings, COUNT(strings)));
        break;
    case 1:
        buf_str(b, any_of(others, COUNT(others)));
        break;
    case 2:
    case 3:
        buf_str(b, any_of(numbers, COUNT(numbers)));
        break;
    default:
        put_random_number(b);
        break;
    }
}

static void put_member(struct buf *b, const char *name, const char *value)
{
    put_space(b);
    if (b->len > 0 && b->data[b->len - 1] != '{') {
        buf_char(b, ',');
        put_space(b);
    }
    put_name(b, name);
    put_space(b);
    buf_char(b, ':');
    put_space(b);
    if (chance(12)) {
        put_any_value(b);
    } else if (value) {
        buf_str(b, value);
    } else {
        put_random_number(b);
    }
}

/* A good reading more often than not, then members of any name and any value. */
static void put_document(struct buf *b)
{
    buf_clear(b);
    buf_char(b, '{');
    if (!chance(20)) {
        put_member(b, "device_id", "\"dev-\xd7\x90\"");
    }
    if (!chance(10)) {
        put_member(b, "temperature_c", NULL);
        put_member(b, "humidity", "48.0");
    }
    if (chance(2)) {
        put_member(b, "ts", "1795255200.5");
    }
    for (uint32_t left = rng_below(&rng, 4); left > 0; left--) {
        uint32_t i = rng_below(&rng, COUNT(members));
        put_member(b, members[i].name, members[i].value);
    }
    if (chance(4)) {
        put_member(b, "lon", "-0.5");
        put_member(b, "lat", "-0");
    }
    for (uint32_t left = chance(100) ? 30 + rng_below(&rng, 5) : 0; left > 0; left--) {
        char name[16];
        snprintf(name, sizeof(name), "s%u", left);
        put_member(b, name, "1");
    }
    put_space(b);
    buf_char(b, '}');
    put_space(b);
}

static void damage(struct buf *b)
{
    static const char bytes[] = "{}[]\":,\\-+.eE0123456789 utfn\x01\x80\xc3\xff";
    uint32_t at = rng_below(&rng, (uint32_t)b->len);
    switch (rng_below(&rng, 4)) {
    case 0:
        b->data[at] = bytes[rng_below(&rng, sizeof(bytes))]; /* its NUL too */
        break;
    case 1:
        b->len = chance(8) ? at + 1 : b->len;
        break;
    case 2:
        memmove(b->data + at, b->data + at + 1, b->len - at - 1);
        b->len -= b->len > 1;
        break;
    default:
        buf_char(b, ' ');
        memmove(b->data + at + 1, b->data + at, b->len - at - 1);
        b->data[at] = bytes[rng_below(&rng, sizeof(bytes) - 1)];
        break;
    }
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static bool same_reading(const struct reading *r, const struct oracle_reading *o)
{
    bool same = span_is(r->device_id, o->device_id) && span_is(r->key, o->key) &&
                r->ts_ms == o->ts_ms && r->received_at_ms == o->received_at_ms &&
                r->ts_from_server == o->ts_from_server && r->has_position == o->has_position &&
                r->has_online == o->has_online && r->has_seq == o->has_seq &&
                r->online == o->online && r->sensors == o->sensors && r->ignored == o->ignored;
    same = same && (o->seq_unknown || r->seq == o->seq);
    if (o->has_position) {
        same = same && same_double(r->lat, o->lat) && same_double(r->lon, o->lon);
    }
    for (unsigned i = 0; same && i < r->sensors; i++) {
        same = span_is(r->sensor[i].name, o->sensor[i].name) &&
               same_double(r->sensor[i].value, o->sensor[i].value);
    }
    return same;
}

/* Whether the two agree, but for the differences that reading_oracle.h lists. */
static bool agree(const struct decoded *d, const struct oracle_reading *o)
{
    if (o->duplicate || o->overflow) {
        return d->rc != 0 || d->reading.ignored > 0;
    }
    if (o->seq_unknown && d->rc != o->rc) {
        return d->rc == ERR_INVALID; /* it may be the seq itself that is too large */
    }
    return d->rc == o->rc && (d->rc != 0 || same_reading(&d->reading, o));
}

START_TEST(agrees_with_jansson)
{
    static struct decoded d;
    static struct oracle_reading o;
    struct buf b = {.len = 0};
    unsigned accepted = 0, differ = 0;
    rng_seed(&rng, SEED);
    for (unsigned i = 0; i < DOCUMENTS; i++) {
        enum reading_mode mode = (enum reading_mode)rng_below(&rng, 3);
        struct reading_rules rules = test_rules(mode);
        put_document(&b);
        for (uint32_t left = chance(3) ? 1 + rng_below(&rng, 3) : 0; left > 0; left--) {
            damage(&b);
        }
        decode_bytes(&d, mode, buf_view(&b));
        oracle_decode(&o, buf_view(&b), &rules);
        ck_assert_msg(agree(&d, &o), "document %u, mode %d: %d here, %d there: %.*s\n%s: %s", i,
                      (int)mode, d.rc, o.rc, (int)b.len, b.data,
                      d.problems.count ? d.problems.item[0].field : "",
                      d.problems.count ? d.problems.item[0].message : "");
        ck_assert((d.rc == 0) == (d.problems.count == 0));
        accepted += d.rc == 0;
        differ += d.rc != o.rc || o.seq_unknown;
    }
    /* The comparison means something only while both outcomes are common and excuses are rare. */
    ck_assert_uint_gt(accepted, DOCUMENTS / 5);
    ck_assert_uint_lt(accepted, DOCUMENTS / 5 * 4);
    ck_assert_uint_lt(differ, DOCUMENTS / 20);
    buf_deinit(&b);
}
END_TEST

UNIT_CASE(reading_differential)
{
    tcase_add_test(tc, agrees_with_jansson);
}
