/* The settings of weir-alerter. */
#include "alerter/settings.h"

#define DAY_MS   86400e3
#define FIELD(f) offsetof(struct alerter_settings, f)

/* clang-format off */
static const struct option_row rows[] = {
    SETTINGS_COMMON(struct alerter_settings, common, "0.0.0.0:8004"),
    SETTINGS_KAFKA(struct alerter_settings, kafka),
    SETTINGS_MONGO(struct alerter_settings, mongo),
    {.name = "TEMP_MIN_THRESHOLD", .type = OPTION_DOUBLE, .field = FIELD(thresholds.temp_min),
     .fallback = "-10", .group = "Rules", .help = "A temperature_c below it is an alert."},
    {.name = "TEMP_MAX_THRESHOLD", .type = OPTION_DOUBLE, .field = FIELD(thresholds.temp_max),
     .fallback = "50", .group = "Rules", .help = "A temperature_c above it is an alert."},
    {.name = "HUMIDITY_MIN_THRESHOLD", .type = OPTION_DOUBLE,
     .field = FIELD(thresholds.humidity_min), .fallback = "0", .group = "Rules",
     .help = "A humidity below it is an alert."},
    {.name = "HUMIDITY_MAX_THRESHOLD", .type = OPTION_DOUBLE,
     .field = FIELD(thresholds.humidity_max), .fallback = "100", .group = "Rules",
     .help = "A humidity above it is an alert."},
    {.name = "ALERT_MAX_AGE", .type = OPTION_DURATION, .field = FIELD(alert_max_age_ms),
     .fallback = "1h", .min = 0, .max = 36500 * DAY_MS, .group = "Rules",
     .help = "A reading that was older than this when it was received raises no alert; 0 = none "
             "is too old."},
    {.name = "MAX_FUTURE_SKEW", .type = OPTION_DURATION, .field = FIELD(max_future_skew_ms),
     .fallback = "5m", .min = 0, .max = DAY_MS, .group = "Readings",
     .help = "A record whose ts is further ahead of its time of receipt is not judged."},
    SETTINGS_TTL("ALERTS_TTL", FIELD(alerts_ttl_ms), "365d", "Alerts are kept this long."),
    {0},
};
/* clang-format on */

static void check(struct options *o, const void *values)
{
    const struct alert_thresholds *t = &((const struct alerter_settings *)values)->thresholds;
    if (!(t->temp_min < t->temp_max))
        options_error(o, "TEMP_MIN_THRESHOLD", "%g must be below TEMP_MAX_THRESHOLD, %g",
                      t->temp_min, t->temp_max);
    if (!(t->humidity_min < t->humidity_max))
        options_error(o, "HUMIDITY_MIN_THRESHOLD", "%g must be below HUMIDITY_MAX_THRESHOLD, %g",
                      t->humidity_min, t->humidity_max);
}

const struct options_program alerter_program = {
    .name = "weir-alerter",
    .summary = "judges readings by rules, keeps alert episodes and tells of their transitions",
    .rows = rows,
    .env_prefixes = "WEIR_",
    .check = check,
};
