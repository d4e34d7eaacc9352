/* The settings of weir-aggregator. */
#include "aggregator/settings.h"

#define DAY_MS   86400e3
#define FIELD(f) offsetof(struct settings, f)

/* clang-format off */
static const struct option_row rows[] = {
    SETTINGS_COMMON(struct settings, common, "0.0.0.0:8003"),
    SETTINGS_KAFKA(struct settings, kafka),
    SETTINGS_MONGO(struct settings, mongo),
    {.name = "WINDOW_FLUSH", .type = OPTION_DURATION, .field = offsetof(struct settings, window_flush_ms),
     .fallback = "200ms", .min = 1, .max = 60e3, .group = "Windows",
     .help = "Under load, windows are written at most this often, or as seldom as every five times "
             "this while writing them takes more than a tenth of the time; at low load at once."},
    {.name = "WINDOW_WRITES", .type = OPTION_INT, .field = offsetof(struct settings, window_writes),
     .fallback = "10000", .min = 0, .max = 10e6, .group = "Windows",
     .help = "Windows are written so many times a second at most, as long as memory allows; what "
             "waits is coalesced. 0 = no limit."},
    {.name = "GRACE", .type = OPTION_DURATION, .field = offsetof(struct settings, grace_ms),
     .fallback = "1m", .min = 0, .max = DAY_MS, .group = "Windows",
     .help = "A window is marked final when event time is this far past its end; later readings "
             "still count."},
    {.name = "MAX_WINDOWS", .type = OPTION_INT, .field = offsetof(struct settings, max_windows),
     .fallback = "200000", .min = 1000, .max = 100e6, .group = "Windows",
     .help = "Windows kept in memory that nothing needs at the moment."},
    {.name = "MAX_FUTURE_SKEW", .type = OPTION_DURATION,
     .field = offsetof(struct settings, max_future_skew_ms), .fallback = "5m", .min = 0,
     .max = DAY_MS, .group = "Readings",
     .help = "A record whose ts is further ahead of its time of receipt is a dead letter."},
    {.name = "MAX_RETRIES", .type = OPTION_INT, .field = offsetof(struct settings, max_retries),
     .fallback = "3", .min = 1, .max = 1000, .group = "Readings",
     .help = "Attempts for a record that alone keeps failing in the store, before it is a dead "
             "letter. Trouble of the store itself uses up none."},
    {.name = "ROLLUP_INTERVAL", .type = OPTION_DURATION,
     .field = offsetof(struct settings, rollup_interval_ms), .fallback = "1m", .min = 100,
     .max = DAY_MS, .group = "Rollups",
     .help = "From one look for changed windows to the next; hours and days are behind by as much."},
    {.name = "ROLLUP_OVERLAP", .type = OPTION_DURATION,
     .field = offsetof(struct settings, rollup_overlap_ms), .fallback = "5m", .min = 1000,
     .max = DAY_MS, .group = "Rollups",
     .help = "Windows written so long before the last look are looked at again: how far the clocks "
             "of the instances may differ from the store's, and the longest time of a write."},
    SETTINGS_TTL("RAW_TTL", FIELD(raw_ttl_ms), "30d",
        "Readings are kept this long after their receipt; doubles are told apart as long."),
    SETTINGS_TTL("AGG_TTL", FIELD(agg_ttl_ms), "90d",
        "Windows are kept this long after their last change; late readings correct hours and days as long."),
    SETTINGS_TTL("AGG_1H_TTL", FIELD(hours_ttl_ms), "730d", "Rollups of an hour are kept this long after their last change."),
    SETTINGS_TTL("AGG_1D_TTL", FIELD(days_ttl_ms), "0", "Rollups of a day are kept this long after their last change."),
    SETTINGS_TTL("ALERTS_TTL", FIELD(alerts_ttl_ms), "365d", "Alerts are kept this long."),
    SETTINGS_TTL("DLQ_TTL", FIELD(dlq_ttl_ms), "30d",
        "Dead letters are kept this long: retention.ms of the topic, set when it is created and left alone after that."),
    {0},
};
/* clang-format on */

const struct options_program aggregator_program = {
    .name = "weir-aggregator",
    .summary = "stores readings, folds them into windows and last states, each exactly once",
    .rows = rows,
    .env_prefixes = "WEIR_",
};
