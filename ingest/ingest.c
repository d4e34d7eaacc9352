/* weir-ingest as one struct: what it owns, how it starts, drains and stops. */
#include "ingest/ingest.h"

#include <stdlib.h>

#include "common/app/log_bridge.h"
#include "common/base/xmalloc.h"

enum { DRAIN_POLL_MS = 5, LAST_FLUSH_MS = 1000 };

static bool kafka_ready(void *arg, char *why, size_t why_size)
{
    const struct ingest *in = arg;
    for (unsigned i = 0; i < in->workers; i++)
        if (!kafka_producer_ready(in->fronts[i].producer, why, why_size))
            return false;
    return true;
}

static unsigned readings_in_flight(const struct ingest *in)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < in->workers; i++)
        sum += kafka_producer_in_flight(in->fronts[i].producer);
    return sum;
}

static void on_scrape(void *arg)
{
    const struct ingest *in = arg;
    const struct instruments *i = &in->instruments;
    size_t bytes = 0;
    unsigned open = 0;
    for (unsigned n = 0; n < in->workers; n++) {
        const struct kafka_producer *producer = in->fronts[n].producer;
        bytes += kafka_producer_in_flight_bytes(producer);
        open += kafka_producer_breaker_open(producer);
    }
    metric_set(i->queue_messages, NULL, readings_in_flight(in));
    metric_set(i->queue_bytes, NULL, (double)bytes);
    metric_set(i->breaker_open, NULL, open);
}

static void set_limits(const struct ingest *in)
{
    const struct instruments *i = &in->instruments;
    metric_set(i->workers, NULL, in->workers);
    metric_set(i->queue_messages_limit, NULL, (double)in->settings->queue_messages);
    metric_set(i->queue_bytes_limit, NULL, (double)in->settings->queue_bytes);
}

/* --- life cycle --- */

static int start(void *arg, struct daemon *d, struct err *e)
{
    struct ingest *in = arg;
    int rc = front_start(&in->fronts[0], daemon_loop(d), e);
    if (rc != 0)
        return rc;
    in->started = true;
    if (in->settings->kafka.create_topics)
        in->topic_keeper = topic_keeper_new(&in->kafka, in->topics, INGEST_TOPICS, in->log);
    return key_keeper_start(in->keys, "anyone who reaches the port may send readings", e);
}

static int start_side(void *arg, struct event_base *loop, struct err *e)
{
    return front_start(arg, loop, e);
}

static void on_drain_poll(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct ingest *in = arg;
    if (readings_in_flight(in) > 0)
        return;
    event_del(in->drain_timer);
    daemon_drained(in->daemon);
}

/* The servers stop listening; requests already open still publish and are still answered,
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
    const struct ingest *in = arg;
    key_keeper_describe(in->keys, json);
}

static void reload(void *arg, struct daemon *d)
{
    (void)d;
    const struct ingest *in = arg;
    key_keeper_reload(in->keys);
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

/* Each front has its share of the queue's limits, so that together they keep them. */
static int make_front(struct ingest *in, struct front *f, struct err *e)
{
    const struct settings *s = in->settings;
    const struct kafka_producer_options producer = {
        .kafka = in->kafka,
        .topics = in->topic_names,
        .linger_ms = (int)s->linger_ms,
        .delivery_timeout_ms = (int)s->delivery_timeout_ms,
        .max_messages = (unsigned)s->queue_messages / in->workers,
        .max_bytes = (size_t)s->queue_bytes / in->workers,
    };
    return front_init(f, in, &producer, e);
}

static int make_fronts(struct ingest *in, struct err *e)
{
    in->workers = settings_workers(in->settings);
    in->fronts = xcalloc(in->workers, sizeof in->fronts[0]);
    in->sides = xcalloc(in->workers, sizeof in->sides[0]);
    int rc = 0;
    for (unsigned i = 0; i < in->workers && rc == 0; i++)
        rc = make_front(in, &in->fronts[i], e);
    for (unsigned i = 1; i < in->workers && rc == 0; i++)
        in->sides[i - 1] = (struct daemon_side){
            .routes = in->fronts[i].routes, .arg = &in->fronts[i], .start = start_side};
    return rc;
}

static void make_spec(struct ingest *in)
{
    in->kafka_check = (struct daemon_check){.name = "kafka", .arg = in, .ready = kafka_ready};
    in->spec = (struct daemon_spec){.name = ingest_program.name,
                                    .routes = in->fronts[0].routes,
                                    .route_count = in->fronts[0].route_count,
                                    .checks = &in->kafka_check,
                                    .check_count = 1,
                                    .sides = in->sides,
                                    .side_count = in->workers - 1,
                                    .arg = in,
                                    .start = start,
                                    .drain = drain,
                                    .reload = reload,
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
    set_up_kafka(in, options);
    instruments_add(&in->instruments, daemon_metrics(daemon));
    limits_init(&in->limits, in->settings);
    int rc = key_keeper_new(&in->keys, &in->settings->auth, daemon, e);
    if (rc == 0)
        rc = make_fronts(in, e);
    if (rc != 0) {
        ingest_free(in);
        return rc;
    }
    make_spec(in);
    set_limits(in);
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

/* Requests whose client is gone may still be outstanding here. All fronts have one deadline; their
 * loops have ended. */
static unsigned end_fronts(struct ingest *in)
{
    unsigned left = 0;
    const uint64_t until_ms = clock_monotonic_ms(in->clock) + LAST_FLUSH_MS;
    for (unsigned i = 0; i < in->workers; i++)
        left += front_flush(&in->fronts[i], until_ms);
    for (unsigned i = 0; i < in->workers; i++)
        front_deinit(&in->fronts[i]);
    return left;
}

bool ingest_free(void *ingest)
{
    struct ingest *in = ingest;
    if (!in)
        return true;
    topic_keeper_free(in->topic_keeper);
    if (in->drain_timer)
        event_free(in->drain_timer);
    unsigned left = end_fronts(in);
    key_keeper_free(in->keys);
    limits_deinit(&in->limits);
    if (in->started)
        log_totals(in, left);
    free(in->fronts);
    free(in->sides);
    free(in);
    return true;
}

const struct daemon_spec *ingest_spec(void *ingest)
{
    const struct ingest *in = ingest;
    return &in->spec;
}
