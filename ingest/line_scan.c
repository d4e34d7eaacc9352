/* What every part of the line protocol parser walks with: runs of bytes, ends of lines, refusals.
 */
#include "ingest/line_parser.h"

#define STOP_ALL    (LINE_STOP_NAME | LINE_STOP_KEY | LINE_STOP_VALUE)
#define STOP_ESCAPE (LINE_STOP_NAME | LINE_STOP_KEY)

static const uint8_t stops[256] = {
    [0x00 ... 0x1f] = STOP_ALL, [0x7f] = STOP_ALL,     [' '] = STOP_ALL,
    [','] = STOP_ALL,           ['='] = LINE_STOP_KEY, ['\\'] = STOP_ESCAPE,
};

/* Whether the backslash at `at` takes the meaning away from what follows. */
static bool escapes(const char *at, const char *end, enum line_stop stop)
{
    return at + 1 < end &&
           (at[1] == ',' || at[1] == ' ' || (at[1] == '=' && stop == LINE_STOP_KEY));
}

struct span line_scan(struct line_parser *p, enum line_stop stop)
{
    const char *start = p->at, *at = start, *end = p->end;
    while (at < end) {
        if (!(stops[(unsigned char)*at] & stop)) {
            at++;
        } else if (*at == '\\') {
            at += escapes(at, end, stop) ? 2 : 1;
        } else {
            break;
        }
    }
    p->at = at;
    return span_of(start, (size_t)(at - start));
}

struct span line_unescape(struct span tag_value, char out[READING_DEVICE_ID_MAX + 1])
{
    size_t len = 0;
    const char *end = tag_value.p + tag_value.len;
    for (const char *at = tag_value.p; at < end && len <= READING_DEVICE_ID_MAX; at++) {
        if (*at == '\\' && escapes(at, end, LINE_STOP_KEY))
            at++;
        out[len++] = *at;
    }
    return span_of(out, len);
}

bool line_at_end(const struct line_parser *p)
{
    const char *at = p->at;
    if (at < p->end && *at == '\r')
        at++;
    return at == p->end || *at == '\n';
}

bool line_refuse(struct line_parser *p, const char *why)
{
    struct reading_problems *list = p->d.problems;
    size_t offset = (size_t)(p->at - p->d.json.start);
    list->count = 0;
    p->d.duplicate = false;
    reading_problem_field(&p->d, PROBLEM_SYNTAX, "", "is not line protocol: %s, at byte %zu", why,
                          offset);
    list->item[0].offset = offset;
    return false;
}
