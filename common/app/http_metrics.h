/* The metrics of every HTTP server here: durations by route, requests and connections open. */
#ifndef WEIR_APP_HTTP_METRICS_H
#define WEIR_APP_HTTP_METRICS_H

#include "common/http/server.h"
#include "common/obs/metrics.h"

struct http_metrics {
    struct metric *duration, *active, *connections; /* borrowed */
    struct http_server *server;                     /* borrowed; NULL until it listens */
};

void http_metrics_add(struct http_metrics *h, struct metrics *m);
/* For http_server_hooks.report. */
void http_metrics_report(struct http_metrics *h, const struct http_report *r);

#endif
