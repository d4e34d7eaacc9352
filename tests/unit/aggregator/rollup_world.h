/* A store in memory for rollups: windows of one sensor of one device on two days, written by clocks
 * that are wrong, and calls that fail. */
#ifndef WEIR_TESTS_UNIT_AGGREGATOR_ROLLUP_WORLD_H
#define WEIR_TESTS_UNIT_AGGREGATOR_ROLLUP_WORLD_H

#include "aggregator/rollups.h"
#include "common/base/random.h"

enum {
    MINUTE = 60000,
    HOUR = 3600000,
    HOURS = 30, /* of two days, of one sensor of one device */
    MINUTES = HOURS * 60,
    NODES = 2,
    SKEW = 5000, /* by which the clock of a writer is wrong */
    GRACE = 60000,
};

#define MIDNIGHT INT64_C(1795219200000) /* 2026-11-21T00:00:00Z */

struct minute {
    struct window w;
    int64_t updated_ms;
};

struct stored_rollup {
    struct rollup r;
    int64_t updated_ms;
};

struct rollup_world {
    struct rng rng;
    int64_t now_ms;
    bool calm; /* nothing fails any more */
    struct minute minute[MINUTES];
    struct stored_rollup hour[HOURS], day[2];
    struct rollup_state state[ROLLUP_KINDS];
    char holder[8];
    int64_t until_ms;
    int64_t offset; /* of the log that the windows come from */
    unsigned read_sources, written;
};

struct rollup_node {
    struct rollup_world *w;
    struct rollups *rollups;
    struct rollup_change change[MINUTES]; /* the open stream */
    size_t changes, given;
};

struct rollup_world *rollup_world_new(struct rollup_node node[NODES], uint64_t seed);
void rollup_world_free(struct rollup_world *w, struct rollup_node node[NODES]);

/* A reading is folded into a window from `from` to `to` minutes of the two days; that is written.
 */
void rollup_world_write(struct rollup_world *w, uint32_t from, uint32_t to);

/* An instance that knows nothing. */
void rollup_node_start(struct rollup_world *w, struct rollup_node *n, int i);
/* Steps until a whole pass is done. */
void rollup_node_pass(struct rollup_node *n);

/* Every hour and day is what its windows make. */
void rollup_world_check(struct rollup_world *w);

#endif
