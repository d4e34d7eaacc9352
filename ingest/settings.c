/* The settings of weir-ingest. */
#include "ingest/settings.h"

/* clang-format off */
static const struct option_row rows[] = {
    SETTINGS_COMMON(struct settings, common, "0.0.0.0:8001"),
    {.name = "MAX_CONNECTIONS", .type = OPTION_INT,
     .field = offsetof(struct settings, max_connections), .fallback = "20000", .min = 1,
     .max = 1e6, .group = "HTTP",
     .help = "Open connections; further ones are answered 503 and closed."},
    {.name = "MAX_BODY", .type = OPTION_SIZE, .field = offsetof(struct settings, max_body_bytes),
     .fallback = "1MiB", .min = 1024, .max = 64 * 1048576, .group = "HTTP",
     .help = "Largest body of a request; a larger one is answered 413."},
    {.name = "MAX_FUTURE_SKEW", .type = OPTION_DURATION,
     .field = offsetof(struct settings, max_future_skew_ms), .fallback = "5m", .min = 0,
     .max = 86400e3, .group = "Readings",
     .help = "How far ahead of our clock the ts of a reading may be; beyond it is refused."},
    SETTINGS_KAFKA(struct settings, kafka),
    {.name = "DELIVERY_TIMEOUT", .type = OPTION_DURATION,
     .field = offsetof(struct settings, delivery_timeout_ms), .fallback = "5s", .min = 100,
     .max = 300e3, .group = "Kafka",
     .help = "Longest wait for the brokers' acknowledgement; then the device gets 503."},
    {.name = "LINGER", .type = OPTION_DURATION, .field = offsetof(struct settings, linger_ms),
     .fallback = "1ms", .min = 0, .max = 1000, .group = "Kafka",
     .help = "How long a reading waits for others to share its request to the broker; it is part "
             "of every answer's time."},
    {.name = "QUEUE_MESSAGES", .type = OPTION_INT,
     .field = offsetof(struct settings, queue_messages), .fallback = "100000", .min = 1,
     .max = 10e6, .group = "Kafka",
     .help = "Readings in memory that are not acknowledged yet; beyond it devices get 503."},
    {.name = "QUEUE_BYTES", .type = OPTION_SIZE, .field = offsetof(struct settings, queue_bytes),
     .fallback = "64MiB", .min = 65536, .max = 16.0 * 1073741824, .group = "Kafka",
     .help = "The same, in bytes of keys and values."},
    {0},
};
/* clang-format on */

static void check(struct options *o, const void *settings)
{
    const struct settings *s = settings;
    if (s->linger_ms >= s->delivery_timeout_ms)
        options_error(o, "LINGER", "must be shorter than DELIVERY_TIMEOUT");
    if (s->queue_bytes < s->max_body_bytes)
        options_error(o, "QUEUE_BYTES", "must not be smaller than MAX_BODY");
}

const struct options_program ingest_program = {
    .name = "weir-ingest",
    .summary = "takes readings over HTTP and answers when Kafka has them.",
    .rows = rows,
    .env_prefixes = "WEIR_",
    .check = check,
};
