/* Line protocol for tests: bodies that end where reading on is a crash, and what they give. */
#ifndef WEIR_TESTS_INGEST_LINES_H
#define WEIR_TESTS_INGEST_LINES_H

#include "ingest/line_protocol.h"

/* 2026-11-21T10:00:00.000Z, in milliseconds, and as InfluxDB's nanoseconds. */
#define LINES_NOW_MS INT64_C(1795255200000)
#define LINES_NOW    "1795255200000000000"

struct lines_read {
    enum line_result result;
    struct reading reading; /* borrows the guarded copy */
    struct reading_problems problems;
    struct line_reader reader;
};

/* The first point of the text. */
void lines_read(struct lines_read *l, struct span text, enum line_unit unit);
/* The one after it. */
void lines_next(struct lines_read *l);

#endif
