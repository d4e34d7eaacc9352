/* The aggregator as a service: the pipeline on its thread, its ports to Kafka and the store. */
#include "aggregator/service.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "aggregator/letters_kafka.h"
#include "aggregator/observe.h"
#include "aggregator/pipeline.h"
#include "aggregator/rollup_worker.h"
#include "aggregator/sink_mongo.h"
#include "common/app/log_bridge.h"
#include "common/app/topic_keeper.h"
#include "common/app/worker.h"
#include "common/base/random.h"
#include "common/base/xmalloc.h"
#include "common/kafka/consumer.h"
#include "common/store/schema.h"

#define GROUP "aggregator_worker"

/* A record is larger when it is wrapped: base64 makes four bytes of three. Where the topic takes
 * less, a letter is cut. */
enum { SCHEMA_RETRY_MS = 1000, STORE_CLIENTS = 4, LETTER_BYTES_MAX = 4 << 20 };

struct service {
    const struct settings *settings; /* borrowed, as is the daemon */
    struct daemon *daemon;
    struct kafka_config kafka;
    const char *dlq_topics[2];
    struct kafka_topic topics[2];
    struct topic_keeper *keeper;
    struct kafka_consumer *consumer;
    struct kafka_publisher *publisher;
    struct letters_kafka letters;
    struct mongo *mongo;
    struct sink_mongo *sink;
    struct observe *observe;
    struct pipeline *pipeline;
    struct worker *worker;
    struct rollup_worker *rollups;
    struct daemon_check checks[2];
    struct daemon_spec spec;
    _Atomic bool stopping;
    bool schema_applied; /* worker's thread */
    uint64_t schema_try_ms;
};

/* --- readiness -------------------------------------------------------------------------------- */

static bool kafka_ready(void *arg, char *why, size_t why_size)
{
    struct service *s = arg;
    return kafka_consumer_ready(s->consumer, why, why_size) &&
           pipeline_blocked(s->pipeline, why, why_size) != PIPELINE_BLOCKED_BY_KAFKA;
}

static bool store_ready(void *arg, char *why, size_t why_size)
{
    struct service *s = arg;
    return mongo_ready(s->mongo, why, why_size) &&
           pipeline_blocked(s->pipeline, why, why_size) != PIPELINE_BLOCKED_BY_STORE;
}

/* --- the pipeline's thread -------------------------------------------------------------------- */

static void tell_migrated(void *arg, int64_t version, const char *what)
{
    log_event(arg, LOG_INFO, "schema_migrated", LOG_INT("version", version), LOG_STR("step", what));
}

/* Indexes and schema version come before the first record; the group is joined only then. */
static bool apply_schema(struct service *s)
{
    const struct clock *clock = daemon_clock(s->daemon);
    uint64_t now_ms = clock_monotonic_ms(clock);
    if (now_ms < s->schema_try_ms) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        return false;
    }
    const struct settings_mongo *m = &s->settings->mongo;
    struct store_schema_options options = {
        .raw = m->raw_collection,
        .windows = m->agg_collection,
        .alerts = m->alerts_collection,
        .raw_ttl_ms = s->settings->raw_ttl_ms,
        .windows_ttl_ms = s->settings->agg_ttl_ms,
        .hours_ttl_ms = s->settings->hours_ttl_ms,
        .days_ttl_ms = s->settings->days_ttl_ms,
        .alerts_ttl_ms = s->settings->alerts_ttl_ms,
        .migrated = tell_migrated,
        .arg = daemon_log(s->daemon),
    };
    struct err e = {0};
    int rc = store_schema_apply(s->mongo, &options, clock_wall_ms(clock), &e);
    if (rc == ERR_INVALID)
        daemon_fail(s->daemon, e.message);
    else if (rc)
        log_event(daemon_log(s->daemon), LOG_WARN, "schema_not_applied",
                  LOG_STR("reason", e.message));
    s->schema_try_ms = clock_monotonic_ms(clock) + SCHEMA_RETRY_MS;
    return rc == 0;
}

static bool step(void *arg)
{
    struct service *s = arg;
    if (!s->schema_applied) {
        if (atomic_load(&s->stopping))
            return false;
        s->schema_applied = apply_schema(s);
        if (s->schema_applied)
            rollup_worker_begin(s->rollups);
        return true;
    }
    return pipeline_step(s->pipeline);
}

static void drained_on_loop(void *arg)
{
    struct service *s = arg;
    daemon_drained(s->daemon);
}

static void done(void *arg)
{
    struct service *s = arg;
    daemon_post(s->daemon, drained_on_loop, s);
}

/* --- life cycle ------------------------------------------------------------------------------- */

static void start_rollups(struct service *s)
{
    s->rollups = rollup_worker_new(&(struct rollup_worker_options){
        .store = {.mongo = s->mongo,
                  .windows = s->settings->mongo.agg_collection,
                  .hours = STORE_HOURS,
                  .days = STORE_DAYS,
                  .state = STORE_ROLLUP_STATE},
        .interval_ms = s->settings->rollup_interval_ms,
        .overlap_ms = s->settings->rollup_overlap_ms,
        .grace_ms = s->settings->grace_ms,
        .clock = *daemon_clock(s->daemon),
        .log = daemon_log(s->daemon),
        .metrics = daemon_metrics(s->daemon),
    });
}

static int start(void *arg, struct daemon *d, struct err *e)
{
    (void)e;
    struct service *s = arg;
    if (s->settings->kafka.create_topics)
        s->keeper = topic_keeper_new(&s->kafka, s->topics, 2, daemon_log(d));
    start_rollups(s);
    s->worker = worker_new("pipeline", step, done, s);
    return 0;
}

static void drain(void *arg, struct daemon *d)
{
    (void)d;
    struct service *s = arg;
    atomic_store(&s->stopping, true);
    pipeline_stop(s->pipeline);
    rollup_worker_stop(s->rollups);
}

static int open_kafka(struct service *s, const struct options *options, struct err *e)
{
    const struct settings_kafka *k = &s->settings->kafka;
    s->kafka = (struct kafka_config){
        .bootstrap_servers = k->bootstrap_servers,
        .client_id = "weir-aggregator",
        .log = log_bridge_kafka,
        .log_arg = daemon_log(s->daemon),
    };
    s->kafka.properties = options_kafka_properties(options, &s->kafka.property_count);
    s->topics[0] = (struct kafka_topic){.name = k->telemetry_topic,
                                        .partitions = (int)k->partitions,
                                        .replication_factor = (int)k->replication_factor};
    s->topics[1] = s->topics[0];
    s->topics[1].name = k->dlq_topic;
    s->topics[1].max_message_bytes = LETTER_BYTES_MAX;
    s->topics[1].retention_ms = s->settings->dlq_ttl_ms ? s->settings->dlq_ttl_ms : -1;
    s->dlq_topics[0] = k->dlq_topic;
    struct kafka_consumer_options consumer = {
        .kafka = s->kafka,
        .topic = k->telemetry_topic,
        .group = GROUP,
        .session_timeout_ms = 6000, /* how long a killed member's partitions wait */
        .max_poll_interval_ms = 300000,
    };
    int rc = kafka_consumer_new(&s->consumer, &consumer, e);
    if (rc)
        return rc;
    struct kafka_producer_options publisher = {
        .kafka = s->kafka,
        .topics = s->dlq_topics,
        .linger_ms = 1,
        .delivery_timeout_ms = 5000,
        .max_messages = 10000,
        .max_bytes = 64 << 20,
        .max_message_bytes = LETTER_BYTES_MAX,
    };
    rc = kafka_publisher_new(&s->publisher, &publisher, e);
    s->letters.publisher = s->publisher;
    return rc;
}

static int open_store(struct service *s, struct err *e)
{
    const struct settings_mongo *m = &s->settings->mongo;
    struct mongo_options options = {
        .url = m->url,
        .database = m->db,
        .app_name = "weir-aggregator",
        .max_clients = STORE_CLIENTS,
        .log = log_bridge_mongo,
        .log_arg = daemon_log(s->daemon),
    };
    int rc = mongo_new(&s->mongo, &options, e);
    if (rc)
        return rc;
    s->sink = sink_mongo_new(&(struct sink_mongo_options){
        .mongo = s->mongo,
        .topic = s->settings->kafka.telemetry_topic,
        .raw = m->raw_collection,
        .windows = m->agg_collection,
        .devices = STORE_DEVICES,
        .ledger = STORE_LEDGER,
    });
    return 0;
}

/* On the pipeline's thread: the next step sets the new store up. */
static void store_replaced(void *arg)
{
    struct service *s = arg;
    s->schema_applied = false;
    s->schema_try_ms = 0;
}

static void build_pipeline(struct service *s)
{
    struct pipeline_config config = pipeline_config_defaults();
    config.topic = s->settings->kafka.telemetry_topic;
    config.group = GROUP;
    config.flush_ms = s->settings->window_flush_ms;
    config.window_writes = s->settings->window_writes;
    config.grace_ms = s->settings->grace_ms;
    config.max_future_skew_ms = s->settings->max_future_skew_ms;
    config.max_windows = (size_t)s->settings->max_windows;
    config.max_retries = (unsigned)s->settings->max_retries;
    config.seed = random_seed();
    s->observe = observe_new(daemon_log(s->daemon), daemon_metrics(s->daemon));
    observe_on_replaced(s->observe, store_replaced, s);
    struct pipeline_ports ports = {
        .stream = kafka_consumer_port(s->consumer),
        .sink = sink_mongo_port(s->sink),
        .letters = letters_kafka_port(&s->letters),
        .clock = *daemon_clock(s->daemon),
        .observer = observe_port(s->observe),
    };
    s->pipeline = pipeline_new(&config, &ports);
    observe_watch(s->observe, pipeline_stats(s->pipeline));
}

int service_new(void **out, const void *settings, const struct options *options, struct daemon *d,
                struct err *e)
{
    struct service *s = xcalloc(1, sizeof *s);
    s->settings = settings;
    s->daemon = d;
    int rc = open_kafka(s, options, e);
    if (rc == 0)
        rc = open_store(s, e);
    if (rc) {
        service_free(s);
        return rc;
    }
    build_pipeline(s);
    s->checks[0] = (struct daemon_check){.name = "kafka", .arg = s, .ready = kafka_ready};
    s->checks[1] = (struct daemon_check){.name = "mongo", .arg = s, .ready = store_ready};
    s->spec = (struct daemon_spec){
        .name = "weir-aggregator",
        .checks = s->checks,
        .check_count = 2,
        .arg = s,
        .start = start,
        .drain = drain,
    };
    *out = s;
    return 0;
}

bool service_free(void *service)
{
    struct service *s = service;
    if (!s)
        return true;
    worker_free(s->worker);
    rollup_worker_free(s->rollups);
    topic_keeper_free(s->keeper);
    pipeline_free(s->pipeline);
    bool clean = !s->consumer || kafka_consumer_free(s->consumer);
    if (!clean)
        log_event(daemon_log(s->daemon), LOG_WARN, "consumer_close_timed_out");
    kafka_publisher_free(s->publisher);
    sink_mongo_free(s->sink);
    mongo_free(s->mongo);
    observe_free(s->observe);
    free(s);
    return clean;
}

const struct daemon_spec *service_spec(void *service)
{
    const struct service *s = service;
    return &s->spec;
}
