/* What must hold of every reading that was accepted, from wherever it came. */
#ifndef WEIR_TESTS_FUZZ_RECORD_H
#define WEIR_TESTS_FUZZ_RECORD_H

#include "common/model/reading.h"

/* With the clock at 2026-11-21T10:00:00.000Z, as in the unit tests. */
struct reading_rules fuzz_rules(enum reading_mode mode);

/* Written as a record of telemetry.raw, read as the aggregator reads it, and written again: the
 * same reading, id and bytes. */
void fuzz_record(const struct reading *r);

#endif
