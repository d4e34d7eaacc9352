/* What the aggregator lets people see. */
#include "aggregator/observe.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/xmalloc.h"

/* A counter of the pipeline as a series. Sensor names come from devices, so only those that every
 * device has are told apart. */
struct series {
    size_t field; /* offsetof struct pipeline_stats: an _Atomic uint64_t */
    const char *metric, *labels, *value, *help;
    enum metric_type type;
};

#define COUNTER  METRIC_COUNTER
#define FIELD(f) offsetof(struct pipeline_stats, f)

static const struct series series[] = {
    {FIELD(folded_temperature), "aggregator_messages_processed_total", "sensor_type",
     "temperature_c", "Samples folded into windows.", COUNTER},
    {FIELD(folded_humidity), "aggregator_messages_processed_total", "sensor_type", "humidity", NULL,
     COUNTER},
    {FIELD(folded_other), "aggregator_messages_processed_total", "sensor_type", "other", NULL,
     COUNTER},
    {FIELD(flushed_temperature), "aggregator_aggregations_flushed_total", "sensor_type",
     "temperature_c", "Windows written.", COUNTER},
    {FIELD(flushed_humidity), "aggregator_aggregations_flushed_total", "sensor_type", "humidity",
     NULL, COUNTER},
    {FIELD(flushed_other), "aggregator_aggregations_flushed_total", "sensor_type", "other", NULL,
     COUNTER},
    {FIELD(windows_in_memory), "aggregator_active_aggregations", NULL, NULL,
     "Windows held in memory.", METRIC_GAUGE},
    {FIELD(stream_errors), "aggregator_kafka_consumer_errors_total", NULL, NULL,
     "Errors of the Kafka consumer.", COUNTER},
    {FIELD(store_errors), "aggregator_mongo_write_errors_total", NULL, NULL,
     "Calls to the store (or the dead-letter topic) that failed and were repeated.", COUNTER},
    {FIELD(dead), "aggregator_dlq_messages_total", NULL, NULL, "Records dead-lettered.", COUNTER},
    {FIELD(retries), "aggregator_retry_attempts_total", NULL, NULL,
     "Attempts after the first for records that the store failed on.", COUNTER},
    {FIELD(stored), "weir_aggregator_records_total", "result", "stored",
     "Records taken from the log, by what became of them.", COUNTER},
    {FIELD(replayed), "weir_aggregator_records_total", "result", "replayed", NULL, COUNTER},
    {FIELD(duplicates), "weir_aggregator_records_total", "result", "duplicate", NULL, COUNTER},
    {FIELD(dead), "weir_aggregator_records_total", "result", "dead", NULL, COUNTER},
    {FIELD(conflicts), "weir_conflicting_readings_total", NULL, NULL,
     "Readings with the id of a stored one and other contents; the stored one stayed.", COUNTER},
    {FIELD(lost_races), "weir_aggregator_lost_races_total", NULL, NULL,
     "Writes that found the document changed by somebody else and were joined.", COUNTER},
    {FIELD(devices_in_memory), "weir_aggregator_devices_in_memory", NULL, NULL,
     "Last states held in memory.", METRIC_GAUGE},
    {FIELD(partitions), "weir_aggregator_partitions", NULL, NULL, "Partitions owned.",
     METRIC_GAUGE},
    {FIELD(ledger_stored), "weir_ledger_readings", "state", "stored",
     "Records accounted for in the ledgers of the owned partitions.", METRIC_GAUGE},
    {FIELD(ledger_duplicate), "weir_ledger_readings", "state", "duplicate", NULL, METRIC_GAUGE},
    {FIELD(ledger_dead), "weir_ledger_readings", "state", "dead", NULL, METRIC_GAUGE},
    {FIELD(ledger_gap), "weir_ledger_readings", "state", "gap", NULL, METRIC_GAUGE},
};

enum { SERIES = sizeof series / sizeof *series };

struct observe {
    struct log *log;                    /* borrowed */
    struct metrics *metrics;            /* borrowed */
    const struct pipeline_stats *stats; /* borrowed */
    struct metric *family[SERIES];
    void (*replaced)(void *arg);
    void *replaced_arg; /* borrowed */
    struct metric *replaced_total, *reread_total;
    struct metric *unaccounted, *blocked_seconds, *unwritten_seconds, *duration;
};

static void scrape(void *arg)
{
    struct observe *o = arg;
    if (!o->stats)
        return;
    const char *base = (const char *)o->stats;
    for (size_t i = 0; i < SERIES; i++) {
        const _Atomic uint64_t *c = (const void *)(base + series[i].field);
        const char *const labels[] = {series[i].value, NULL};
        metric_set(o->family[i], labels, (double)atomic_load_explicit(c, memory_order_relaxed));
    }
    struct clock clock = clock_system();
    int64_t now_ms = (int64_t)clock_monotonic_ms(&clock);
    int64_t blocked = atomic_load(&o->stats->blocked_since_ms);
    int64_t oldest = atomic_load(&o->stats->oldest_unwritten_ms);
    metric_set(o->unaccounted, NULL, (double)atomic_load(&o->stats->unaccounted));
    metric_set(o->blocked_seconds, NULL, blocked ? (double)(now_ms - blocked) / 1000 : 0);
    metric_set(o->unwritten_seconds, NULL, oldest ? (double)(now_ms - oldest) / 1000 : 0);
}

struct observe *observe_new(struct log *log, struct metrics *metrics)
{
    struct observe *o = xcalloc(1, sizeof *o);
    o->log = log;
    o->metrics = metrics;
    for (size_t i = 0; i < SERIES; i++)
        o->family[i] = series[i].help ? metrics_add(metrics, series[i].type, series[i].metric,
                                                    series[i].help, series[i].labels)
                                      : o->family[i - 1];
    o->duration = metrics_add(metrics, METRIC_HISTOGRAM, "aggregator_processing_duration_seconds",
                              "From taking a batch to its last dead letter.", NULL);
    o->replaced_total = metrics_add(metrics, METRIC_COUNTER, "weir_store_replaced_total",
                                    "Times the store was found to be another one.", NULL);
    o->reread_total = metrics_add(metrics, METRIC_COUNTER, "weir_store_behind_readings_total",
                                  "Records read again because the store had lost them.", NULL);
    o->unaccounted = metrics_add(metrics, METRIC_GAUGE, "weir_unaccounted_readings",
                                 "Offsets that no ledger accounts for; must be 0.", NULL);
    o->blocked_seconds = metrics_add(metrics, METRIC_GAUGE, "weir_blocked_seconds",
                                     "For how long one effect has not succeeded.", NULL);
    o->unwritten_seconds = metrics_add(metrics, METRIC_GAUGE, "weir_unwritten_seconds",
                                       "Age of the oldest record not yet in the ledger.", NULL);
    metrics_on_scrape(metrics, scrape, o);
    return o;
}

void observe_on_replaced(struct observe *o, void (*replaced)(void *arg), void *arg)
{
    o->replaced = replaced;
    o->replaced_arg = arg;
}

void observe_free(struct observe *o)
{
    free(o);
}

void observe_watch(struct observe *o, const struct pipeline_stats *stats)
{
    o->stats = stats;
}

/* --- events of the pipeline ------------------------------------------------------------------- */

static void on_conflict(void *self, const struct sink_raw *r)
{
    struct observe *o = self;
    char id[READING_ID_HEX + 1];
    reading_id_hex(&r->id, id);
    log_event(o->log, LOG_WARN, "reading_conflict", LOG_STR("id", id),
              LOG_INT("partition", r->partition), LOG_INT("offset", r->offset),
              LOG_INT("kept_partition", r->found_partition),
              LOG_INT("kept_offset", r->found_offset));
}

static void on_dead(void *self, const struct dead_letter *d)
{
    struct observe *o = self;
    log_event(o->log, LOG_WARN, "dead_letter", LOG_STR("reason", d->reason),
              LOG_STR("detail", d->message), LOG_INT("partition", d->partition),
              LOG_INT("offset", d->offset));
}

static void on_blocked(void *self, const char *effect, const struct err *e, unsigned attempt,
                       int64_t retry_ms)
{
    struct observe *o = self;
    log_event(o->log, LOG_WARN, "blocked", LOG_STR("effect", effect), LOG_STR("reason", e->message),
              LOG_INT("attempt", attempt), LOG_INT("retry_ms", retry_ms));
}

static void on_unblocked(void *self, const char *effect, int64_t blocked_ms)
{
    struct observe *o = self;
    log_event(o->log, LOG_INFO, "unblocked", LOG_STR("effect", effect),
              LOG_INT("blocked_ms", blocked_ms));
}

static void on_assigned(void *self, size_t partitions)
{
    struct observe *o = self;
    log_event(o->log, LOG_INFO, "partitions_assigned", LOG_INT("partitions", (int64_t)partitions));
}

static void on_adopted(void *self, size_t partitions, int64_t duration_ms)
{
    struct observe *o = self;
    log_event(o->log, LOG_INFO, "partitions_adopted", LOG_INT("partitions", (int64_t)partitions),
              LOG_INT("duration_ms", duration_ms));
}

static void on_store_replaced(void *self)
{
    struct observe *o = self;
    log_event(o->log, LOG_ERROR, "store_replaced",
              LOG_STR("reason", "the store is empty or another one than before"),
              LOG_STR("action", "everything in memory is dropped, and the log is read again"));
    metric_inc(o->replaced_total, NULL);
    if (o->replaced)
        o->replaced(o->replaced_arg);
}

static void on_store_behind(void *self, size_t partitions, int64_t records, int64_t gone)
{
    struct observe *o = self;
    log_event(o->log, LOG_ERROR, "store_behind",
              LOG_STR("reason", "the store accounts for less than the group has committed: it was "
                                "emptied, or restored from an older copy"),
              LOG_INT("partitions", (int64_t)partitions), LOG_INT("read_again", records),
              LOG_INT("gone_from_log", gone));
    metric_add(o->reread_total, NULL, (double)records);
}

static void on_revoked(void *self, bool lost)
{
    struct observe *o = self;
    log_event(o->log, lost ? LOG_WARN : LOG_INFO, lost ? "partitions_lost" : "partitions_revoked");
}

static void on_stream_error(void *self, const struct err *e)
{
    struct observe *o = self;
    log_event(o->log, LOG_WARN, "consumer_error", LOG_STR("reason", e->message));
}

static void on_batch(void *self, size_t records, uint64_t duration_ns)
{
    (void)records;
    struct observe *o = self;
    metric_observe(o->duration, NULL, (double)duration_ns / 1e9);
}

struct pipeline_observer observe_port(struct observe *o)
{
    return (struct pipeline_observer){
        .self = o,
        .conflict = on_conflict,
        .dead = on_dead,
        .blocked = on_blocked,
        .unblocked = on_unblocked,
        .assigned = on_assigned,
        .adopted = on_adopted,
        .store_replaced = on_store_replaced,
        .store_behind = on_store_behind,
        .revoked = on_revoked,
        .stream_error = on_stream_error,
        .batch = on_batch,
    };
}
