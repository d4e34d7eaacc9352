/* Requests on their way to the store and back: from an exchange to a job to an answer. */
#ifndef WEIR_DASHBOARD_REQUESTS_H
#define WEIR_DASHBOARD_REQUESTS_H

#include "common/auth/guard.h"
#include "common/base/clock.h"
#include "common/http/handler.h"
#include "common/obs/log.h"
#include "common/obs/metrics.h"
#include "dashboard/query_pool.h"
#include "dashboard/repository.h"

/* What every request needs; borrowed all. */
struct requests {
    const struct repository *repository;
    struct query_pool *pool;
    struct log *log;
    const struct clock *clock;
    struct guard *guard;
    struct metric *total, *duration, *query_errors;
};

void requests_add_metrics(struct requests *r, struct metrics *m);

/* The table of the older routes, with `r` as their argument. Returns how many rows were filled. */
enum { REQUESTS_ROUTES_MAX = 16 };
size_t requests_routes(struct requests *r, struct http_route out[REQUESTS_ROUTES_MAX]);

#endif
