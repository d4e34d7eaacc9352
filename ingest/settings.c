/* The settings of weir-ingest. */
#include "ingest/settings.h"

#include <inttypes.h>
#include <sched.h>

#include "ingest/rate.h"

/* What a worker needs beside a body of the largest size: other requests' heads and answers. */
enum { BESIDE_A_BODY_BYTES = 65536 };

/* clang-format off */
static const struct option_row rows[] = {
    SETTINGS_COMMON(struct settings, common, "0.0.0.0:8001"),
    SETTINGS_AUTH(struct settings, auth),
    {.name = "WORKERS", .type = OPTION_INT, .field = offsetof(struct settings, workers),
     .fallback = "1", .min = 0, .max = INGEST_WORKERS_MAX, .group = "HTTP",
     .help = "Threads that serve the port, each with a share of the connections, a producer of its "
             "own and an equal part of every limit below; 0 = one for each processor."},
    {.name = "MAX_CONNECTIONS", .type = OPTION_INT,
     .field = offsetof(struct settings, max_connections), .fallback = "20000", .min = 1,
     .max = 1e6, .group = "HTTP",
     .help = "Open connections; further ones are answered 503 and closed."},
    {.name = "MAX_CONNECTIONS_PER_ADDRESS", .type = OPTION_INT,
     .field = offsetof(struct settings, max_connections_per_address), .fallback = "0", .min = 0,
     .max = 1e6, .group = "HTTP",
     .help = "Open connections of one client address (IPv6: of one /64); further ones are answered "
             "429 and closed. 0 = no limit: behind an ingress all clients have one address."},
    {.name = "MAX_IN_FLIGHT", .type = OPTION_INT,
     .field = offsetof(struct settings, max_in_flight), .fallback = "10000", .min = 1, .max = 1e6,
     .group = "HTTP",
     .help = "Requests without an answer yet, of all connections; further ones are answered 503."},
    {.name = "MAX_BUFFERED", .type = OPTION_SIZE,
     .field = offsetof(struct settings, max_buffered_bytes), .fallback = "256MiB", .min = 65536,
     .max = 64.0 * 1073741824, .group = "HTTP",
     .help = "Bytes of requests and answers in memory, of all connections; beyond it new requests "
             "are answered 503, and who does not read is closed."},
    {.name = "MAX_BODY", .type = OPTION_SIZE, .field = offsetof(struct settings, max_body_bytes),
     .fallback = "1MiB", .min = 1024, .max = 64 * 1048576, .group = "HTTP",
     .help = "Largest body of a request; a larger one is answered 413."},
    {.name = "MAX_FUTURE_SKEW", .type = OPTION_DURATION,
     .field = offsetof(struct settings, max_future_skew_ms), .fallback = "5m", .min = 0,
     .max = 86400e3, .group = "Readings",
     .help = "How far ahead of our clock the ts of a reading may be; beyond it is refused."},
    {.name = "DEVICE_RATE", .type = OPTION_DOUBLE,
     .field = offsetof(struct settings, device_rate), .fallback = "0", .min = 0, .max = 1e6,
     .group = "Limits",
     .help = "Readings a second that a device may send; beyond it requests with a reading of it "
             "are answered 429. 0 = no limit."},
    {.name = "DEVICE_BURST", .type = OPTION_INT,
     .field = offsetof(struct settings, device_burst), .fallback = "0", .min = 0,
     .max = RATE_BURST_MAX, .group = "Limits",
     .help = "Readings that a device may send at once after a pause; 0 = those of ten seconds."},
    {.name = "KEY_RATE", .type = OPTION_DOUBLE, .field = offsetof(struct settings, key_rate),
     .fallback = "0", .min = 0, .max = 1e6, .group = "Limits",
     .help = "Readings a second that may come with one key; beyond it requests with the key are "
             "answered 429. 0 = no limit."},
    {.name = "KEY_BURST", .type = OPTION_INT, .field = offsetof(struct settings, key_burst),
     .fallback = "0", .min = 0, .max = RATE_BURST_MAX, .group = "Limits",
     .help = "Readings that may come with one key at once after a pause; 0 = those of ten "
             "seconds."},
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

static void check_rate(struct options *o, const char *name, double per_s)
{
    if (per_s > 0 && per_s < RATE_PER_S_MIN)
        options_error(o, name, "must be 0 or at least 0.001: one reading in a thousand seconds");
}

/* One for each processor that this process may run on. */
static unsigned processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < INGEST_WORKERS_MAX ? (unsigned)n : INGEST_WORKERS_MAX;
}

unsigned settings_workers(const struct settings *s)
{
    return s->workers > 0 ? (unsigned)s->workers : processors();
}

/* Each worker has an equal part of a limit, and the largest request must fit into that. */
static void check_shares(struct options *o, const struct settings *s)
{
    const int64_t workers = settings_workers(s);
    const int64_t buffered = workers * (s->max_body_bytes + BESIDE_A_BODY_BYTES);
    const int64_t queued = workers * s->max_body_bytes;
    if (s->max_buffered_bytes < buffered)
        options_error(o, "MAX_BUFFERED",
                      "must be %" PRId64 " bytes at least: MAX_BODY and 64KiB for each of %" PRId64
                      " WORKERS",
                      buffered, workers);
    if (s->queue_bytes < queued)
        options_error(o, "QUEUE_BYTES",
                      "must be %" PRId64 " bytes at least: MAX_BODY for each of %" PRId64
                      " WORKERS",
                      queued, workers);
    if (s->queue_messages < workers)
        options_error(o, "QUEUE_MESSAGES", "must be %" PRId64 " at least: one for each of WORKERS",
                      workers);
}

static void check(struct options *o, const void *settings)
{
    const struct settings *s = settings;
    settings_check_auth(o, &s->auth);
    if (s->linger_ms >= s->delivery_timeout_ms)
        options_error(o, "LINGER", "must be shorter than DELIVERY_TIMEOUT");
    check_shares(o, s);
    check_rate(o, "DEVICE_RATE", s->device_rate);
    check_rate(o, "KEY_RATE", s->key_rate);
    if (s->key_rate > 0 && !s->auth.api_key && !s->auth.api_keys_file)
        options_error(o, "KEY_RATE", "limits nothing without API_KEY or API_KEYS_FILE");
}

const struct options_program ingest_program = {
    .name = "weir-ingest",
    .summary = "takes readings over HTTP and answers when Kafka has them.",
    .rows = rows,
    .env_prefixes = "WEIR_",
    .check = check,
};
