/* What the alerter lets people see: metrics, log lines and readiness, out of the pipeline's status.
 */
#include "alerter/observe.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/xmalloc.h"

/* A counter of the status as a series without labels. */
struct series {
    size_t field; /* offsetof struct alert_pipeline_status: a uint64_t */
    const char *name, *help;
};

#define FIELD(f) offsetof(struct alert_pipeline_status, f)

static const struct series series[] = {
    {FIELD(conflicts), "weir_alerter_lost_races_total",
     "Writes of states that found one changed by somebody else; the batch was judged again."},
    {FIELD(failures), "weir_alerter_failures_total",
     "Calls to the store or to Kafka that failed and were repeated."},
    {FIELD(stream_errors), "weir_alerter_consumer_errors_total", "Errors of the Kafka consumer."},
    {FIELD(published), "weir_alert_events_published_total",
     "Events acknowledged by Kafka, repeats after a crash included."},
};

enum { SERIES = sizeof series / sizeof *series };

struct alerter_observe {
    struct log *log; /* borrowed, as the next */
    const struct alert_rules *rules;
    struct metric *series[SERIES];
    struct metric *records, *alerts, *lag, *blocked_seconds, *devices, *partitions;
    /* what was seen last; pipeline's thread */
    uint64_t seen[SERIES];
    uint64_t records_seen[ALERT_RECORD_RESULTS];
    struct alert_transition_counts transitions_seen;
    size_t owned_seen;
    bool blocked_seen;
    int64_t blocked_since_seen;
    /* for the loop's thread */
    _Atomic int phase;
    _Atomic int64_t blocked_since_ms; /* monotonic; -1 = not blocked */
};

static int64_t monotonic_ms(void)
{
    struct clock clock = clock_system();
    return (int64_t)clock_monotonic_ms(&clock);
}

static void scrape(void *arg)
{
    struct alerter_observe *o = arg;
    int64_t since_ms = atomic_load(&o->blocked_since_ms);
    metric_set(o->blocked_seconds, NULL,
               since_ms < 0 ? 0 : (double)(monotonic_ms() - since_ms) / 1000);
}

struct alerter_observe *alerter_observe_new(struct log *log, struct metrics *metrics,
                                            const struct alert_rules *rules)
{
    struct alerter_observe *o = xcalloc(1, sizeof *o);
    o->log = log;
    o->rules = rules;
    atomic_store(&o->blocked_since_ms, -1);
    for (size_t i = 0; i < SERIES; i++)
        o->series[i] = metrics_add(metrics, METRIC_COUNTER, series[i].name, series[i].help, NULL);
    o->records = metrics_add(metrics, METRIC_COUNTER, "weir_alerter_records_total",
                             "Records taken from the log, by what became of them.", "result");
    o->alerts = metrics_add(metrics, METRIC_COUNTER, "weir_alerts_total",
                            "Transitions of alerts that were stored.", "rule,severity,transition");
    o->lag = metrics_add(metrics, METRIC_GAUGE, "weir_consumer_lag_records",
                         "Records in the log that are not yet committed.", "partition");
    o->blocked_seconds = metrics_add(metrics, METRIC_GAUGE, "weir_blocked_seconds",
                                     "For how long one effect has not succeeded.", NULL);
    o->devices = metrics_add(metrics, METRIC_GAUGE, "weir_alerter_devices_in_memory",
                             "Devices whose states are held in memory.", NULL);
    o->partitions =
        metrics_add(metrics, METRIC_GAUGE, "weir_alerter_partitions", "Partitions owned.", NULL);
    metrics_on_scrape(metrics, scrape, o);
    return o;
}

void alerter_observe_free(struct alerter_observe *o)
{
    free(o);
}

static void add_difference(struct metric *family, const char *const *labels, uint64_t now,
                           uint64_t *seen)
{
    if (now != *seen)
        metric_add(family, labels, (double)(now - *seen));
    *seen = now;
}

static void count_records(struct alerter_observe *o, const struct alert_pipeline_status *status)
{
    for (int i = 0; i < ALERT_RECORD_RESULTS; i++)
        add_difference(o->records,
                       METRIC_LABELS(alert_record_result_name((enum alert_record_result)i)),
                       status->records[i], &o->records_seen[i]);
    for (size_t i = 0; i < SERIES; i++) {
        const void *at = (const char *)status + series[i].field;
        add_difference(o->series[i], NULL, *(const uint64_t *)at, &o->seen[i]);
    }
}

static void count_transitions(struct alerter_observe *o,
                              const struct alert_transition_counts *counts)
{
    for (unsigned rule = 0; rule < o->rules->count; rule++)
        for (int severity = ALERT_WARNING; severity <= ALERT_CRITICAL; severity++)
            for (int event = ALERT_EVENT_FIRED; event <= ALERT_EVENT_RESOLVED; event++)
                add_difference(o->alerts,
                               METRIC_LABELS(o->rules->rule[rule].id,
                                             alert_severity_name((enum alert_severity)severity),
                                             alert_event_name((enum alert_event)event)),
                               counts->of[rule][severity][event],
                               &o->transitions_seen.of[rule][severity][event]);
}

static void tell_trouble(struct alerter_observe *o, const struct alert_pipeline_status *status,
                         int64_t now_ms, bool failed, bool stream_failed)
{
    bool blocked = status->blocked_since_ms >= 0;
    if (failed)
        log_event(o->log, LOG_WARN, "blocked",
                  LOG_STR("effect", alert_phase_trouble(status->phase)),
                  LOG_STR("reason", status->error.message));
    if (!blocked && o->blocked_seen)
        log_event(o->log, LOG_INFO, "unblocked",
                  LOG_INT("blocked_ms", now_ms - o->blocked_since_seen));
    if (stream_failed)
        log_event(o->log, LOG_WARN, "consumer_error",
                  LOG_STR("reason", status->stream_error.message));
    o->blocked_seen = blocked;
    o->blocked_since_seen = status->blocked_since_ms;
}

void alerter_observe_step(struct alerter_observe *o, const struct alert_pipeline_status *status,
                          int64_t now_ms)
{
    bool failed = false, stream_failed = false;
    for (size_t i = 0; i < SERIES; i++) {
        const void *at = (const char *)status + series[i].field;
        bool more = *(const uint64_t *)at != o->seen[i];
        failed |= more && series[i].field == FIELD(failures);
        stream_failed |= more && series[i].field == FIELD(stream_errors);
    }
    tell_trouble(o, status, now_ms, failed, stream_failed);
    count_records(o, status);
    count_transitions(o, &status->transitions);
    metric_set(o->devices, NULL, (double)status->cached_devices);
    if (status->owned.count != o->owned_seen) {
        log_event(o->log, LOG_INFO, "partitions_owned",
                  LOG_INT("partitions", (int64_t)status->owned.count));
        metric_set(o->partitions, NULL, (double)status->owned.count);
        o->owned_seen = status->owned.count;
    }
    atomic_store_explicit(&o->phase, (int)status->phase, memory_order_relaxed);
    atomic_store_explicit(&o->blocked_since_ms, status->blocked_since_ms, memory_order_relaxed);
}

void alerter_observe_lag(struct alerter_observe *o, int32_t partition, int64_t records)
{
    char text[16];
    snprintf(text, sizeof text, "%d", (int)partition);
    metric_set(o->lag, METRIC_LABELS(text), records < 0 ? 0 : (double)records);
}

static bool blocked(struct alerter_observe *o, bool on_kafka, char *why, size_t why_size)
{
    int64_t since_ms = atomic_load(&o->blocked_since_ms);
    enum alert_phase phase = (enum alert_phase)atomic_load(&o->phase);
    if (since_ms < 0 || (phase == ALERT_PHASE_PUBLISH) != on_kafka)
        return false;
    snprintf(why, why_size, "%s for %lld s", alert_phase_trouble(phase),
             (long long)(monotonic_ms() - since_ms) / 1000);
    return true;
}

bool alerter_observe_blocked_on_store(struct alerter_observe *o, char *why, size_t why_size)
{
    return blocked(o, false, why, why_size);
}

bool alerter_observe_blocked_on_kafka(struct alerter_observe *o, char *why, size_t why_size)
{
    return blocked(o, true, why, why_size);
}
