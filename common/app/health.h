/* What a daemon says about itself: /healthz, /readyz, /health, /metrics. */
#ifndef WEIR_APP_HEALTH_H
#define WEIR_APP_HEALTH_H

#include <stdatomic.h>

#include "common/app/daemon.h"

enum { HEALTH_ROUTES = 4, HEALTH_WHY_MAX = 256 };

/* One for each loop. Everything is borrowed but `body`, and may be read on any thread. */
struct health {
    const struct daemon_spec *spec;
    const _Atomic enum daemon_phase *phase;
    const struct clock *clock;
    uint64_t started_ns;
    struct metrics *metrics;
    struct buf body; /* owned; reused */
};

/* Running, and every dependency is ready. */
bool health_ready(const struct health *h);

/* {"status":"ready"} or {"status":"not
 * ready","dependencies":{"kafka":{"ready":false,"reason":...}}} Returns the HTTP status. */
int health_write_readyz(const struct health *h, struct buf *out);
/* {"ok":true,"status":"ok","service","version","uptime_seconds","dependencies":{...}} */
int health_write_health(const struct health *h, struct buf *out);

/* Whether an Accept header asks for OpenMetrics text rather than Prometheus text 0.0.4. */
bool health_wants_openmetrics(struct span accept);

void health_routes(struct health *h, struct http_route out[HEALTH_ROUTES]);

#endif
