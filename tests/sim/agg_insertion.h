/* An insertion of raw readings that an aggregator has begun: each of its documents gets into the
 * simulated store at some later moment, whether somebody waits for it or not. */
#ifndef WEIR_TESTS_SIM_AGG_INSERTION_H
#define WEIR_TESTS_SIM_AGG_INSERTION_H

#include "aggregator/sink.h"
#include "tests/sim/agg_effect.h"
#include "tests/sim/agg_fault.h"

enum { INSERTION_MAX = 32 };

enum part_fate {
    PART_GOES_IN,
    PART_COMES_LATE, /* after the caller gave it up */
    PART_IS_LOST,
};

struct insertion_part {
    struct effect effect; /* owned until it goes in */
    int32_t partition;
    int64_t offset;
    enum part_fate fate;
    enum raw_outcome outcome; /* RAW_UNKNOWN until it went in */
};

/* One node's. */
struct sim_insertion {
    bool under_way;
    enum fault fault; /* of the call */
    bool spoiled;     /* one of several documents spoils the call */
    bool torn;        /* the store died or was replaced meanwhile: there will be no answer */
    size_t count;
    size_t first, done; /* an unordered bulk: it begins somewhere, and has come so far */
    struct insertion_part part[INSERTION_MAX];
};

/* The functions of the sink; `node` is one. */
void insertion_begun(void *node, const struct sink_raw *items, size_t count);
int insertion_finished(void *node, struct sink_raw *items, size_t count, int wait_ms,
                       struct err *e);
void insertion_abandoned(void *node);

struct world;

/* Some documents of some insertion get in. */
void insertions_go_on(struct world *w);
/* The store died or is another one: nobody hears of what was under way. */
void insertions_tear(struct world *w);

#endif
