/* Threshold rules and alert episodes: what fires, how bad it is, and the event that tells of it.
 * Pure. */
#ifndef WEIR_MODEL_ALERT_H
#define WEIR_MODEL_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/span.h"
#include "common/model/reading.h"

enum alert_severity { ALERT_WARNING, ALERT_CRITICAL };
const char *alert_severity_name(enum alert_severity s); /* "warning", "critical" */

enum alert_side { ALERT_ABOVE, ALERT_BELOW };

/* A threshold rule. Built-in ones come from the four settings of contract.md section 7. */
struct alert_rule {
    char id[64];                              /* "temperature_c_high" */
    char sensor[READING_SENSOR_NAME_MAX + 1]; /* "temperature_c" */
    enum alert_side side;
    double threshold; /* violated when value > threshold (ABOVE) or value < threshold (BELOW) */
    double critical_beyond; /* critical when the distance to the threshold is greater than this */
};

/* Distance for "critical": 20 % of the magnitude of the threshold; of `span` (the allowed span, max
 * - min) where the threshold is 0. */
double alert_critical_distance(double threshold, double span);

bool alert_rule_violated(const struct alert_rule *rule, double value);
enum alert_severity alert_rule_severity(const struct alert_rule *rule, double value);

/* "CRITICAL: temperature_c value 65 is above maximum threshold" */
void alert_message(const struct alert_rule *rule, enum alert_severity severity, double value,
                   struct buf *out);

enum { ALERT_ID_HEX = 24 };

/* First 12 bytes of SHA-256 over rule id, 0x00, device id, 0x00, decimal start in ms; hex, NUL. */
void alert_episode_id(const char *rule_id, struct span device_id, int64_t start_ms,
                      char out[ALERT_ID_HEX + 1]);

enum alert_event { ALERT_EVENT_NONE, ALERT_EVENT_FIRED, ALERT_EVENT_UPDATED, ALERT_EVENT_RESOLVED };
const char *alert_event_name(enum alert_event e); /* "fired", "updated", "resolved" */

/* One episode: from the sample that violated the rule to the one that no longer did. Plain value.
 */
struct alert_episode {
    char id[ALERT_ID_HEX + 1];
    int64_t revision; /* counts changes of the episode from 1; orders writes of its document */
    bool active;
    enum alert_severity severity; /* the worst so far */
    double value;                 /* of the first violating sample */
    double last_value, peak;   /* of the newest violating sample; furthest beyond the threshold */
    uint64_t count;            /* violating samples */
    int64_t start_ms, last_ms; /* event time of the first and the newest violating sample */
    int64_t escalated_ms;      /* event time warning became critical; 0 = it did not */
    int64_t resolved_ms;       /* event time; 0 while active */
    int64_t
        created_at_ms; /* server time of the record that opened it (received_at, else Kafka's) */
};

/* A transition that somebody has to be told of, with the episode as it was right after. */
struct alert_transition {
    enum alert_event event;
    int64_t ts_ms; /* event time of the sample that caused it */
    double value;  /* of that sample */
    struct alert_episode episode;
};

struct alert_src {
    int32_t partition;
    int64_t offset;
};

/* The state of one rule for one device: its current or last episode, and what is not yet told. */
struct alert_state {
    const struct alert_rule *rule; /* borrowed */
    char device_id[READING_DEVICE_ID_MAX + 1];
    int64_t rev; /* of the stored alert_state document; 0 = not stored yet */
    int64_t
        changed_ms; /* event time of the sample that changed the state last; INT64_MIN = never */
    struct alert_episode episode; /* revision 0: there was none yet */
    unsigned srcs, srcs_cap;
    struct alert_src *src; /* owned: highest offset of each partition that changed this state */
    unsigned outbox_count, outbox_cap;
    struct alert_transition *outbox; /* owned: not yet told, oldest first */
};

void alert_state_init(struct alert_state *s, const struct alert_rule *rule, struct span device_id);
void alert_state_deinit(struct alert_state *s);

/* Judges one sample, deterministically from the state and the record alone, and appends to the
 * outbox what has to be told. Returns whether the state changed (and must be written). Without
 * effect: offsets at or below the src of their partition (a replay), and samples not newer
 * than changed_ms (late, or the same one again: they tell nothing about now). A sample that leaves
 * a healthy state healthy changes nothing, not even src, so healthy devices cost no write. */
bool alert_state_judge(struct alert_state *s, int32_t partition, int64_t offset, int64_t ts_ms,
                       int64_t server_ms, double value);

/* The JSON event of alerts.triggered (contract.md section 5). */
void alert_event_encode(const struct alert_state *s, const struct alert_transition *t,
                        struct buf *out);

#endif
