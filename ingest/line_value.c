/* Influx line protocol: values of fields, and the time stamp. */
#include "ingest/line_parser.h"

#include <math.h>

#include "common/base/num.h"
#include "common/base/timestamp.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t count_digits(struct span s)
{
    size_t n = 0;
    while (n < s.len && is_digit(s.p[n]))
        n++;
    return n;
}

static struct span skip(struct span s, size_t n)
{
    return span_of(s.p + n, s.len - n);
}

/* --- numbers --- */

/* A number of line protocol, taken apart: [sign] whole [. fraction] [e exponent]. */
struct parts {
    bool negative, point;
    struct span whole, fraction, exponent; /* exponent with its e and sign */
};

static bool take_exponent(struct span s, struct parts *n)
{
    n->exponent = s;
    if (s.len == 0)
        return true;
    if (s.p[0] != 'e' && s.p[0] != 'E')
        return false;
    s = skip(s, 1);
    if (s.len > 0 && (s.p[0] == '+' || s.p[0] == '-'))
        s = skip(s, 1);
    return s.len > 0 && count_digits(s) == s.len;
}

static bool split(struct span s, struct parts *n)
{
    *n = (struct parts){.negative = s.len > 0 && s.p[0] == '-'};
    if (n->negative || (s.len > 0 && s.p[0] == '+'))
        s = skip(s, 1);
    n->whole = span_of(s.p, count_digits(s));
    s = skip(s, n->whole.len);
    n->point = s.len > 0 && s.p[0] == '.';
    if (n->point) {
        s = skip(s, 1);
        n->fraction = span_of(s.p, count_digits(s));
        s = skip(s, n->fraction.len);
    }
    return n->whole.len + n->fraction.len > 0 && take_exponent(s, n);
}

static char *put(char *to, struct span s)
{
    if (s.len > 0)
        memcpy(to, s.p, s.len);
    return to + s.len;
}

/* The same number as JSON writes it. `out` has room for two bytes more than all parts. */
static struct span join(const struct parts *n, char *out)
{
    struct span whole = n->whole;
    char *to = out;
    while (whole.len > 1 && whole.p[0] == '0')
        whole = skip(whole, 1);
    if (n->negative)
        *to++ = '-';
    to = put(to, whole.len > 0 ? whole : span_str("0"));
    if (n->fraction.len > 0)
        *to++ = '.';
    to = put(put(to, n->fraction), n->exponent);
    return span_of(out, (size_t)(to - out));
}

/* Digits that are not in the input have to be kept with the reading, where there is room for
 * NUM_TEXT_MAX bytes of each number, so longer ones are rounded to a double at once. Infinity is
 * left for the rules of readings to refuse. */
static struct span shorten(struct span digits, char room[LINE_NUMBER_MAX])
{
    double value;
    if (digits.len <= NUM_TEXT_MAX || !num_parse_json(digits, &value) || !isfinite(value))
        return digits;
    return span_of(room, num_format(value, room));
}

/* The text of the number as JSON: nearly always it is that already. */
static bool as_json(struct line_parser *p, struct span text, struct span *json)
{
    struct num_decimal decimal;
    struct parts n;
    *json = text;
    if (num_scan_json(text, &decimal) == text.len && text.len > 0)
        return true;
    if (!split(text, &n))
        return line_refuse(p, "a value must be a number, a boolean or a quoted string");
    if (text.len > LINE_NUMBER_MAX - 2)
        return line_refuse(p, "a number has too many digits");
    *json = shorten(join(&n, p->number), p->number);
    return true;
}

static bool fits_u64(struct span digits)
{
    static const char max[] = "18446744073709551615";
    size_t len = sizeof max - 1;
    return digits.len < len || (digits.len == len && memcmp(digits.p, max, len) <= 0);
}

/* 3i and 3u: digits only, within 64 bits. */
static bool take_integer(struct line_parser *p, struct span text, struct span *json)
{
    char suffix = text.p[text.len - 1];
    int64_t value;
    text.len--;
    size_t sign = suffix == 'i' && text.len > 0 && (text.p[0] == '-' || text.p[0] == '+') ? 1 : 0;
    if (text.len == sign || count_digits(skip(text, sign)) != text.len - sign)
        return line_refuse(p, "only digits may stand before the i or u of an integer");
    if (!as_json(p, text, json))
        return false;
    if (suffix == 'i' ? num_parse_i64(*json, INT64_MIN, INT64_MAX, &value) : fits_u64(*json))
        return true;
    return line_refuse(p, "an integer must fit into 64 bits");
}

/* nan, Inf, -infinity: common enough to be told by name. */
static bool is_not_finite(struct span text)
{
    if (text.p[0] == '-' || text.p[0] == '+')
        text = skip(text, 1);
    text.len = text.len < 3 ? text.len : 3;
    return span_ieq(text, span_str("nan")) || span_ieq(text, span_str("inf"));
}

static bool take_number(struct line_parser *p, struct span text, struct span *json)
{
    char last = text.p[text.len - 1];
    if (is_not_finite(text))
        return line_refuse(p, "NaN and infinity are no values");
    bool integer = text.len > 1 && (last == 'i' || last == 'u') && !is_letter(text.p[0]);
    return integer ? take_integer(p, text, json) : as_json(p, text, json);
}

/* --- values --- */

static bool is_one_of(struct span text, const char *const *words)
{
    for (; *words; words++)
        if (span_is(text, *words))
            return true;
    return false;
}

/* JSON_TOKEN_ERROR when it is no boolean. */
static enum json_token boolean_of(struct span text)
{
    static const char *const yes[] = {"true", "t", "T", "True", "TRUE", NULL};
    static const char *const no[] = {"false", "f", "F", "False", "FALSE", NULL};
    if (!is_letter(text.p[0])) /* most values are numbers */
        return JSON_TOKEN_ERROR;
    if (is_one_of(text, yes))
        return JSON_TOKEN_TRUE;
    return is_one_of(text, no) ? JSON_TOKEN_FALSE : JSON_TOKEN_ERROR;
}

/* Behind the opening quote. Strings are not kept, so there is nothing to decode. */
static bool take_string(struct line_parser *p)
{
    const char *open = p->at++;
    while (p->at < p->end && *p->at != '"')
        p->at += *p->at == '\\' && p->at + 1 < p->end ? 2 : 1;
    if (p->at < p->end) {
        p->at++;
        return true;
    }
    p->at = open;
    return line_refuse(p, "a string is not closed");
}

static bool take_bare(struct line_parser *p, struct reading_member *m)
{
    struct span text = line_scan(p, LINE_STOP_VALUE);
    const char *behind = p->at;
    p->at = text.p; /* of problems */
    if (text.len == 0)
        return line_refuse(p, "a field must have a value");
    m->text = text;
    m->type = boolean_of(text);
    if (m->type == JSON_TOKEN_ERROR) {
        m->type = JSON_TOKEN_NUMBER;
        if (!take_number(p, text, &m->text) || !num_parse_json(m->text, &m->value))
            return false;
    }
    p->at = behind;
    return true;
}

/* Digits that were written anew stand in memory that the next number takes. */
static void keep_digits(struct line_parser *p, struct span *digits)
{
    if (digits->p == p->number)
        *digits = reading_keep(p->d.reading, *digits);
}

static void take_member(struct line_parser *p)
{
    struct reading *r = p->d.reading;
    reading_member_take(&p->d);
    if (p->d.member.text.p != p->number)
        return;
    if (r->sensors > 0)
        keep_digits(p, &r->sensor[r->sensors - 1].digits);
    keep_digits(p, &r->lat_digits);
    keep_digits(p, &r->lon_digits);
}

/* The device is a tag, and the time has its own place. */
static bool is_field(enum reading_field field)
{
    return field != FIELD_DEVICE_ID && field != FIELD_TS && field != FIELD_TIMESTAMP;
}

bool line_take_value(struct line_parser *p, struct span name)
{
    struct reading_member *m = &p->d.member;
    const char *start = p->at;
    m->name = name;
    m->name_escaped = m->escaped = false;
    m->field = reading_field_find(name);
    if (p->at < p->end && *p->at == '"') {
        m->type = JSON_TOKEN_STRING;
        if (!take_string(p))
            return false;
        m->text = span_of(start + 1, (size_t)(p->at - start) - 2);
    } else if (!take_bare(p, m)) {
        return false;
    }
    m->input = span_of(start, (size_t)(p->at - start));
    if (!line_part_has_field(p))
        return true;
    if (is_field(m->field))
        take_member(p);
    else
        p->d.reading->ignored++;
    return true;
}

/* --- time --- */

static const struct unit {
    const char *name;
    enum line_unit unit;
    bool old; /* InfluxDB 1.x alone knows it */
} units[] = {
    {"ns", LINE_NS, false},   {"us", LINE_US, false}, {"ms", LINE_MS, false},
    {"s", LINE_S, false},     {"n", LINE_NS, true},   {"u", LINE_US, true},
    {"m", LINE_MINUTE, true}, {"h", LINE_HOUR, true},
};

bool line_unit_find(struct span name, bool old, enum line_unit *out)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (span_is(name, units[i].name) && (old || !units[i].old)) {
            *out = units[i].unit;
            return true;
        }
    }
    return false;
}

/* Cut to the millisecond towards the past, so that what is left over is 0..999999 ns. */
static bool to_ms(struct line_parser *p, int64_t stamp, int64_t *ms)
{
    static const int64_t per_ms[] = {[LINE_NS] = 1000000, [LINE_US] = 1000, [LINE_MS] = 1};
    static const int64_t ms_per[] = {[LINE_S] = 1000, [LINE_MINUTE] = 60000, [LINE_HOUR] = 3600000};
    if (p->unit >= LINE_S)
        return !__builtin_mul_overflow(stamp, ms_per[p->unit], ms);
    int64_t rest = stamp % per_ms[p->unit];
    *ms = stamp / per_ms[p->unit];
    if (rest < 0) {
        rest += per_ms[p->unit];
        *ms -= 1;
    }
    p->below_ms = (uint32_t)(rest * (1000000 / per_ms[p->unit]));
    return true;
}

static void take_stamp(struct line_parser *p, struct span text)
{
    struct reading_decoder *d = &p->d;
    int64_t stamp, ms;
    struct span digits = text;
    d->seen |= reading_field_bit(FIELD_TS);
    d->member.name = span_str("ts");
    d->member.input = text;
    while (digits.len > 1 && digits.p[0] == '0')
        digits = skip(digits, 1);
    if (num_parse_i64(digits, INT64_MIN, INT64_MAX, &stamp) && to_ms(p, stamp, &ms) &&
        ms >= TIMESTAMP_MIN_MS && ms <= TIMESTAMP_MAX_MS) {
        d->reading->ts_ms = ms;
        d->ts_valid = true;
        return;
    }
    reading_problem_member(d, PROBLEM_RANGE,
                           "must be a time in the years 0 to 9999; check the precision");
}

bool line_take_time(struct line_parser *p)
{
    while (p->at < p->end && *p->at == ' ')
        p->at++;
    if (line_at_end(p))
        return true;
    struct span text = line_scan(p, LINE_STOP_VALUE);
    const char *behind = p->at;
    size_t sign = text.len > 0 && text.p[0] == '-' ? 1 : 0;
    p->at = text.p;
    if (text.len == sign || count_digits(skip(text, sign)) != text.len - sign)
        return line_refuse(p, "a time stamp must be an integer");
    take_stamp(p, text);
    p->at = behind;
    while (p->at < p->end && *p->at == ' ')
        p->at++;
    return line_at_end(p) || line_refuse(p, "nothing may follow the time stamp");
}
