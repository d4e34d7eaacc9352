/* The settings of weir-ingest. */
#ifndef WEIR_INGEST_SETTINGS_H
#define WEIR_INGEST_SETTINGS_H

#include "common/app/options.h"
#include "common/app/settings.h"

struct settings {
    struct settings_common common;
    struct settings_kafka kafka;
    int64_t max_body_bytes;
    int64_t max_future_skew_ms;
    int64_t max_connections;
    int64_t delivery_timeout_ms, linger_ms;
    int64_t queue_messages, queue_bytes;
};

extern const struct options_program ingest_program;

#endif
