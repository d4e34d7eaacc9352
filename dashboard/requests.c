/* Requests on their way to the store and back: from an exchange to a job to an answer. */
#include "dashboard/requests.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "dashboard/answers.h"

enum { QUEUE_MAX_MS = 5000 }; /* who has waited this long in the queue has given up by now */

struct request {
    struct query_job job; /* first: the pool hands it back */
    struct requests *owner;
    const struct answer_route *route;
    struct http_exchange *exchange;
    struct question question;
    uint64_t started_ns;
    struct buf body;
    int status; /* or a negative code */
    struct err err;
};

void requests_add_metrics(struct requests *r, struct metrics *m)
{
    r->total = metrics_add(m, METRIC_COUNTER, "api_requests_total", "Requests to the query API.",
                           "endpoint,method");
    r->duration = metrics_add(m, METRIC_HISTOGRAM, "api_request_duration_seconds",
                              "Time from a request to its answer.", "endpoint");
    r->query_errors = metrics_add(m, METRIC_COUNTER, "mongo_query_errors_total",
                                  "Queries that the store did not answer.", NULL);
}

static void observe(struct requests *r, const char *path, uint64_t started_ns)
{
    uint64_t took_ns = clock_monotonic_ns(r->clock) - started_ns;
    metric_observe(r->duration, METRIC_LABELS(path), (double)took_ns / 1e9);
}

static void reply(struct http_exchange *ex, int status, const struct buf *body)
{
    http_reply(ex, &(struct http_answer){.status = status, .body = buf_view(body)});
}

/* --- on a query thread ------------------------------------------------------------------------ */

static void run(struct query_job *job)
{
    struct request *q = (struct request *)job;
    uint64_t waited_ns = clock_monotonic_ns(q->owner->clock) - q->started_ns;
    if (waited_ns / 1000000u > QUEUE_MAX_MS)
        q->status = err_set(&q->err, ERR_FULL, "the request waited too long");
    else
        q->status = q->route->answer(q->owner->repository, &q->question, &q->body, &q->err);
}

/* --- on the loop's thread --------------------------------------------------------------------- */

static void request_free(struct request *q)
{
    buf_deinit(&q->body);
    free(q);
}

static void fail(struct request *q)
{
    if (q->status == ERR_FULL) {
        http_reply_error(q->exchange, 503, "busy", "Too many queries are waiting", 1);
        return;
    }
    metric_inc(q->owner->query_errors, NULL);
    log_event(q->owner->log, LOG_WARN, "query_failed", LOG_STR("endpoint", q->route->path),
              LOG_STR("reason", q->err.message));
    http_reply_error(q->exchange, 503, "store_unavailable", "The store does not answer", 2);
}

static void done(struct query_job *job)
{
    struct request *q = (struct request *)job;
    if (q->status < 0)
        fail(q);
    else
        reply(q->exchange, q->status, &q->body);
    observe(q->owner, q->route->path, q->started_ns);
    request_free(q);
}

static void drop(struct query_job *job)
{
    struct request *q = (struct request *)job;
    http_reply_error(q->exchange, 503, "stopping", "The server is shutting down", 1);
    request_free(q);
}

/* The row of the exchange's route. */
static const struct answer_route *route_of(struct http_exchange *ex)
{
    const char *path = http_exchange_match(ex)->route->path;
    const struct answer_route *route = answer_routes;
    while (route->path && strcmp(route->path, path) != 0)
        route++;
    return route;
}

/* A key that is limited to devices may ask for one of them, and not for what is about all: leaving
 * the others out of a list would look like the whole, and a 404 would be no more secret, because
 * unknown devices have answers too. */
static bool allowed(struct request *q, const struct key_record *key)
{
    const struct question *ask = &q->question;
    const char *code = "device_forbidden", *detail = "The key is not for this device";
    bool yes;
    if (http_exchange_match(q->exchange)->params > 0) {
        yes = key_record_allows(key, span_of(ask->device_id, ask->device_id_len));
    } else {
        yes = !key || key->devices == 0;
        code = "key_limited";
        detail = "The key is limited to some devices, and this is about all of them";
    }
    if (!yes) {
        guard_count_forbidden(q->owner->guard);
        http_reply_error(q->exchange, 403, code, detail, 0);
    }
    return yes;
}

static bool ask(struct request *q, struct http_exchange *ex)
{
    struct query query = {.raw = http_exchange_head(ex)->query};
    q->question.now_ms = clock_wall_ms(q->owner->clock);
    if (q->route->ask)
        q->route->ask(&q->question, &query);
    if (query.problems)
        query_write_problems(&query, &q->body);
    return query.problems == 0;
}

static void handle(struct http_exchange *ex, void *arg)
{
    struct requests *r = arg;
    const struct key_record *key;
    if (!guard_admit(r->guard, ex, SCOPE_READ, &key))
        return;
    struct request *q = xcalloc(1, sizeof *q);
    q->job = (struct query_job){.run = run, .done = done, .drop = drop};
    q->owner = r;
    q->route = route_of(ex);
    q->exchange = ex;
    q->started_ns = clock_monotonic_ns(r->clock);
    metric_inc(r->total,
               METRIC_LABELS(q->route->path, http_method_name(http_exchange_head(ex)->method)));
    if (http_exchange_match(ex)->params > 0)
        question_set_device(&q->question, http_exchange_param(ex, 0));
    if (!allowed(q, key))
        ; /* it is answered */
    else if (!ask(q, ex))
        reply(ex, 422, &q->body);
    else if (!r->repository->ready(r->repository->self)) /* at once, not after a timeout */
        http_reply_error(ex, 503, "store_unavailable", "The store is not available", 2);
    else if (!query_pool_submit(r->pool, &q->job))
        http_reply_error(ex, 503, "busy", "Too many queries are waiting", 1);
    else
        return;
    observe(r, q->route->path, q->started_ns);
    request_free(q);
}

static void banner(struct http_exchange *ex, void *arg)
{
    struct requests *r = arg;
    metric_inc(r->total, METRIC_LABELS("/", http_method_name(http_exchange_head(ex)->method)));
    uint64_t started_ns = clock_monotonic_ns(r->clock);
    http_reply(ex,
               &(struct http_answer){
                   .status = 200,
                   .body = span_str("{\"message\":\"IoT Telemetry Dashboard API is running\"}")});
    observe(r, "/", started_ns);
}

size_t requests_routes(struct requests *r, struct http_route out[REQUESTS_ROUTES_MAX])
{
    size_t n = 0;
    out[n++] = (struct http_route){
        .method = HTTP_GET, .path = "/", .handler = banner, .arg = r, .errors = HTTP_DETAIL};
    for (const struct answer_route *a = answer_routes; a->path; a++)
        out[n++] = (struct http_route){.method = HTTP_GET,
                                       .path = a->path,
                                       .handler = handle,
                                       .arg = r,
                                       .errors = HTTP_DETAIL_FAMILY};
    return n;
}
