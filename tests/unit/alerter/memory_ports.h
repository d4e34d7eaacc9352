/* The pipeline's three ports in memory: a scripted log, a store, and a trace of every effect. */
#ifndef WEIR_TESTS_UNIT_ALERTER_MEMORY_PORTS_H
#define WEIR_TESTS_UNIT_ALERTER_MEMORY_PORTS_H

#include "alerter/pipeline.h"
#include "common/base/buf.h"

enum { MEMORY_RECORDS = 256, MEMORY_SCRIPT = 16, MEMORY_DEVICES = 8, MEMORY_ALERTS = 128 };

/* What the next poll says, before any record. */
struct memory_notice {
    enum stream_event event;
    int32_t partition;
};

struct memory_alert {
    char id[ALERT_ID_HEX + 1];
    int64_t revision;
    uint64_t count;
    bool active;
    unsigned transitions;
};

struct memory_ports {
    struct alert_rules rules;
    struct alert_pipeline *pipeline;
    int64_t now_ms;

    struct memory_notice notice[MEMORY_SCRIPT];
    size_t notices, notices_given;
    struct stream_record record[MEMORY_RECORDS]; /* of one batch */
    char json[MEMORY_RECORDS][256];
    size_t records;
    size_t loaded; /* items of the last load */

    struct alert_state *state[ALERT_RULES_MAX][MEMORY_DEVICES]; /* owned; device "dev-N" */
    struct memory_alert alert[MEMORY_ALERTS];
    size_t alerts;

    /* how often the next calls fail */
    unsigned fail_load, fail_states, fail_alerts, fail_publish, conflicts;
    /* "load states alerts publish states commit:0=1 ..." since it was last cleared */
    struct buf trace;
};

/* Rules with the default thresholds, one pipeline, everything empty. */
void memory_init(struct memory_ports *m);
void memory_deinit(struct memory_ports *m);
/* The program dies and starts again. */
void memory_restart(struct memory_ports *m);

/* Adds a record to the next batch. NAN leaves the sensor out. */
void memory_reading(struct memory_ports *m, int32_t partition, int64_t offset, int device,
                    int64_t ts_ms, double temperature);
void memory_raw(struct memory_ports *m, int32_t partition, int64_t offset, const char *json);
void memory_notice(struct memory_ports *m, enum stream_event event, int32_t partition);

/* One step, `steps` steps, or steps until the pipeline has nothing to do (or is blocked). */
struct alert_next memory_step(struct memory_ports *m);
void memory_steps(struct memory_ports *m, unsigned steps);
struct alert_next memory_run(struct memory_ports *m);

/* The trace since the last call. */
const char *memory_trace(struct memory_ports *m);

#endif
