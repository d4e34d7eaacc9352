/* The settings of weir-dashboard. */
#include "dashboard/settings.h"

/* clang-format off */
static const struct option_row rows[] = {
    SETTINGS_COMMON(struct settings, common, "0.0.0.0:8002"),
    SETTINGS_AUTH(struct settings, auth),
    SETTINGS_MONGO(struct settings, mongo),
    {.name = "QUERY_THREADS", .type = OPTION_INT, .field = offsetof(struct settings, query_threads),
     .fallback = "4", .min = 1, .max = 256, .group = "Queries",
     .help = "Queries that may wait for the store at the same time."},
    {.name = "QUERY_QUEUE", .type = OPTION_INT, .field = offsetof(struct settings, query_queue),
     .fallback = "64", .min = 1, .max = 100000, .group = "Queries",
     .help = "Requests that may wait for a free query; beyond that the answer is 503."},
    {0},
};
/* clang-format on */

static void check(struct options *o, const void *settings)
{
    const struct settings *s = settings;
    settings_check_auth(o, &s->auth);
}

const struct options_program dashboard_program = {
    .name = "weir-dashboard",
    .summary = "answers questions of operators about readings, windows, devices and alerts",
    .rows = rows,
    .env_prefixes = "WEIR_",
    .check = check,
};
