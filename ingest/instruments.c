/* The metrics of weir-ingest. */
#include "ingest/instruments.h"

#include <stddef.h>

#include "common/auth/guard.h"

/* Negative: the device's clock is ahead. Whoever sends what it kept while it was offline looks like
 * a clock that is behind by as much, which is why the bounds go on to a day. */
static const double skew_bounds[] = {-300, -60, -10, -1, -0.1, 0.1, 1, 10, 60, 300, 3600, 86400};

void instruments_add(struct instruments *i, struct metrics *m)
{
    const struct row {
        struct metric **metric;
        enum metric_type type;
        const char *name, *help, *labels;
    } rows[] = {
        {&i->ingested, METRIC_COUNTER, "telemetry_ingested_total",
         "Readings that the brokers have acknowledged.", NULL},
        {&i->records, METRIC_COUNTER, "telemetry_records_total",
         "Valid readings taken out of requests.", NULL},
        {&i->publish_errors, METRIC_COUNTER, "kafka_publish_errors_total",
         "Readings that Kafka did not acknowledge.", NULL},
        {&i->refused, METRIC_COUNTER, "weir_refused_readings_total",
         "Readings refused because of what they hold, by the first reason.", "reason"},
        {&i->refused_requests, METRIC_COUNTER, "weir_refused_requests_total",
         "Requests refused as a whole for what they hold or for want of Kafka, by reason.",
         "reason"},
        {&i->ignored_fields, METRIC_COUNTER, "weir_ignored_fields_total",
         "Fields of accepted readings left out because no reading has values of their type.", NULL},
        {&i->ingest_duration, METRIC_HISTOGRAM, "telemetry_ingest_duration_seconds",
         "Time from handling a request to its answer in seconds, refused ones included.", NULL},
        {&i->delivery_duration, METRIC_HISTOGRAM, "weir_delivery_duration_seconds",
         "Time until the brokers had acknowledged every reading of a request in seconds.", NULL},
        {&i->clock_skew, METRIC_HISTOGRAM, "weir_device_clock_skew_seconds",
         "Time of receipt minus ts of accepted readings whose ts the device gave, in seconds; what "
         "waited before it was sent is in it too.",
         NULL},
        {&i->queue_messages, METRIC_GAUGE, "weir_producer_queue_messages",
         "Readings sent and not acknowledged yet.", NULL},
        {&i->queue_bytes, METRIC_GAUGE, "weir_producer_queue_bytes",
         "Bytes of keys and values sent and not acknowledged yet.", NULL},
        {&i->queue_messages_limit, METRIC_GAUGE, "weir_producer_queue_limit_messages",
         "Readings that may wait for the brokers; beyond it requests are answered 503.", NULL},
        {&i->queue_bytes_limit, METRIC_GAUGE, "weir_producer_queue_limit_bytes",
         "Bytes of keys and values that may wait for the brokers.", NULL},
        {&i->breaker_open, METRIC_GAUGE, "weir_producer_breaker_open",
         "Workers whose producer takes nothing because no broker answers; 0 is well.", NULL},
        {&i->workers, METRIC_GAUGE, "weir_ingest_workers",
         "Loops that serve the port, each with a producer of its own.", NULL},
    };
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++)
        *rows[n].metric = metrics_add(m, rows[n].type, rows[n].name, rows[n].help, rows[n].labels);
    metric_buckets(i->clock_skew, skew_bounds, sizeof skew_bounds / sizeof skew_bounds[0]);
    i->auth_refused = guard_metric(m);
}
