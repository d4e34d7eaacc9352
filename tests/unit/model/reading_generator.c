/* Readings as devices might send them, good more often than not, and damage to them. */
#include "tests/unit/model/reading_generator.h"

#include <stdio.h>
#include <string.h>

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

static bool chance(struct rng *rng, uint32_t one_in)
{
    return rng_below(rng, one_in) == 0;
}

static const char *any_of(struct rng *rng, const char *const *list, uint32_t count)
{
    return list[rng_below(rng, count)];
}

static void put_space(struct rng *rng, struct buf *b)
{
    static const char *const spaces[] = {" ", "\n", "\t", "\r\n", "  "};
    if (chance(rng, 12)) {
        buf_str(b, any_of(rng, spaces, COUNT(spaces)));
    }
}

static void put_name(struct rng *rng, struct buf *b, const char *name)
{
    bool escape = chance(rng, 10);
    buf_char(b, '"');
    for (const char *p = name; *p; p++) {
        if (escape && (unsigned char)*p < 0x80 && chance(rng, 2)) {
            buf_printf(b, chance(rng, 2) ? "\\u%04x" : "\\u%04X", (unsigned)*p);
        } else {
            buf_char(b, *p);
        }
    }
    buf_char(b, '"');
}

static void put_random_number(struct rng *rng, struct buf *b)
{
    double v = (rng_unit(rng) - 0.3) * (chance(rng, 4) ? 1e6 : 120);
    switch (rng_below(rng, 5)) {
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

static void put_any_value(struct rng *rng, struct buf *b)
{
    switch (rng_below(rng, 8)) {
    case 0:
        buf_str(b, any_of(rng, strings, COUNT(strings)));
        break;
    case 1:
        buf_str(b, any_of(rng, others, COUNT(others)));
        break;
    case 2:
    case 3:
        buf_str(b, any_of(rng, numbers, COUNT(numbers)));
        break;
    default:
        put_random_number(rng, b);
        break;
    }
}

/* A name twice ends the comparison with jansson early, so it comes, but seldom. */
static bool is_there(const struct buf *b, const char *name)
{
    char quoted[72];
    int len = snprintf(quoted, sizeof(quoted), "\"%s\"", name);
    return memmem(b->data, b->len, quoted, (size_t)len) != NULL;
}

static void put_member(struct rng *rng, struct buf *b, const char *name, const char *value)
{
    if (is_there(b, name) && !chance(rng, 20)) {
        return;
    }
    put_space(rng, b);
    if (b->len > 0 && b->data[b->len - 1] != '{') {
        buf_char(b, ',');
        put_space(rng, b);
    }
    put_name(rng, b, name);
    put_space(rng, b);
    buf_char(b, ':');
    put_space(rng, b);
    if (chance(rng, 20)) {
        put_any_value(rng, b);
    } else if (value) {
        buf_str(b, value);
    } else {
        put_random_number(rng, b);
    }
}

/* A good reading more often than not, then members of any name and any value. */
void generate_reading(struct rng *rng, struct buf *b)
{
    buf_clear(b);
    buf_char(b, '{');
    if (!chance(rng, 20)) {
        put_member(rng, b, "device_id", "\"dev-\xd7\x90\"");
    }
    if (!chance(rng, 10)) {
        put_member(rng, b, "temperature_c", NULL);
        put_member(rng, b, "humidity", "48.0");
    }
    if (chance(rng, 2)) {
        put_member(rng, b, "ts", "1795255200.5");
    }
    for (uint32_t left = rng_below(rng, 4); left > 0; left--) {
        uint32_t i = rng_below(rng, COUNT(members));
        put_member(rng, b, members[i].name, members[i].value);
    }
    if (chance(rng, 4)) {
        put_member(rng, b, "lon", "-0.5");
        put_member(rng, b, "lat", "-0");
    }
    for (uint32_t left = chance(rng, 100) ? 30 + rng_below(rng, 5) : 0; left > 0; left--) {
        char name[16];
        snprintf(name, sizeof(name), "s%u", left);
        put_member(rng, b, name, "1");
    }
    put_space(rng, b);
    buf_char(b, '}');
    put_space(rng, b);
}

/* Lengths around the limits of 64, 128 and 255 bytes, and digits that go on and on. */
static void repeat_byte(struct rng *rng, struct buf *b, uint32_t at)
{
    size_t times = chance(rng, 2) ? 1 + rng_below(rng, 8) : 60 + rng_below(rng, 200);
    (void)buf_reserve(b, times);
    memmove(b->data + at + times, b->data + at, b->len - at);
    memset(b->data + at, b->data[at + times], times);
    buf_commit(b, times);
}

/* A piece of the document comes a second time somewhere else: members, quotes, half an object. */
static void copy_piece(struct rng *rng, struct buf *b, uint32_t at)
{
    char piece[64];
    uint32_t from = rng_below(rng, (uint32_t)b->len);
    size_t len = 1 + rng_below(rng, sizeof(piece));
    len = len < b->len - from ? len : b->len - from;
    memcpy(piece, b->data + from, len);
    (void)buf_reserve(b, len);
    memmove(b->data + at + len, b->data + at, b->len - at);
    memcpy(b->data + at, piece, len);
    buf_commit(b, len);
}

void damage_reading(struct rng *rng, struct buf *b)
{
    static const char bytes[] = "{}[]\":,\\-+.eE0123456789 utfn\x01\x80\xc3\xff";
    uint32_t at = rng_below(rng, (uint32_t)b->len);
    switch (rng_below(rng, 12)) {
    case 0:
    case 1:
    case 2:
        b->data[at] = bytes[rng_below(rng, sizeof(bytes))]; /* its NUL too */
        break;
    case 3:
        b->len = chance(rng, 3) ? at + 1 : b->len;
        break;
    case 4:
    case 5:
    case 6:
        memmove(b->data + at, b->data + at + 1, b->len - at - 1);
        b->len -= b->len > 1;
        break;
    case 7:
        repeat_byte(rng, b, at);
        break;
    case 8:
        copy_piece(rng, b, at);
        break;
    case 9:
        b->data[at] = (char)(b->data[at] ^ 1 << rng_below(rng, 8));
        break;
    default:
        buf_char(b, ' ');
        memmove(b->data + at + 1, b->data + at, b->len - at - 1);
        b->data[at] = bytes[rng_below(rng, sizeof(bytes) - 1)];
        break;
    }
}
