/* The metrics of every HTTP server here: durations by route, requests and connections open. */
#ifndef WEIR_APP_HTTP_METRICS_H
#define WEIR_APP_HTTP_METRICS_H

#include "common/http/server.h"
#include "common/obs/metrics.h"

enum { HTTP_METRICS_SERVERS_MAX = 64 };

struct http_metrics {
    struct metric *duration, *active, *connections;             /* borrowed */
    const struct http_server *server[HTTP_METRICS_SERVERS_MAX]; /* borrowed: all are summed up */
    unsigned servers;
};

void http_metrics_add(struct http_metrics *h, struct metrics *m);
/* Counts this server too; before any of them runs. It must outlive the last scrape. */
void http_metrics_watch(struct http_metrics *h, const struct http_server *server);
/* For http_server_hooks.report; on any thread. */
void http_metrics_report(struct http_metrics *h, const struct http_report *r);

/* Sums over the servers, on any thread. */
unsigned http_metrics_in_flight(const struct http_metrics *h);
unsigned http_metrics_connections(const struct http_metrics *h);

#endif
