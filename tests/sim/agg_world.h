/* The world of the aggregator's simulator: Kafka's log and group, the store, the dead letters, the
 * clock; each effect can be lost, half done, or done with its answer lost. */
#ifndef WEIR_TESTS_SIM_AGG_WORLD_H
#define WEIR_TESTS_SIM_AGG_WORLD_H

#include "aggregator/pipeline.h"
#include "common/base/map.h"
#include "common/base/random.h"

enum { WORLD_PARTITIONS = 3, WORLD_RECORDS_MAX = 160, WORLD_NODES_MAX = 8 };

enum sabotage {
    SABOTAGE_NONE,
    SABOTAGE_NO_CAS,            /* the store takes every write, whoever was first */
    SABOTAGE_LOST_RACE_HIDDEN,  /* a writer that lost is told it won */
    SABOTAGE_SKIP_ON_DUPLICATE, /* "it exists, so it is done" */
    SABOTAGE_COMMIT_FIRST,      /* offsets are committed when records are handed out */
    SABOTAGE_WRITES_IN_MEMORY,  /* window writes are acknowledged before they are durable */
    SABOTAGE_LEDGER_NO_CAS,
    SABOTAGE_LETTERS_DROPPED, /* dead letters are acknowledged and not kept */
    SABOTAGE_COUNT,
};

const char *sabotage_name(enum sabotage s);

struct log_entry {
    bool gap; /* an offset without a record: a transaction marker, a compacted record */
    bool poison;
    char value[256];
    char key[16];
    int64_t timestamp_ms;
};

struct raw_document {
    char hex[READING_ID_HEX + 1];
    char json[256]; /* canonical */
    int32_t partition;
    int64_t offset;
};

struct world;

/* One aggregator process. */
struct node {
    struct world *world;
    struct pipeline *pipeline; /* NULL = not running */
    int generation;            /* of the group, as this node believes */
    bool assigned[WORLD_PARTITIONS];
    int64_t position[WORLD_PARTITIONS]; /* next offset to fetch */
    bool tell_assigned, tell_revoked, tell_lost;
    bool crash; /* an effect decided that the process dies now */
    struct stream_record batch[32];
    bool holding;
    struct map *buffered; /* window writes not yet durable (a sabotage) */
};

struct world {
    struct rng rng;
    int64_t now_ms;
    enum sabotage sabotage;
    bool calm; /* the end of a run: no more faults */

    struct log_entry *log[WORLD_PARTITIONS];
    int64_t log_end[WORLD_PARTITIONS];
    int64_t committed[WORLD_PARTITIONS]; /* -1 = none */
    int generation;

    struct map *raw, *windows, *devices; /* id -> document */
    struct ledger ledger[WORLD_PARTITIONS];
    bool ledger_exists[WORLD_PARTITIONS];
    bool lettered[WORLD_PARTITIONS][WORLD_RECORDS_MAX];

    struct node node[WORLD_NODES_MAX];
};

void world_init(struct world *w, uint64_t seed, enum sabotage sabotage);
void world_deinit(struct world *w);
void world_append(struct world *w, int32_t partition, const struct log_entry *entry);

struct pipeline_ports node_ports(struct node *n);
struct sink agg_sink_port(struct node *n);       /* agg_store.c */
struct letters agg_letters_port(struct node *n); /* agg_store.c */

/* Deep copies, owned by the caller. */
struct window *window_copy(const struct window *w);
struct device_state *device_copy(const struct device_state *d);
void window_drop(void *window);
void device_drop(void *device);

#endif
