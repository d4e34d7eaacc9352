/* The world of the alerter's simulation: the log and its group, the store, those who are told. */
#ifndef WEIR_TESTS_SIM_ALERTER_WORLD_H
#define WEIR_TESTS_SIM_ALERTER_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerter/pipeline.h"
#include "common/base/buf.h"
#include "common/base/random.h"

enum {
    SIM_PARTITIONS = 3,
    SIM_DEVICES = 5,
    SIM_MEMBERS = 4,
    SIM_BATCH = 16,
    SIM_MAX_AGE_MS = 3600000,
};

/* Ways in which the world may lie; the checks must notice each. */
enum sim_sabotage {
    SIM_HONEST,
    SIM_NO_CAS,           /* writes of states ignore rev */
    SIM_COMMIT_FIRST,     /* records count as done when they are handed out */
    SIM_NO_OUTBOX_RESEND, /* a loaded state has forgotten what is not yet told */
    SIM_IGNORE_SRC,       /* a loaded state has forgotten which offsets it includes */
    SIM_UNTOLD_REBALANCE, /* nobody hears that partitions were taken away */
    SIM_STALE_DOCUMENTS,  /* writes of alerts ignore revision */
    SIM_LATE_FENCE,       /* commits of former owners count */
    SIM_FALSE_ACK,        /* lost events are acknowledged */
    SIM_HALF_BULK,        /* half-written bulks are acknowledged */
    SIM_SABOTAGES
};

struct sim_record {
    unsigned device; /* SIM_DEVICES = no valid reading */
    bool too_old;
    int64_t ts_ms, server_ms, timestamp_ms;
    bool has_humidity;
    double temperature, humidity;
    char device_id[24];
    char json[256];
    size_t json_len;
};

struct sim_partition {
    struct sim_record *record; /* owned */
    size_t records, cap;
    int64_t committed;
    int owner; /* member, or -1 */
};

/* One run of a program: an alerter from its start to its kill -9. */
struct sim_member {
    struct sim_world *world;
    struct alert_pipeline *pipeline;  /* NULL = not running */
    bool frozen;                      /* does not run for a while, and wakes up with old state */
    unsigned generation;              /* of the group, as far as it knows */
    unsigned told;                    /* bit set: partitions it believes to own */
    unsigned lost, revoked, assigned; /* bit sets: group events it was not told of yet */
    bool answer_due;                  /* it was told of `revoked` and has not answered */
    int64_t position[SIM_PARTITIONS];
    struct stream_record batch[SIM_BATCH];
};

/* A document of `alerts`. */
struct sim_alert {
    const struct alert_rule *rule;
    unsigned device;
    struct alert_episode episode;
    unsigned transitions;
    struct alert_transition transition[3]; /* fired, updated, resolved: there cannot be more */
};

struct sim_event {
    const struct alert_rule *rule;
    unsigned device;
    struct alert_transition transition;
    uint64_t payload; /* hash */
};

struct sim_world {
    struct rng rng;
    enum sim_sabotage sabotage;
    bool calm; /* no more faults */
    int64_t now_ms;
    int64_t outage_until_ms; /* the store is away, and members are blocked with batches in hand */
    const char *broken;      /* an invariant that failed on the way; NULL = none */

    struct alert_rules rules;
    struct sim_partition partition[SIM_PARTITIONS];
    int64_t device_ts_ms[SIM_DEVICES];
    unsigned device_mood[SIM_DEVICES]; /* well, too hot, too cold, ... */

    struct sim_member member[SIM_MEMBERS];
    unsigned generation;
    bool handing_over; /* waits for members to answer a revoke */
    int64_t hand_over_until_ms;

    struct alert_state *state[ALERT_RULES_MAX][SIM_DEVICES]; /* owned; NULL = no document */
    struct sim_alert *alert;                                 /* owned */
    size_t alerts, alerts_cap;
    struct sim_event *event; /* owned */
    size_t events, events_cap;
    struct buf text;
};

/* True once in n times on average, but never in a calm world. */
bool sim_mishap(struct sim_world *w, unsigned n);

/* --- sim_alerter_log.c */
void sim_produce(struct sim_world *w);
struct stream_port sim_stream_port(struct sim_member *m);
/* The group coordinator: takes everything away at once, or asks for it first. */
void sim_rebalance(struct sim_world *w);
void sim_hand_over(struct sim_world *w);
void sim_hand_over_go_on(struct sim_world *w);
void sim_member_start(struct sim_member *m, struct sim_world *w);
void sim_member_kill(struct sim_member *m);

/* --- sim_alerter_store.c */
struct alert_store_port sim_store_port(struct sim_world *w);
struct alert_event_port sim_event_port(struct sim_world *w);
void sim_store_deinit(struct sim_world *w);

/* --- sim_alerter_check.c: NULL, or what is wrong. */
const char *sim_check(struct sim_world *w);

#endif
