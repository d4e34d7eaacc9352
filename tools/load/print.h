/* Everything that weir-load writes to stdout. */
#ifndef WEIR_LOAD_PRINT_H
#define WEIR_LOAD_PRINT_H

#include <stdbool.h>

#include "tools/load/options.h"
#include "tools/load/report.h"

/* All return false when stdout does not take the text; print_report also when a condition of
 * --fail-if holds (the reasons are then on stderr too when stdout has JSON). */
bool print_help(void);
bool print_version(void);
bool print_bodies(const struct load_options *o, int64_t start_ms);
bool print_report(const struct report *r);

#endif
