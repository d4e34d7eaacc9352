/* The settings of weir-ingest. */
#ifndef WEIR_INGEST_SETTINGS_H
#define WEIR_INGEST_SETTINGS_H

#include "common/app/options.h"
#include "common/app/settings.h"

enum { INGEST_WORKERS_MAX = 64 };

struct settings {
    struct settings_common common;
    struct settings_auth auth;
    struct settings_kafka kafka;
    int64_t max_body_bytes;
    int64_t max_future_skew_ms;
    int64_t max_connections, max_connections_per_address;
    int64_t max_in_flight, max_buffered_bytes;
    int64_t workers; /* 0 = one for each processor */
    int64_t delivery_timeout_ms, linger_ms;
    int64_t queue_messages, queue_bytes;
    double device_rate, key_rate;    /* readings a second; 0 = no limit */
    int64_t device_burst, key_burst; /* readings; 0 = those of ten seconds */
};

/* How many threads WORKERS asks for, from 1 to INGEST_WORKERS_MAX. */
unsigned settings_workers(const struct settings *s);

extern const struct options_program ingest_program;

#endif
