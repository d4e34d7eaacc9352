/* The settings of weir-dashboard. */
#ifndef WEIR_DASHBOARD_SETTINGS_H
#define WEIR_DASHBOARD_SETTINGS_H

#include "common/app/options.h"
#include "common/app/settings.h"

struct settings {
    struct settings_common common;
    struct settings_auth auth;
    struct settings_mongo mongo;
    int64_t query_threads, query_queue;
};

extern const struct options_program dashboard_program;

#endif
