/* What must be true of the aggregator's world once everything is quiet. */
#ifndef WEIR_TESTS_SIM_AGG_CHECK_H
#define WEIR_TESTS_SIM_AGG_CHECK_H

#include "tests/sim/agg_world.h"

/* NULL when every invariant holds, else what is wrong (in a static buffer):
 *  - every valid record of the log is stored once, under an origin that holds it, and nothing else
 * is;
 *  - every window and every last state equals the one recomputed from the stored documents;
 *  - every window is final, also those whose aggregator died;
 *  - every partition's ledger adds up, reaches the end of the log, and agrees with the store;
 *  - every poison record has a dead letter, and nothing else has one. */
const char *world_check(struct world *w);

#endif
