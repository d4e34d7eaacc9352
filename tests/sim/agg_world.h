/* The world of the aggregator's simulator: Kafka's log and group, the store, the dead letters, the
 * clock; each effect can be lost, half done, or done with its answer lost. */
#ifndef WEIR_TESTS_SIM_AGG_WORLD_H
#define WEIR_TESTS_SIM_AGG_WORLD_H

#include "aggregator/pipeline.h"
#include "common/base/map.h"
#include "common/base/random.h"
#include "tests/sim/agg_effect.h"
#include "tests/sim/agg_insertion.h"
#include "tests/sim/agg_journal.h"
#include "tests/sim/agg_reality.h"

enum { WORLD_PARTITIONS = 4, WORLD_RECORDS_MAX = 160, WORLD_NODES_MAX = 8 };

enum sabotage {
    SABOTAGE_NONE,
    SABOTAGE_NO_CAS,            /* the store takes every write, whoever was first */
    SABOTAGE_LOST_RACE_HIDDEN,  /* a writer that lost is told it won */
    SABOTAGE_SKIP_ON_DUPLICATE, /* "it exists, so it is done" */
    SABOTAGE_COMMIT_FIRST,      /* offsets are committed when records are handed out */
    SABOTAGE_WRITES_IN_MEMORY,  /* window writes are acknowledged before they are durable */
    SABOTAGE_LEDGER_NO_CAS,
    SABOTAGE_LETTERS_DROPPED, /* dead letters are acknowledged and not kept */
    SABOTAGE_OPEN_FORGOTTEN,  /* windows that a crash left open are not found */
    SABOTAGE_STORE_UNKNOWN,   /* a store that was replaced by an empty one looks like the old */
    SABOTAGE_TROUBLE_BLAMED,  /* trouble of the store is told as failures of documents */
    SABOTAGE_FAILED_FORGIVEN, /* a document that fails is told to be stored */
    SABOTAGE_UNJOURNALED,     /* a store that crashes loses what it took last */
    SABOTAGE_LATE_NO_CAS,     /* a window write that arrives late is not compared */
    SABOTAGE_STUCK,           /* offsets are never committed */
    SABOTAGE_COUNT,
};

const char *sabotage_name(enum sabotage s);

/* What the store thinks of a record's document, wherever in the log it stands. */
enum opinion {
    OPINION_GOOD,
    OPINION_FLAKY,   /* fails twice */
    OPINION_FAILING, /* fails whenever it is tried */
    OPINION_SPOILS,  /* likewise, and a call that holds it with others is refused as a whole */
    OPINION_REFUSED, /* refused for good */
};

/* Neither poison nor one of these is ever stored: a dead letter must say so. */
static inline bool opinion_is_dead(enum opinion o)
{
    return o > OPINION_FLAKY;
}

struct log_entry {
    enum opinion opinion;
    bool gap; /* an offset without a record: a transaction marker, a compacted record */
    bool poison;
    char value[256];
    char key[16];
    int64_t timestamp_ms;
};

struct raw_document {
    char json[256]; /* canonical */
    int32_t partition;
    int64_t offset;
};

/* What went wrong, so that a run can show that something did. */
struct mishaps {
    uint64_t crashes, rebalances;
    uint64_t failed_calls; /* refused, half done, answer lost */
    uint64_t late_writes;  /* those that took effect after their sender had gone on */
    uint64_t store_deaths; /* those that lost something */
    uint64_t beside;       /* windows and ledgers written while an insertion was under way */
};

struct world;

/* One aggregator process. */
struct node {
    struct world *world;
    struct pipeline *pipeline; /* NULL = not running */
    int generation;            /* of the group, as this node believes */
    bool assigned[WORLD_PARTITIONS];
    int64_t start[WORLD_PARTITIONS]; /* where the assignment began */
    /* What it gets once it has given up what it had; the generation is 0 when that is nothing. */
    bool granted[WORLD_PARTITIONS];
    int granted_generation;
    int64_t position[WORLD_PARTITIONS]; /* next offset to fetch */
    bool tell_assigned, tell_revoked, tell_lost;
    bool asleep; /* stopped, and wakes up with old state */
    bool crash;  /* an effect decided that the process dies now */
    struct stream_record batch[32];
    bool holding;
    struct sim_insertion insertion;
    struct map *buffered; /* window writes not yet durable (a sabotage) */
};

struct world {
    struct rng rng;
    int64_t now_ms;
    enum sabotage sabotage;
    bool calm; /* the end of a run: no more faults */
    struct reality reality;
    char broken[200]; /* an invariant that failed on the way; "" = none */

    struct log_entry *log[WORLD_PARTITIONS];
    int64_t log_end[WORLD_PARTITIONS];
    int64_t committed[WORLD_PARTITIONS]; /* -1 = none */
    int generation;

    bool replace_store;                  /* at the next call that writes nothing from memory */
    unsigned store;                      /* which store it is: the first, the second, ... */
    bool store_set_up;                   /* it has an identity */
    struct map *raw, *windows, *devices; /* id -> document */
    struct ledger ledger[WORLD_PARTITIONS];
    bool ledger_exists[WORLD_PARTITIONS];
    bool lettered[WORLD_PARTITIONS][WORLD_RECORDS_MAX];
    unsigned failures[WORLD_PARTITIONS][WORLD_RECORDS_MAX]; /* of flaky documents */
    char bad_letter[128]; /* what was wrong with a letter; "" = nothing */

    struct journal journal;
    struct late_effects late; /* writes that their caller gave up, and that are on their way */
    int64_t counted_to[WORLD_PARTITIONS], durable_to[WORLD_PARTITIONS]; /* agg_durable.c */

    struct node node[WORLD_NODES_MAX];
    struct mishaps *mishaps; /* borrowed */
};

void world_init(struct world *w, uint64_t seed, enum sabotage sabotage, struct reality reality);
void world_deinit(struct world *w);
/* The store is replaced by an empty one. */
void world_new_store(struct world *w);
void world_append(struct world *w, int32_t partition, const struct log_entry *entry);

/* As kill -9. */
void node_kill(struct node *n);
void node_kill_others(struct world *w, const struct node *kept); /* NULL = all */
/* Hands over what was granted, now that nothing is assigned. */
void node_take_grant(struct node *n);
struct pipeline_ports node_ports(struct node *n);
struct sink agg_sink_port(struct node *n);       /* agg_store.c */
struct letters agg_letters_port(struct node *n); /* agg_store.c */

/* Deep copies, owned by the caller. */
struct window *window_copy(const struct window *w);
struct device_state *device_copy(const struct device_state *d);
void window_drop(void *window);
void device_drop(void *device);

#endif
