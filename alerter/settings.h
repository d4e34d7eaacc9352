/* The settings of weir-alerter. */
#ifndef WEIR_ALERTER_SETTINGS_H
#define WEIR_ALERTER_SETTINGS_H

#include <stdint.h>

#include "alerter/rules.h"
#include "common/app/options.h"
#include "common/app/settings.h"

struct alerter_settings {
    struct settings_common common;
    struct settings_kafka kafka;
    struct settings_mongo mongo;
    struct alert_thresholds thresholds;
    int64_t alert_max_age_ms, max_future_skew_ms, alerts_ttl_ms;
};

extern const struct options_program alerter_program;

#endif
