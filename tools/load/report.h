/* The summary of a run, for people and as JSON, and the live line. */
#ifndef WEIR_LOAD_REPORT_H
#define WEIR_LOAD_REPORT_H

#include "common/base/buf.h"
#include "tools/load/options.h"
#include "tools/load/stats.h"

/* What a summary is made from; everything borrowed. */
struct report {
    const struct load_options *options;
    const struct stats *stats;
    int64_t start_ms; /* time stamp of the first reading */
};

/* Appends why each condition that holds does so, one a line; returns how many hold. */
unsigned report_failures(const struct report *r, struct buf *out);

void report_text(const struct report *r, struct buf *out);
void report_json(const struct report *r, struct buf *out); /* one object and a newline */

/* One line without a newline: what happened until now. */
void report_live(const struct stats *s, uint64_t elapsed_ns, uint64_t waiting, struct buf *out);

#endif
