/* The metrics of every HTTP server here: durations by route, requests and connections open. */
#include "common/app/http_metrics.h"

unsigned http_metrics_in_flight(const struct http_metrics *h)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < h->servers; i++)
        sum += http_server_in_flight(h->server[i]);
    return sum;
}

unsigned http_metrics_connections(const struct http_metrics *h)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < h->servers; i++)
        sum += http_server_connections(h->server[i]);
    return sum;
}

static void on_scrape(void *arg)
{
    struct http_metrics *h = arg;
    metric_set(h->active, NULL, http_metrics_in_flight(h));
    metric_set(h->connections, NULL, http_metrics_connections(h));
}

void http_metrics_watch(struct http_metrics *h, const struct http_server *server)
{
    h->server[h->servers++] = server;
}

void http_metrics_add(struct http_metrics *h, struct metrics *m)
{
    h->duration = metrics_add(m, METRIC_HISTOGRAM, "http_request_duration_seconds",
                              "Time from the first byte of a request to its answer in seconds.",
                              "method,endpoint,status");
    h->active = metrics_add(m, METRIC_GAUGE, "active_requests",
                            "Requests taken and not yet answered.", NULL);
    h->connections =
        metrics_add(m, METRIC_GAUGE, "weir_http_connections", "Open HTTP connections.", NULL);
    metrics_on_scrape(m, on_scrape, h);
}

void http_metrics_report(struct http_metrics *h, const struct http_report *r)
{
    const int s = r->status;
    const char status[] = {(char)('0' + s / 100 % 10), (char)('0' + s / 10 % 10),
                           (char)('0' + s % 10), '\0'};
    metric_observe(h->duration, METRIC_LABELS(r->method, r->route, status),
                   (double)r->duration_ns / 1e9);
}
