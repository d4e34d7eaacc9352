/* A run: it owns the connections, follows the schedule and fills the statistics. */
#ifndef WEIR_LOAD_RUN_H
#define WEIR_LOAD_RUN_H

#include "common/base/err.h"
#include "tools/load/options.h"
#include "tools/load/stats.h"

/* Runs the plan of `o` with time stamps from `start_ms`; returns when it is done or was stopped by
 * a signal. Blocks. Live lines go to stderr. *s must be zero. */
WEIR_MUST_CHECK int run_plan(const struct load_options *o, int64_t start_ms, struct stats *s,
                             struct err *e);

#endif
