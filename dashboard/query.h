/* Query parameters of the older routes: read strictly, refused the way FastAPI refuses. Pure. */
#ifndef WEIR_DASHBOARD_QUERY_H
#define WEIR_DASHBOARD_QUERY_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/span.h"

enum { QUERY_PROBLEMS_MAX = 4, QUERY_INPUT_MAX = 128 };

struct query_problem {
    const char *type;      /* "int_parsing", "less_than_equal", ... */
    const char *parameter; /* constant */
    char message[120];
    char input[QUERY_INPUT_MAX]; /* the value as decoded, cut */
    size_t input_len;
};

/* Zero-initialise with `raw`. Unknown parameters are ignored, as these routes always did. */
struct query {
    struct span raw; /* borrowed */
    unsigned problems;
    struct query_problem problem[QUERY_PROBLEMS_MAX];
};

/* The parameter, or `fallback` when it is absent or wrong (then there is a problem more). */
int64_t query_int(struct query *q, const char *name, int64_t fallback, int64_t min, int64_t max);

/* Milliseconds since 1970: RFC 3339, a date alone (midnight UTC), or epoch seconds (below 1e11)
 * or milliseconds. */
int64_t query_time(struct query *q, const char *name, int64_t fallback);

/* {"detail":[{"type","loc":["query",name],"msg","input"}]} */
void query_write_problems(const struct query *q, struct buf *out);

#endif
