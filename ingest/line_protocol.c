/* Influx line protocol: measurement, tags and fields of a line, and what they make of it. */
#include "ingest/line_protocol.h"

#include "common/base/hash.h"
#include "common/base/utf8.h"
#include "ingest/line_parser.h"

static void skip_spaces(struct line_parser *p)
{
    while (p->at < p->end && *p->at == ' ')
        p->at++;
}

static bool take(struct line_parser *p, char c)
{
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

/* --- measurement and tags --- */

/* The seed keeps its value for good: ids of stored readings depend on it. */
static uint64_t hash_part(struct span text)
{
    return hash_table(text, 0x57656972); /* "Weir" */
}

static unsigned rank_of(struct span key)
{
    static const char *const names[] = {"device_id", "device", "host"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (span_is(key, names[i]))
            return i + 1;
    return 0;
}

static void note_device(struct line_parser *p, unsigned rank, struct span value, uint64_t hash)
{
    if (rank == p->device_rank) {
        reading_problem_field(&p->d, PROBLEM_DUPLICATE_FIELD, "device_id",
                              "is given twice: two tags of one name");
    } else if (p->device_rank == 0 || rank < p->device_rank) {
        p->device_rank = rank;
        p->device = value;
        p->device_hash = hash;
    }
}

static bool take_tag(struct line_parser *p)
{
    struct span key = line_scan(p, LINE_STOP_KEY);
    if (key.len == 0)
        return line_refuse(p, "a tag must have a key");
    if (!take(p, '='))
        return line_refuse(p, "'=' must follow the key of a tag");
    struct span value = line_scan(p, LINE_STOP_KEY);
    if (value.len == 0)
        return line_refuse(p, "a tag must have a value");
    uint64_t hash = hash_part(span_of(key.p, (size_t)(p->at - key.p)));
    unsigned rank = rank_of(key);
    p->series += hash;
    if (rank > 0)
        note_device(p, rank, value, hash);
    return true;
}

static bool take_series(struct line_parser *p)
{
    struct span measurement = line_scan(p, LINE_STOP_NAME);
    if (measurement.len == 0)
        return line_refuse(p, "a measurement must come first");
    /* Turned around, so that a measurement is no tag of the same text. */
    p->series = ~hash_part(measurement);
    while (take(p, ','))
        if (!take_tag(p))
            return false;
    if (line_at_end(p))
        return line_refuse(p, "a line must have at least one field");
    if (!take(p, ' '))
        return line_refuse(p, "only ',' or ' ' may follow a measurement or a tag");
    skip_spaces(p);
    return true;
}

static void take_device(struct line_parser *p)
{
    struct reading *r = p->d.reading;
    char room[READING_DEVICE_ID_MAX + 1];
    p->d.seen |= reading_field_bit(FIELD_DEVICE_ID);
    if (p->device_rank == 0) {
        reading_problem_field(&p->d, PROBLEM_MISSING, "device_id",
                              "is required: a tag device_id, device or host");
        return;
    }
    bool escaped = memchr(p->device.p, '\\', p->device.len) != NULL;
    struct span id = escaped ? line_unescape(p->device, room) : p->device;
    enum reading_problem_code code = reading_device_id_check(id);
    if (code == PROBLEM_LENGTH)
        reading_problem_field(&p->d, code, "device_id", "must have 1 to %d bytes",
                              READING_DEVICE_ID_MAX);
    else if (code != PROBLEM_NONE || !utf8_valid(id))
        reading_problem_field(&p->d, PROBLEM_CHARACTERS, "device_id",
                              "must be UTF-8 without control characters");
    else
        r->device_id = escaped ? reading_keep(r, id) : id;
}

/* --- fields --- */

static bool take_field(struct line_parser *p)
{
    struct span name = line_scan(p, LINE_STOP_KEY);
    if (name.len == 0)
        return line_refuse(p, "a field must have a name");
    if (!take(p, '='))
        return line_refuse(p, "'=' must follow the name of a field");
    p->name_hash = hash_part(name);
    p->series += p->name_hash;
    return line_take_value(p, name);
}

static bool take_fields(struct line_parser *p)
{
    do {
        if (!take_field(p))
            return false;
    } while (take(p, ','));
    if (line_at_end(p) || *p->at == ' ')
        return true;
    return line_refuse(p, "only ',' or ' ' may follow the value of a field");
}

/* Spreads all bits over the 53 that are exact in every reader of JSON. */
static int64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    return (int64_t)(h & ((UINT64_C(1) << 53) - 1));
}

/* See line_protocol.h. A reading with the server's time is told apart by its key. */
static void name_reading(struct line_parser *p)
{
    struct reading *r = p->d.reading;
    uint64_t name = p->series - p->device_hash + p->below_ms * UINT64_C(0x9e3779b97f4a7c15);
    if ((r->has_seq && p->part == 0) || r->ts_from_server)
        return;
    name += p->part * UINT64_C(0xff51afd7ed558ccd);
    if (r->has_seq)
        name += (uint64_t)r->seq * UINT64_C(0xc4ceb9fe1a85ec53);
    r->has_seq = true;
    r->seq = mix(name);
}

static enum line_result parse(struct line_parser *p)
{
    if (!take_series(p) || !take_fields(p) || !line_take_time(p))
        return LINE_BAD;
    take_device(p);
    reading_check(&p->d);
    name_reading(p);
    return p->d.problems->count == 0 ? LINE_READING : LINE_BAD;
}

/* --- lines --- */

static void move_to(struct line_reader *in, const char *to)
{
    in->rest.len -= (size_t)(to - in->rest.p);
    in->rest.p = to;
}

/* Behind the line feed at or after `from`, or at the end. */
static const char *next_line(const struct line_reader *in, const char *from)
{
    const char *end = in->rest.p + in->rest.len;
    const char *feed = from < end ? memchr(from, '\n', (size_t)(end - from)) : NULL;
    return feed ? feed + 1 : end;
}

static size_t count_feeds(const char *from, const char *to)
{
    size_t feeds = 0;
    while (from < to && (from = memchr(from, '\n', (size_t)(to - from)))) {
        feeds++;
        from++;
    }
    return feeds;
}

/* Past blank lines and comments: to the first byte of a point. False when there is none. */
static bool find_point(struct line_reader *in)
{
    while (in->rest.len > 0) {
        struct line_parser p = {.at = in->rest.p, .end = in->rest.p + in->rest.len};
        in->number = ++in->lines;
        skip_spaces(&p);
        if (!line_at_end(&p) && *p.at != '#')
            return true;
        move_to(in, next_line(in, p.at));
    }
    return false;
}

/* The point at the begin of the rest: all of it, or one part. */
static enum line_result read_point(const struct line_reader *in, struct line_parser *p,
                                   struct reading *r, const struct reading_rules *rules,
                                   struct reading_problems *problems)
{
    reading_decoder_init(&p->d, r, rules, problems);
    p->d.json.start = p->at = in->rest.p;
    p->end = p->at + in->rest.len;
    p->unit = in->unit;
    p->part = in->part;
    p->parts = in->parts;
    memset(p->numbers, 0, sizeof p->numbers);
    p->device_rank = 0;
    p->device_hash = p->series = 0;
    p->below_ms = 0;
    skip_spaces(p);
    return parse(p);
}
/* A line is taken as a whole or not at all, so every part is looked at before the first is given.
 */
static enum line_result take_apart(struct line_reader *in, struct line_parser *p, struct reading *r,
                                   const struct reading_rules *rules,
                                   struct reading_problems *problems)
{
    const unsigned parts = line_parts_needed(p);
    enum line_result result = LINE_BAD;
    in->parts = parts > 0 ? parts : 1;
    for (in->part = parts; in->part > 0;) {
        in->part--;
        result = read_point(in, p, r, rules, problems);
        if (result == LINE_BAD)
            break;
    }
    if (result == LINE_BAD) {
        in->part = 0;
        in->parts = 1;
    }
    return result;
}

/* To the next part of the line, or to the next line that is a point. False when there is none. */
static bool advance(struct line_reader *in)
{
    if (in->part + 1 < in->parts) {
        in->part++;
        return true;
    }
    in->part = 0;
    in->parts = 1;
    return find_point(in);
}

enum line_result line_next(struct line_reader *in, struct reading *r,
                           const struct reading_rules *rules, struct reading_problems *problems)
{
    struct line_parser p; /* its arrays are not worth clearing */
    if (!advance(in))
        return LINE_END;
    enum line_result result = read_point(in, &p, r, rules, problems);
    if (result == LINE_BAD && in->parts == 1)
        result = take_apart(in, &p, r, rules, problems);
    if (in->part + 1 < in->parts)
        return result; /* the rest begins with this line until its last part */
    const char *next = next_line(in, p.at);
    in->lines +=
        (unsigned)count_feeds(in->rest.p, p.at); /* in strings; the last one ends the line */
    move_to(in, next);
    return result;
}

size_t line_count(struct span body)
{
    if (body.len == 0)
        return 0;
    const char *end = body.p + body.len;
    return count_feeds(body.p, end) + (end[-1] != '\n');
}
