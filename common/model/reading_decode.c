/* Reads one JSON object into a reading: a single pass that allocates and copies nothing. */
#include "common/model/reading_decoder.h"

#include "common/base/err.h"

/* Not the whole struct: its arrays are large, and nobody looks past their counts. */
static void reset(struct reading *r)
{
    r->device_id = r->key = r->lat_digits = r->lon_digits = span_of(NULL, 0);
    r->ts_ms = r->received_at_ms = r->seq = 0;
    r->ts_from_server = r->has_position = r->has_online = r->has_seq = r->online = false;
    r->lat = r->lon = 0;
    r->sensors = r->ignored = 0;
    r->scratch_used = 0;
}

/* Pointers and lengths are taken one by one: copying a struct span that was just written in two
 * halves makes the processor wait (a failed store forwarding), a quarter of the time of a decode.
 *
 * A name too long to be anything is left as it is written: no reading knows it either way. */
static void take_name(struct reading_decoder *d)
{
    struct reading_member *m = &d->member;
    const char *p = d->json.text.p;
    size_t len = d->json.text.len;
    m->name_escaped = d->json.escaped;
    if (m->name_escaped && len <= sizeof(d->name)) {
        len = json_unescape(span_of(p, len), d->name);
        p = d->name;
    }
    m->name.p = p;
    m->name.len = len;
    m->field = reading_field_find(span_of(p, len));
}

/* Reads the value whose first token was just returned to its end. False on a syntax error. */
static bool take_extent(struct reading_decoder *d)
{
    struct reading_member *m = &d->member;
    const char *p = d->json.text.p;
    size_t len = d->json.text.len;
    m->text.p = p;
    m->text.len = len;
    switch (m->type) {
    case JSON_TOKEN_NUMBER:
        m->input.p = p;
        m->input.len = len;
        m->value = num_decimal_value(&d->json.number);
        return true;
    case JSON_TOKEN_STRING:
        m->escaped = d->json.escaped;
        m->input.p = p - 1;
        m->input.len = len + 2;
        return true;
    case JSON_TOKEN_OBJECT_BEGIN:
    case JSON_TOKEN_ARRAY_BEGIN:
        m->input.p = d->json.at - 1;
        if (!json_skip(&d->json, m->type)) {
            return false;
        }
        m->input.len = (size_t)(d->json.at - m->input.p);
        return true;
    case JSON_TOKEN_TRUE:
    case JSON_TOKEN_NULL:
        m->input = span_of(d->json.at - 4, 4);
        return true;
    case JSON_TOKEN_FALSE:
        m->input = span_of(d->json.at - 5, 5);
        return true;
    default:
        return false;
    }
}

static const char *first_of_pair(enum reading_field field)
{
    return field == FIELD_TIMESTAMP ? "ts" : "timestamp";
}

/* Duplicates of known names show in the bits; those of extra sensors are found by comparing. */
static bool is_duplicate(struct reading_decoder *d)
{
    enum reading_field field = d->member.field;
    uint32_t times = reading_field_bit(FIELD_TS) | reading_field_bit(FIELD_TIMESTAMP);
    uint32_t bit = reading_field_bit(field);
    if (d->seen & bit & ~reading_field_bit(FIELD_EXTRA)) {
        reading_problem_member(d, PROBLEM_DUPLICATE_FIELD, "is given twice");
        return true;
    }
    if ((times & bit) && (d->seen & times)) {
        reading_problem_member(d, PROBLEM_DUPLICATE_FIELD, "is another name of %s: give one",
                               first_of_pair(field));
        return true;
    }
    d->seen |= bit;
    d->given |= d->member.type == JSON_TOKEN_NULL ? 0 : bit;
    return false;
}

void reading_member_take(struct reading_decoder *d)
{
    if (!is_duplicate(d)) {
        reading_value_take(d);
    }
}

/* One member; `token` is what followed the last one. False on a syntax error. */
static bool take_member(struct reading_decoder *d, enum json_token token)
{
    if (token != JSON_TOKEN_KEY) {
        reading_problem_syntax(d, false);
        return false;
    }
    take_name(d);
    d->member.type = json_next(&d->json);
    if (!take_extent(d)) {
        reading_problem_syntax(d, true);
        return false;
    }
    reading_member_take(d);
    return true;
}

/* Not an object, but is it JSON at all? */
static int refuse_root(struct reading_decoder *d, enum json_token token)
{
    if (token <= JSON_TOKEN_END || !json_skip(&d->json, token) ||
        json_next(&d->json) != JSON_TOKEN_END) {
        reading_problem_syntax(d, false);
        return ERR_SYNTAX;
    }
    reading_problem_field(d, PROBLEM_NOT_AN_OBJECT, "", "must be a JSON object");
    return ERR_INVALID;
}

/* The members under other names whose own name has not come. */
static void take_deferred(struct reading_decoder *d)
{
    for (unsigned i = 0; d->deferred_bits >> i != 0; i++) {
        if (!(d->deferred_bits >> i & 1))
            continue;
        if (d->seen & reading_field_bit(d->deferred[i].field)) {
            d->reading->ignored++;
            continue;
        }
        d->member = d->deferred[i];
        reading_member_take(d);
    }
}

static int take_object(struct reading_decoder *d)
{
    enum json_token token = json_next(&d->json);
    while (token != JSON_TOKEN_OBJECT_END) {
        if (!take_member(d, token)) {
            return ERR_SYNTAX;
        }
        token = json_next(&d->json);
    }
    if (json_next(&d->json) != JSON_TOKEN_END) {
        reading_problem_syntax(d, false);
        return ERR_SYNTAX;
    }
    if (d->deferred_bits != 0) {
        take_deferred(d);
    }
    reading_check(d);
    if (d->problems->count == 0) {
        return 0;
    }
    return d->duplicate ? ERR_SYNTAX : ERR_INVALID;
}

void reading_decoder_init(struct reading_decoder *d, struct reading *r,
                          const struct reading_rules *rules, struct reading_problems *problems)
{
    d->reading = r;
    d->rules = rules;
    d->profile = &reading_profiles[rules->mode];
    d->problems = problems;
    d->seen = d->given = d->deferred_bits = 0;
    d->extras = 0;
    d->name_bytes = 0;
    d->ts_valid = d->duplicate = false;
    problems->count = 0;
    reset(r);
}

int reading_decode(struct reading *r, struct span json, const struct reading_rules *rules,
                   struct reading_problems *problems)
{
    struct reading_decoder d;
    reading_decoder_init(&d, r, rules, problems);
    json_reader_init(&d.json, json.p, json.len);
    enum json_token token = json_next(&d.json);
    return token == JSON_TOKEN_OBJECT_BEGIN ? take_object(&d) : refuse_root(&d, token);
}
