/* What must be true of the aggregator's world at every moment, faults or not: an offset that the
 * ledger or the group has behind it stands for effects that are there. */
#ifndef WEIR_TESTS_SIM_AGG_DURABLE_H
#define WEIR_TESTS_SIM_AGG_DURABLE_H

#include "tests/sim/agg_world.h"

/* Each notes the first thing that is wrong in w->broken. */

/* The group learns that everything before `next_offset` is done: it survives the store's death. */
void durable_check_commit(struct world *w, int32_t partition, int64_t next_offset);
/* The store holds everything this ledger counts (its journal keeps their order), and no watermark
 * is ahead of the clock. */
void durable_check_ledger(struct world *w, const struct ledger *l);
/* A final window's time is over. */
void durable_check_window(struct world *w, const char *key, const struct window *window);
/* The store died: what was only in its memory is no longer counted. */
void durable_forget(struct world *w);

#endif
