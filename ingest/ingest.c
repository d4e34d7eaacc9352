/* weir-ingest as one struct: what it owns, how it starts, drains and stops. */
#include "ingest/ingest.h"

#include <stdlib.h>

#include "common/app/log_bridge.h"
#include "common/base/xmalloc.h"

enum { DRAIN_POLL_MS = 5, LAST_FLUSH_MS = 1000 };

static void on_producer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct ingest *in = arg;
    kafka_producer_poll(in->producer);
}

static bool kafka_ready(void *arg, char *why, size_t why_size)
{
    struct ingest *in = arg;
    return kafka_producer_ready(in->producer, why, why_size);
}

static void on_scrape(void *arg)
{
    struct ingest *in = arg;
    metric_set(in->instruments.queue_messages, NULL, kafka_producer_in_flight(in->producer));
    metric_set(in->instruments.queue_bytes, NULL,
               (double)kafka_producer_in_flight_bytes(in->producer));
}

/* --- life cycle --- */

static int start(void *arg, struct daemon *d, struct err *e)
{
    struct ingest *in = arg;
    in->producer_event = event_new(daemon_loop(d), kafka_producer_fd(in->producer),
                                   EV_READ | EV_PERSIST, on_producer, in);
    if (!in->producer_event || event_add(in->producer_event, NULL) != 0)
        return err_set(e, ERR_IO, "cannot watch the producer");
    if (in->settings->kafka.create_topics)
        in->topic_keeper = topic_keeper_new(&in->kafka, in->topics, INGEST_TOPICS, in->log);
    log_event(in->log, LOG_WARN, "authentication_off",
              LOG_STR("text", "anyone who reaches the port may send readings"));
    return 0;
}

static void on_drain_poll(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct ingest *in = arg;
    if (kafka_producer_in_flight(in->producer) > 0)
        return;
    event_del(in->drain_timer);
    daemon_drained(in->daemon);
}

/* The server has stopped listening; requests already open still publish and are still answered,
 * which the daemon waits for by itself. */
static void drain(void *arg, struct daemon *d)
{
    struct ingest *in = arg;
    const struct timeval every = {.tv_usec = DRAIN_POLL_MS * 1000};
    in->drain_timer = event_new(daemon_loop(d), -1, EV_PERSIST, on_drain_poll, in);
    event_add(in->drain_timer, &every);
}

static void describe(void *arg, struct buf *json)
{
    (void)arg;
    buf_str(json, ",\"authentication\":\"off\"");
}

/* --- set-up --- */

static void set_up_kafka(struct ingest *in, const struct options *options)
{
    const struct settings_kafka *k = &in->settings->kafka;
    in->kafka = (struct kafka_config){.bootstrap_servers = k->bootstrap_servers,
                                      .client_id = ingest_program.name,
                                      .log = log_bridge_kafka,
                                      .log_arg = in->log};
    in->kafka.properties = options_kafka_properties(options, &in->kafka.property_count);
    in->topic_names[0] = k->telemetry_topic;
    in->topics[0] = (struct kafka_topic){.name = k->telemetry_topic,
                                         .partitions = (int)k->partitions,
                                         .replication_factor = (int)k->replication_factor};
}

static int make_producer(struct ingest *in, struct err *e)
{
    const struct settings *s = in->settings;
    const struct kafka_producer_options options = {
        .kafka = in->kafka,
        .topics = in->topic_names,
        .linger_ms = (int)s->linger_ms,
        .delivery_timeout_ms = (int)s->delivery_timeout_ms,
        .max_messages = (unsigned)s->queue_messages,
        .max_bytes = (size_t)s->queue_bytes,
    };
    return kafka_producer_new(&in->producer, &options, submission_delivered, in, e);
}

static void make_routes(struct ingest *in)
{
    in->routes = xcalloc(adapter_count, sizeof in->routes[0]);
    in->bound = xcalloc(adapter_count, sizeof in->bound[0]);
    for (unsigned i = 0; i < adapter_count; i++) {
        const struct adapter *a = adapters[i];
        in->bound[i] = (struct bound_adapter){.ingest = in, .adapter = a};
        in->routes[i] = (struct http_route){.method = a->method,
                                            .path = a->path,
                                            .handler = submission_handle,
                                            .arg = &in->bound[i],
                                            .errors = a->errors};
    }
}

static void make_spec(struct ingest *in)
{
    in->kafka_check = (struct daemon_check){.name = "kafka", .arg = in, .ready = kafka_ready};
    in->spec = (struct daemon_spec){.name = ingest_program.name,
                                    .routes = in->routes,
                                    .route_count = adapter_count,
                                    .checks = &in->kafka_check,
                                    .check_count = 1,
                                    .arg = in,
                                    .start = start,
                                    .drain = drain,
                                    .describe = describe};
}

int ingest_new(void **out, const void *settings, const struct options *options,
               struct daemon *daemon, struct err *e)
{
    struct ingest *in = xcalloc(1, sizeof *in);
    in->settings = settings;
    in->daemon = daemon;
    in->log = daemon_log(daemon);
    in->clock = daemon_clock(daemon);
    rng_seed(&in->rng, random_seed());
    set_up_kafka(in, options);
    in->pending = pending_pool_new(submission_finish, in);
    instruments_add(&in->instruments, daemon_metrics(daemon));
    make_routes(in);
    make_spec(in);
    int rc = make_producer(in, e);
    if (rc != 0) {
        ingest_free(in);
        return rc;
    }
    metrics_on_scrape(daemon_metrics(daemon), on_scrape, in);
    *out = in;
    return 0;
}

static void log_totals(const struct ingest *in, unsigned left)
{
    const struct instruments *i = &in->instruments;
    log_event(in->log, LOG_INFO, "totals",
              LOG_INT("ingested", (int64_t)metric_value(i->ingested, NULL)),
              LOG_INT("records", (int64_t)metric_value(i->records, NULL)),
              LOG_INT("publish_errors", (int64_t)metric_value(i->publish_errors, NULL)),
              LOG_INT("undelivered", left));
}

/* Requests whose client is gone may still be outstanding here. */
static void close_producer(struct ingest *in)
{
    unsigned left = kafka_producer_flush(in->producer, LAST_FLUSH_MS);
    kafka_producer_free(in->producer);
    if (in->producer_event) /* it ran */
        log_totals(in, left);
}

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

bool ingest_free(void *ingest)
{
    struct ingest *in = ingest;
    if (!in)
        return true;
    topic_keeper_free(in->topic_keeper);
    if (in->producer)
        close_producer(in);
    free_event(in->drain_timer);
    free_event(in->producer_event);
    pending_pool_free(in->pending);
    free(in->routes);
    free(in->bound);
    buf_deinit(&in->scratch);
    free(in);
    return true;
}

const struct daemon_spec *ingest_spec(void *ingest)
{
    const struct ingest *in = ingest;
    return &in->spec;
}
