/* The event of alerts.triggered: one transition of an alert as JSON. */
#include "common/model/alert.h"

#include "common/base/num.h"
#include "common/base/timestamp.h"

const char *alert_event_name(enum alert_event e)
{
    static const char *const names[] = {
        [ALERT_EVENT_NONE] = "none",
        [ALERT_EVENT_FIRED] = "fired",
        [ALERT_EVENT_UPDATED] = "updated",
        [ALERT_EVENT_RESOLVED] = "resolved",
    };
    return names[e];
}

static void put_field(struct buf *out, const char *name, const char *value)
{
    buf_char(out, ',');
    buf_json_string(out, span_str(name));
    buf_char(out, ':');
    buf_json_string(out, span_str(value));
}

/* The sample that ends an episode is on the good side: it is above or below nothing. */
static void resolved_message(const struct alert_rule *rule, double value, struct buf *out)
{
    char text[NUM_TEXT_MAX];
    num_format(value, text);
    buf_printf(out, "RESOLVED: %s value %s is no longer %s threshold", rule->sensor, text,
               rule->side == ALERT_ABOVE ? "above maximum" : "below minimum");
}

static void put_message(const struct alert_rule *rule, const struct alert_transition *t,
                        struct buf *out)
{
    struct buf message = {.len = 0};
    if (t->event == ALERT_EVENT_RESOLVED) {
        resolved_message(rule, t->value, &message);
    } else {
        alert_message(rule, t->episode.severity, t->value, &message);
    }
    put_field(out, "message", buf_cstr(&message));
    buf_deinit(&message);
}

void alert_event_encode(const struct alert_state *s, const struct alert_transition *t,
                        struct buf *out)
{
    char time[TIMESTAMP_TEXT_MAX];
    timestamp_format(t->ts_ms, time);
    buf_str(out, "{\"event\":");
    buf_json_string(out, span_str(alert_event_name(t->event)));
    put_field(out, "alert_id", t->episode.id);
    buf_str(out, ",\"revision\":");
    buf_json_i64(out, t->episode.revision);
    put_field(out, "rule_id", s->rule->id);
    put_field(out, "device_id", s->device_id);
    put_field(out, "sensor_type", s->rule->sensor);
    put_field(out, "alert_type", s->rule->id);
    put_field(out, "severity", alert_severity_name(t->episode.severity));
    buf_str(out, ",\"value\":");
    buf_json_double(out, t->value);
    put_message(s->rule, t, out);
    put_field(out, "timestamp", time);
    buf_char(out, '}');
}
