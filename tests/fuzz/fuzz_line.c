/* Line protocol: a line alone is what it is among others, and what it became can be written as a
 * line, and as a record, that become the same. */
#include <stdlib.h>

#include "ingest/line_protocol.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/record.h"

struct point {
    enum line_result result;
    struct reading reading;
    struct reading_problems problems;
    struct span text; /* from the end of the one before to its own end */
    bool is_part;     /* of a line that is several readings: the text is that of the last part */
};

static void next_point(struct line_reader *in, struct point *p)
{
    struct reading_rules rules = fuzz_rules(READING_LINES);
    struct line_reader before = *in;
    p->problems.count = 0;
    p->result = line_next(in, &p->reading, &rules, &p->problems);
    p->text = span_of(before.rest.p, before.rest.len - in->rest.len);
    fuzz_require(in->rest.len <= before.rest.len &&
                     (in->rest.len == 0 || in->rest.p == before.rest.p + p->text.len),
                 "the rest is not the end of what was there");
    p->is_part = p->result == LINE_READING && in->parts > 1;
    bool last = in->part + 1 >= in->parts;
    fuzz_require(p->result == LINE_END ? in->rest.len == 0 : p->text.len > 0 || !last,
                 "no progress");
    if (in->part > 0)
        fuzz_require(p->result == LINE_READING && in->part == before.part + 1 &&
                         in->parts == before.parts && in->number == before.number,
                     "part %u of %u behind %u of %u", in->part, in->parts, before.part,
                     before.parts);
    else
        fuzz_require(p->result == LINE_END ||
                         (in->number > before.lines && in->lines >= in->number),
                     "line %u behind line %u, of %u", in->number, before.lines, in->lines);
    fuzz_require((p->result == LINE_BAD) == (p->problems.count > 0), "%d with %u problems",
                 (int)p->result, p->problems.count);
}

static void check_problems(const struct point *p)
{
    for (unsigned i = 0; i < p->problems.count; i++) {
        const struct reading_problem *problem = &p->problems.item[i];
        fuzz_require(problem->code != PROBLEM_NONE && problem->message[0], "nothing is said");
        fuzz_require(problem->offset <= p->text.len || p->is_part, "%s: at byte %zu of %zu",
                     problem->message, problem->offset, p->text.len);
    }
}

static void read_alone(const struct point *p, enum line_unit unit)
{
    static struct point alone;
    char *copy = fuzz_copy(p->text);
    struct line_reader in = {.rest = span_of(copy, p->text.len), .unit = unit};
    next_point(&in, &alone);
    fuzz_require(alone.result == p->result && in.rest.len == 0, "alone %d, among others %d",
                 (int)alone.result, (int)p->result);
    if (p->result == LINE_READING)
        fuzz_require(reading_same_contents(&alone.reading, &p->reading),
                     "alone another than among others");
    free(copy);
}

/* A backslash at the end would take the meaning of what follows: no line can say it. */
static bool can_be_written(struct span device)
{
    return device.p[device.len - 1] != '\\';
}

static void write_name(struct buf *out, struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (strchr(", =", name.p[i]))
            buf_char(out, '\\');
        buf_char(out, name.p[i]);
    }
}

static void write_line(const struct reading *r, struct buf *out)
{
    buf_str(out, "m,device_id=");
    write_name(out, r->device_id);
    buf_printf(out, " seq=%llii", (long long)r->seq);
    if (r->has_online)
        buf_printf(out, ",online=%c", r->online ? 't' : 'f');
    if (r->has_position) {
        buf_str(out, ",lat=");
        buf_json_double(out, r->lat);
        buf_str(out, ",lon=");
        buf_json_double(out, r->lon);
    }
    for (unsigned i = 0; i < r->sensors; i++) {
        buf_char(out, ',');
        write_name(out, r->sensor[i].name);
        buf_char(out, '=');
        buf_json_double(out, r->sensor[i].value);
    }
    buf_printf(out, " %lld", (long long)r->ts_ms);
}

static void write_and_read(const struct reading *r)
{
    static struct point again;
    struct buf text = {0};
    write_line(r, &text);
    char *copy = fuzz_copy(buf_view(&text));
    struct line_reader in = {.rest = span_of(copy, text.len), .unit = LINE_MS};
    next_point(&in, &again);
    fuzz_require(again.result == LINE_READING, "written and refused: %s: %s", buf_cstr(&text),
                 again.problems.item[0].message);
    fuzz_require(reading_same_contents(r, &again.reading), "written and another: %s",
                 buf_cstr(&text));
    free(copy);
    buf_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct point p;
    struct fuzz_input input = fuzz_input(data, size);
    struct line_reader in = {.rest = input.bytes, .unit = (enum line_unit)(input.choice % 6)};
    do {
        next_point(&in, &p);
        check_problems(&p);
        if (!p.is_part)
            read_alone(&p, in.unit);
        if (p.result == LINE_READING) {
            fuzz_record(&p.reading);
            if (p.reading.has_seq && can_be_written(p.reading.device_id))
                write_and_read(&p.reading);
        }
    } while (p.result != LINE_END);
    return 0;
}
