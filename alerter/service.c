/* The alerter as a service: the pipeline on its thread, its ports to Kafka and the store. */
#include "alerter/service.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "alerter/events_kafka.h"
#include "alerter/lag.h"
#include "alerter/observe.h"
#include "alerter/pipeline.h"
#include "alerter/store_mongo.h"
#include "common/app/log_bridge.h"
#include "common/app/topic_keeper.h"
#include "common/app/worker.h"
#include "common/base/random.h"
#include "common/base/xmalloc.h"
#include "common/kafka/consumer.h"
#include "common/store/schema.h"

#define NAME  "weir-alerter"
#define GROUP "alerts_worker"

enum {
    INDEX_RETRY_MS = 1000,
    STORE_CLIENTS = 2,
    POLL_WAIT_MS = 100,
    OUTBOX_MAX = 64,
    CACHE_DEVICES = 200000,
    CACHE_AGE_MS = 600000,
};

struct alerter {
    const struct alerter_settings *settings; /* borrowed, as is the daemon */
    struct daemon *daemon;
    struct alert_rules rules;
    struct kafka_config kafka;
    const char *event_topics[2];
    struct kafka_topic topics[2];
    struct topic_keeper *keeper;
    struct kafka_consumer *consumer;
    struct kafka_publisher *publisher;
    struct alert_events_kafka events;
    struct mongo *mongo;
    struct alert_store_mongo store;
    struct alerter_observe *observe;
    struct alerter_lag lag;
    struct alert_pipeline *pipeline;
    struct worker *worker;
    struct daemon_check checks[2];
    struct daemon_spec spec;
    _Atomic bool stopping;
    bool indexes_made; /* worker's thread, as the next */
    int64_t indexes_try_ms;
};

/* --- readiness -------------------------------------------------------------------------------- */

static bool kafka_ready(void *arg, char *why, size_t why_size)
{
    struct alerter *a = arg;
    return kafka_consumer_ready(a->consumer, why, why_size) &&
           kafka_publisher_ready(a->publisher, why, why_size) &&
           !alerter_observe_blocked_on_kafka(a->observe, why, why_size);
}

static bool store_ready(void *arg, char *why, size_t why_size)
{
    struct alerter *a = arg;
    return mongo_ready(a->mongo, why, why_size) &&
           !alerter_observe_blocked_on_store(a->observe, why, why_size);
}

/* --- the pipeline's thread -------------------------------------------------------------------- */

static int64_t monotonic_ms(const struct alerter *a)
{
    return (int64_t)clock_monotonic_ms(daemon_clock(a->daemon));
}

/* The indexes come before the first alert, so that the TTL holds for all of them. */
static bool make_indexes(struct alerter *a)
{
    if (monotonic_ms(a) < a->indexes_try_ms) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        return false;
    }
    struct err e = {0};
    int rc = alert_store_mongo_prepare(&a->store, a->settings->alerts_ttl_ms, &e);
    if (rc == ERR_INVALID)
        daemon_fail(a->daemon, e.message);
    else if (rc != 0)
        log_event(daemon_log(a->daemon), LOG_WARN, "indexes_not_made",
                  LOG_STR("reason", e.message));
    a->indexes_try_ms = monotonic_ms(a) + INDEX_RETRY_MS;
    return rc == 0;
}

/* Between batches nothing is in hand; while blocked there is, but whoever comes next does it. */
static bool may_stop(const struct alert_pipeline_status *status)
{
    return status->phase == ALERT_PHASE_POLL || status->blocked_since_ms >= 0;
}

static bool step(void *arg)
{
    struct alerter *a = arg;
    bool stopping = atomic_load(&a->stopping);
    if (!a->indexes_made) {
        a->indexes_made = !stopping && make_indexes(a);
        return !stopping;
    }
    const struct alert_pipeline_status *status = alert_pipeline_status(a->pipeline);
    if (stopping && may_stop(status))
        return false;
    alert_pipeline_step(a->pipeline, monotonic_ms(a));
    alerter_observe_step(a->observe, status, monotonic_ms(a));
    if (status->blocked_since_ms < 0)
        alerter_lag_turn(&a->lag, &status->owned, monotonic_ms(a));
    return true;
}

static void drained_on_loop(void *arg)
{
    struct alerter *a = arg;
    daemon_drained(a->daemon);
}

static void done(void *arg)
{
    struct alerter *a = arg;
    daemon_post(a->daemon, drained_on_loop, a);
}

/* --- life cycle ------------------------------------------------------------------------------- */

static int start(void *arg, struct daemon *d, struct err *e)
{
    (void)e;
    struct alerter *a = arg;
    if (a->settings->kafka.create_topics)
        a->keeper = topic_keeper_new(&a->kafka, a->topics, 2, daemon_log(d));
    a->worker = worker_new("pipeline", step, done, a);
    return 0;
}

static void drain(void *arg, struct daemon *d)
{
    (void)d;
    struct alerter *a = arg;
    atomic_store(&a->stopping, true);
}

static void name_topics(struct alerter *a)
{
    const struct settings_kafka *k = &a->settings->kafka;
    a->topics[0] = (struct kafka_topic){.name = k->telemetry_topic,
                                        .partitions = (int)k->partitions,
                                        .replication_factor = (int)k->replication_factor};
    a->topics[1] = a->topics[0];
    a->topics[1].name = k->alerts_topic;
    a->event_topics[0] = k->alerts_topic;
}

static int open_kafka(struct alerter *a, const struct options *options, struct err *e)
{
    a->kafka = (struct kafka_config){
        .bootstrap_servers = a->settings->kafka.bootstrap_servers,
        .client_id = NAME,
        .log = log_bridge_kafka,
        .log_arg = daemon_log(a->daemon),
    };
    a->kafka.properties = options_kafka_properties(options, &a->kafka.property_count);
    const struct kafka_consumer_options consumer = {
        .kafka = a->kafka,
        .topic = a->settings->kafka.telemetry_topic,
        .group = GROUP,
        .session_timeout_ms = 6000, /* how long the partitions of a killed member wait */
        .max_poll_interval_ms = 300000,
    };
    const struct kafka_producer_options publisher = {
        .kafka = a->kafka,
        .topics = a->event_topics,
        .linger_ms = 1,
        .delivery_timeout_ms = 5000,
        .max_messages = 10000,
        .max_bytes = (size_t)64 << 20,
    };
    int rc = kafka_consumer_new(&a->consumer, &consumer, e);
    if (rc == 0)
        rc = kafka_publisher_new(&a->publisher, &publisher, e);
    a->events.publisher = a->publisher;
    return rc;
}

static int open_store(struct alerter *a, struct err *e)
{
    const struct mongo_options options = {
        .url = a->settings->mongo.url,
        .database = a->settings->mongo.db,
        .app_name = NAME,
        .max_clients = STORE_CLIENTS,
        .log = log_bridge_mongo,
        .log_arg = daemon_log(a->daemon),
    };
    int rc = mongo_new(&a->mongo, &options, e);
    a->store = (struct alert_store_mongo){.mongo = a->mongo,
                                          .states = STORE_ALERT_STATE,
                                          .alerts = a->settings->mongo.alerts_collection};
    return rc;
}

static void build_pipeline(struct alerter *a)
{
    const struct alert_pipeline_config config = {
        .rules = &a->rules,
        .stream = kafka_consumer_port(a->consumer),
        .store = alert_store_mongo_port(&a->store),
        .events = alert_events_kafka_port(&a->events),
        .limits = {.max_age_ms = a->settings->alert_max_age_ms,
                   .max_future_skew_ms = a->settings->max_future_skew_ms},
        .outbox_max = OUTBOX_MAX,
        .cache_devices = CACHE_DEVICES,
        .cache_age_ms = CACHE_AGE_MS,
        .poll_wait_ms = POLL_WAIT_MS,
        .seed = random_seed(),
    };
    a->pipeline = alert_pipeline_new(&config);
    a->observe = alerter_observe_new(daemon_log(a->daemon), daemon_metrics(a->daemon), &a->rules);
    a->lag = (struct alerter_lag){.stream = config.stream, .observe = a->observe};
}

int alerter_new(void **out, const void *settings, const struct options *options, struct daemon *d,
                struct err *e)
{
    struct alerter *a = xcalloc(1, sizeof *a);
    a->settings = settings;
    a->daemon = d;
    name_topics(a);
    int rc = alert_rules_init(&a->rules, &a->settings->thresholds, e);
    if (rc == 0)
        rc = open_kafka(a, options, e);
    if (rc == 0)
        rc = open_store(a, e);
    if (rc != 0) {
        alerter_free(a);
        return rc;
    }
    build_pipeline(a);
    a->checks[0] = (struct daemon_check){.name = "kafka", .arg = a, .ready = kafka_ready};
    a->checks[1] = (struct daemon_check){.name = "mongo", .arg = a, .ready = store_ready};
    a->spec = (struct daemon_spec){.name = NAME,
                                   .checks = a->checks,
                                   .check_count = 2,
                                   .arg = a,
                                   .start = start,
                                   .drain = drain};
    *out = a;
    return 0;
}

bool alerter_free(void *alerter)
{
    struct alerter *a = alerter;
    if (!a)
        return true;
    worker_free(a->worker);
    topic_keeper_free(a->keeper);
    alert_pipeline_free(a->pipeline);
    bool clean = !a->consumer || kafka_consumer_free(a->consumer);
    if (!clean)
        log_event(daemon_log(a->daemon), LOG_WARN, "consumer_close_timed_out");
    kafka_publisher_free(a->publisher);
    mongo_free(a->mongo);
    alerter_observe_free(a->observe);
    free(a);
    return clean;
}

const struct daemon_spec *alerter_spec(void *alerter)
{
    const struct alerter *a = alerter;
    return &a->spec;
}
