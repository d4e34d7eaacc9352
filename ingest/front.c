/* One loop of weir-ingest and all that belongs to it alone. */
#include "ingest/front.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "ingest/gunzip.h"
#include "ingest/ingest.h"
#include "ingest/pages.h"
#include "ingest/submission.h"

/* How long a device should wait before it tries again, in seconds; spread, so that a fleet does
 * not come back in one moment. */
enum { RETRY_MIN_S = 1, RETRY_SPREAD_S = 4 };

/* From so many requests on the loop has always more to send; and a change of mind is for a while,
 * since it costs a system call for each thread. */
enum { PATIENT_FROM = 32, PATIENT_LEAST_MS = 100 };

static void choose_patience(struct front *f)
{
    bool patient = pending_pool_open(f->pending) >= PATIENT_FROM;
    if (patient == f->patient)
        return;
    uint64_t now_ms = clock_monotonic_ms(f->ingest->clock);
    if (now_ms - f->patient_ms < PATIENT_LEAST_MS)
        return;
    f->patient = patient;
    f->patient_ms = now_ms;
    kafka_producer_set_patient(f->producer, patient);
}

static void on_producer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct front *f = arg;
    choose_patience(f); /* before what has come is counted off */
    kafka_producer_poll(f->producer);
}

static void make_routes(struct front *f)
{
    f->route_count = adapter_count + page_count;
    f->routes = xcalloc(f->route_count, sizeof f->routes[0]);
    f->bound = xcalloc(adapter_count, sizeof f->bound[0]);
    for (unsigned i = 0; i < adapter_count; i++) {
        const struct adapter *a = adapters[i];
        f->bound[i] = (struct bound_adapter){.front = f, .adapter = a};
        f->routes[i] = (struct http_route){.method = a->method,
                                           .path = a->path,
                                           .handler = submission_handle,
                                           .admit = submission_admit,
                                           .arg = &f->bound[i],
                                           .errors = a->errors};
    }
    for (unsigned i = 0; i < page_count; i++)
        f->routes[adapter_count + i] = *pages[i];
}

int front_init(struct front *f, struct ingest *in, const struct kafka_producer_options *producer,
               struct err *e)
{
    *f = (struct front){
        .ingest = in, .max_messages = producer->max_messages, .max_bytes = producer->max_bytes};
    guard_init(&f->guard, key_keeper_store(in->keys), in->clock, in->instruments.auth_refused);
    rng_seed(&f->rng, random_seed());
    f->pending = pending_pool_new(submission_finish, f);
    f->gunzip = gunzip_new();
    make_routes(f);
    return kafka_producer_new(&f->producer, producer, submission_delivered, f, e);
}

int front_start(struct front *f, struct event_base *loop, struct err *e)
{
    f->producer_event =
        event_new(loop, kafka_producer_fd(f->producer), EV_READ | EV_PERSIST, on_producer, f);
    if (!f->producer_event || event_add(f->producer_event, NULL) != 0)
        return err_set(e, ERR_IO, "cannot watch the producer");
    return 0;
}

/* A body that is too large for the queue alone may still be one reading with much space around it.
 */
int front_may_take(struct front *f, uint64_t body_bytes)
{
    size_t bytes = body_bytes < f->max_bytes ? (size_t)body_bytes : f->max_bytes;
    return kafka_producer_may_send(f->producer, 1, bytes, NULL);
}

void front_refuse(struct front *f, struct http_exchange *ex, int error)
{
    const char *code = "kafka_unavailable", *detail = "Kafka is not available; send it again";
    if (error == ERR_FULL) {
        code = "queue_full";
        detail = "too many readings wait for Kafka; send it again";
    } else if (error == ERR_TIMEOUT) {
        code = "kafka_timeout";
        detail = "Kafka did not acknowledge in time; send it again";
    }
    metric_inc(f->ingest->instruments.refused_requests, METRIC_LABELS(code));
    http_reply_error(ex, 503, code, detail, RETRY_MIN_S + (int)rng_below(&f->rng, RETRY_SPREAD_S));
}

unsigned front_flush(struct front *f, uint64_t until_ms)
{
    const uint64_t now_ms = clock_monotonic_ms(f->ingest->clock);
    if (!f->producer)
        return 0;
    return kafka_producer_flush(f->producer, now_ms < until_ms ? (int)(until_ms - now_ms) : 0);
}

void front_deinit(struct front *f)
{
    kafka_producer_free(f->producer); /* reports what is left */
    if (f->producer_event)
        event_free(f->producer_event);
    guard_deinit(&f->guard);
    pending_pool_free(f->pending);
    free(f->routes);
    free(f->bound);
    gunzip_free(f->gunzip);
    batch_deinit(&f->batch);
    buf_deinit(&f->inflated);
    buf_deinit(&f->scratch);
}
