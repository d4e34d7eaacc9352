/* The alerter's pipeline: a step machine from the log to states, documents and events. Pure: it
 * sees the world through ports only, and the time as an argument. */
#ifndef WEIR_ALERTER_PIPELINE_H
#define WEIR_ALERTER_PIPELINE_H

#include <stddef.h>
#include <stdint.h>

#include "alerter/batch.h"
#include "alerter/event_port.h"
#include "alerter/partitions.h"
#include "alerter/round.h"
#include "alerter/rules.h"
#include "alerter/store_port.h"
#include "common/base/err.h"
#include "common/model/stream_port.h"

struct alert_pipeline_config {
    const struct alert_rules *rules; /* borrowed */
    struct stream_port stream;
    struct alert_store_port store;
    struct alert_event_port events;
    struct alert_batch_limits limits;
    unsigned outbox_max;  /* so many untold transitions of a device are told before it goes on, to
                             keep state documents small */
    size_t cache_devices; /* more than this many are dropped all at once between batches */
    int64_t cache_age_ms; /* and so are older ones: an end to whatever made them stale */
    int poll_wait_ms;     /* a poll of the log waits this long for something to happen */
    uint64_t seed;        /* of the jitter and of the hash table */
};

/* The path of a batch; each phase ends in at most one effect:
 *
 *     poll -> load -> (judge) -> write states -> write documents -> publish -> clear outboxes
 *      ^        ^         ^                                                         |
 *      |        |         +------- an outbox was full: judge on --------------------+
 *      |        +-- conflict: forget the states, judge all of the batch again       |
 *      +------------------------------------ commit <-------------------------------+
 *
 * The states carry episodes and untold transitions, so they are the truth: once they are written,
 * whoever comes after a crash finds in them (or judges again) all that remains to be done. */
enum alert_phase {
    ALERT_PHASE_POLL,
    ALERT_PHASE_LOAD,
    ALERT_PHASE_WRITE_STATES,
    ALERT_PHASE_WRITE_DOCUMENTS,
    ALERT_PHASE_PUBLISH,
    ALERT_PHASE_CLEAR,
    ALERT_PHASE_COMMIT
};
/* What it waits for while blocked there: "the store does not take alert states". */
const char *alert_phase_trouble(enum alert_phase phase);

enum alert_step {
    ALERT_STEP_WORK,    /* step again at once */
    ALERT_STEP_IDLE,    /* nothing to do but to poll again */
    ALERT_STEP_BLOCKED, /* a dependency is away; steps until `until_ms` only serve the group */
};

struct alert_next {
    enum alert_step step;
    int64_t until_ms; /* with ALERT_STEP_BLOCKED */
};

/* Counts since the pipeline began, and where it stands. */
struct alert_pipeline_status {
    enum alert_phase phase;
    uint64_t records[ALERT_RECORD_RESULTS];
    uint64_t conflicts, failures, stream_errors;
    struct alert_transition_counts transitions; /* stored ones */
    uint64_t published;                         /* events acknowledged, repeats included */
    int64_t blocked_since_ms;                   /* -1 = not blocked */
    struct err error;                           /* the last failure */
    struct err stream_error;                    /* the last STREAM_ERROR */
    size_t cached_devices;
    struct alert_partitions owned;
};

struct alert_pipeline;

struct alert_pipeline *alert_pipeline_new(const struct alert_pipeline_config *config);
/* Frees at any time; whatever was in hand is done again by the next owner of the partitions. */
void alert_pipeline_free(struct alert_pipeline *p);

/* At most one effect through a port. `now_ms` never goes back. */
struct alert_next alert_pipeline_step(struct alert_pipeline *p, int64_t now_ms);

const struct alert_pipeline_status *alert_pipeline_status(const struct alert_pipeline *p);

#endif
