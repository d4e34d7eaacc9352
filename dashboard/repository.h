/* The repository port: what the dashboard asks of the store. Every call blocks for a bounded time
 * and may be made from several threads at once. */
#ifndef WEIR_DASHBOARD_REPOSITORY_H
#define WEIR_DASHBOARD_REPOSITORY_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

enum repository_list {
    REPOSITORY_READINGS,       /* by ts */
    REPOSITORY_WINDOWS,        /* by timestamp */
    REPOSITORY_ALERTS,         /* by timestamp */
    REPOSITORY_ALERTS_CREATED, /* the same alerts by created_at */
};

struct repository_latest {
    enum repository_list list;
    struct span device_id; /* borrowed; empty = of all devices */
    int64_t limit;
    int64_t now_ms; /* where to begin looking */
};

/* Status reports of a device: readings with battery_level, rssi or online. */
struct repository_history {
    struct span device_id;  /* borrowed */
    int64_t from_ms, to_ms; /* both inclusive; INT64_MIN, INT64_MAX = open */
    int64_t skip, limit;
};

struct repository_totals {
    int64_t readings, windows, alerts; /* estimates */
};

/* Devices that report status. */
struct repository_fleet {
    int64_t devices, online, at_risk;
    double average_battery; /* NaN when none reports one */
    int64_t readings;       /* of all devices since the beginning */
};

/* `doc` is borrowed for the call. */
typedef void (*repository_row)(void *arg, const bson_t *doc);

/* All functions return 0 or ERR_UNAVAILABLE with *e (then rows may have come already). */
struct repository {
    void *self; /* borrowed */

    /* Whether asking makes sense at all; never waits. */
    bool (*ready)(void *self);
    /* Newest first. */
    int (*latest)(void *self, const struct repository_latest *q, repository_row row, void *arg,
                  struct err *e);
    /* Ids of all devices ({_id}), in order. */
    int (*devices)(void *self, repository_row row, void *arg, struct err *e);
    /* Last states with a status report, by id; device_id empty = all. */
    int (*states)(void *self, struct span device_id, repository_row row, void *arg, struct err *e);
    /* Those of them with a battery below 20 or nothing received since silent_since_ms. */
    int (*at_risk)(void *self, int64_t silent_since_ms, repository_row row, void *arg,
                   struct err *e);
    int (*history)(void *self, const struct repository_history *q, repository_row row, void *arg,
                   struct err *e);
    int (*history_count)(void *self, const struct repository_history *q, int64_t *count,
                         struct err *e);
    int (*totals)(void *self, struct repository_totals *out, struct err *e);
    int (*fleet)(void *self, int64_t silent_since_ms, struct repository_fleet *out, struct err *e);
};

#endif
