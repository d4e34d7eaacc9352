/* The figures of the whole fleet, read from the store now and then, as metrics. */
#ifndef WEIR_DASHBOARD_FLEET_H
#define WEIR_DASHBOARD_FLEET_H

#include "common/obs/metrics.h"
#include "dashboard/query_pool.h"
#include "dashboard/repository.h"

struct fleet {
    struct query_job job;                /* first: the pool hands it back */
    const struct repository *repository; /* borrowed */
    int64_t now_ms;
    bool running; /* the job is with the pool */
    struct repository_fleet figures;
    struct err err;
    int result;
    int64_t readings_told;
    struct metric *heartbeats, *online, *at_risk, *battery, *errors; /* borrowed */
};

/* `errors`: counts queries that failed. */
void fleet_init(struct fleet *f, const struct repository *r, struct metrics *m,
                struct metric *errors);

/* On the loop's thread: asks the pool for a look at the store, unless one is under way. */
void fleet_refresh(struct fleet *f, struct query_pool *pool, int64_t now_ms);

#endif
