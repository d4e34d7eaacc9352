/* Conditions on the result that decide the exit status: "p99>50ms", "errors>0", "rate<95". */
#ifndef WEIR_LOAD_FAIL_IF_H
#define WEIR_LOAD_FAIL_IF_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"
#include "tools/load/stats.h"

enum fail_operator { FAIL_LESS, FAIL_LESS_EQUAL, FAIL_GREATER, FAIL_GREATER_EQUAL, FAIL_EQUAL };

struct fail_metric; /* a row of the table in fail_if.c */

struct fail_if {
    const struct fail_metric *metric;
    enum fail_operator op;
    double limit;     /* nanoseconds, a count, or requests a second */
    struct span text; /* borrowed: as written */
};

/* METRIC OPERATOR VALUE, with spaces allowed between them and nothing else around. Latencies need
 * a unit (us, ms, s), counts and rates have none. The text must outlive *f. */
WEIR_MUST_CHECK int fail_if_parse(struct fail_if *f, struct span text, struct err *e);

/* True when the condition holds, so that the run failed; appends why. A condition on latency also
 * fails when there was no answer at all: then nothing is known. */
bool fail_if_holds(const struct fail_if *f, const struct stats *s, struct buf *why);

/* The names of all metrics, comma-separated, for --help and error messages. */
const char *fail_if_metrics(void);

#endif
