/* The metrics of weir-ingest. */
#include "ingest/instruments.h"

#include <stddef.h>

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
         "Requests or readings refused because of what they hold, by the first reason.", "reason"},
        {&i->ignored_fields, METRIC_COUNTER, "weir_ignored_fields_total",
         "Fields of accepted readings left out because no reading has values of their type.", NULL},
        {&i->ingest_duration, METRIC_HISTOGRAM, "telemetry_ingest_duration_seconds",
         "Time from handling a request to its answer in seconds, refused ones included.", NULL},
        {&i->delivery_duration, METRIC_HISTOGRAM, "weir_delivery_duration_seconds",
         "Time until the brokers had acknowledged every reading of a request in seconds.", NULL},
        {&i->queue_messages, METRIC_GAUGE, "weir_producer_queue_messages",
         "Readings sent and not acknowledged yet.", NULL},
        {&i->queue_bytes, METRIC_GAUGE, "weir_producer_queue_bytes",
         "Bytes of keys and values sent and not acknowledged yet.", NULL},
    };
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++)
        *rows[n].metric = metrics_add(m, rows[n].type, rows[n].name, rows[n].help, rows[n].labels);
}
