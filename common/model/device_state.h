/* The last state of one device: a join of what its readings said, newest event time first. Pure. */
#ifndef WEIR_MODEL_DEVICE_STATE_H
#define WEIR_MODEL_DEVICE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/model/cadence.h"
#include "common/model/reading.h"

/* Latest value of one sensor. Of two with the same time the larger value wins, so that the order
 * of folding never shows. */
struct device_sensor {
    char name[READING_SENSOR_NAME_MAX + 1];
    double value;
    int64_t ts_ms;
};

/* How many readings one partition of the log brought, and at what pace; a function of the log up to
 * src. So counts and gaps are exact whatever is replayed. */
struct device_share {
    int32_t partition;
    int64_t src;
    uint64_t readings;
    struct cadence cadence;
};

enum { DEVICE_SENSORS_MAX = 128 }; /* more names than that: the ones longest silent are dropped */

struct device_state {
    char device_id[READING_DEVICE_ID_MAX + 1]; /* may not hold NUL, so it is a C string */
    int64_t rev;                               /* of the stored document; 0 = not stored yet */
    int64_t last_seen_ms;                      /* newest time of receipt */
    int64_t last_ts_ms;                        /* newest event time */
    int64_t first_seen_ms;                     /* oldest time of receipt; 0 = none */
    int64_t skew_ms; /* received_at - ts of the reading with the newest time of receipt */
    bool has_position, has_online;
    double lat, lon;
    int64_t position_ms; /* event time of the position */
    bool online;
    int64_t online_ms;
    /* Latest status report: a reading with battery_level, rssi or online; for GET /status. */
    int64_t status_ms, status_received_ms; /* 0 = none */
    struct reading_id status_id;
    unsigned sensors, sensors_cap;
    struct device_sensor *sensor; /* owned; sorted by name */
    unsigned shares, shares_cap;
    struct device_share *share; /* owned; sorted by partition */
};

void device_state_init(struct device_state *d, struct span device_id);
void device_state_deinit(struct device_state *d);

/* Folds a reading in, unless the share of the partition is at or past the offset. Returns whether
 * anything changed. Never goes back in time: older values do not replace newer ones. */
bool device_state_fold(struct device_state *d, int32_t partition, int64_t offset,
                       const struct reading *r);

/* Its parts, for who folds into what device_pack wrote. A reading in the share, unless it is at or
 * past the offset: returns whether it was not. A value of a sensor that has one already. All of a
 * reading but its sensors, into a state that has a share. */
bool device_share_fold(struct device_share *share, int64_t offset, int64_t ts_ms);
void device_sensor_take(double *value, int64_t *value_ms, int64_t ts_ms, double newer);
void device_state_take_head(struct device_state *d, const struct reading *r);

/* The same in any order of offsets, for who reads them back out of the store: each reading must
 * come once. The cadence, which depends on the order, is left alone. */
void device_state_gather(struct device_state *d, int32_t partition, int64_t offset,
                         const struct reading *r);

/* Takes the cadences of `other`, share by share. */
void device_state_keep_cadence(struct device_state *d, const struct device_state *other);

/* The highest offset of the partition that is folded in; -1 = none. */
int64_t device_state_src(const struct device_state *d, int32_t partition);

/* As window_join: newest of each field, the further share of each partition, other's rev. Returns
 * whether `d` still holds something `other` has not. */
bool device_state_join(struct device_state *d, const struct device_state *other);

uint64_t device_state_readings(const struct device_state *d); /* sum over the shares */

/* The cadence of the share that heard from the device last; NULL when there is no share. */
const struct cadence *device_state_cadence(const struct device_state *d);

#endif
