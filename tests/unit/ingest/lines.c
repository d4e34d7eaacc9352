/* Line protocol for tests: bodies that end where reading on is a crash, and what they give. */
#include "tests/unit/ingest/lines.h"

#include "tests/unit/guard.h"

void lines_read(struct lines_read *l, struct span text, enum line_unit unit)
{
    l->reader = (struct line_reader){.rest = guard_place(text), .unit = unit};
    lines_next(l);
}

void lines_next(struct lines_read *l)
{
    const struct reading_rules rules = {
        .mode = READING_LINES, .now_ms = LINES_NOW_MS, .max_future_skew_ms = 300000};
    l->result = line_next(&l->reader, &l->reading, &rules, &l->problems);
}
