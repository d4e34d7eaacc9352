/* The settings that several daemons share, and their rows for the option table. */
#ifndef WEIR_APP_SETTINGS_H
#define WEIR_APP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/app/options.h"
#include "common/auth/api_key.h"
#include "common/auth/key_store.h"

struct settings_common {
    const char *listen, *log_level, *log_format;
    int64_t drain_ms;       /* SHUTDOWN_TIMEOUT */
    int64_t drain_delay_ms; /* SHUTDOWN_DELAY */
};

struct settings_auth {
    const char *api_key, *api_keys_file; /* NULL = not set */
};

struct settings_kafka {
    const char *bootstrap_servers, *telemetry_topic, *dlq_topic, *alerts_topic;
    int64_t partitions;         /* TOPIC_PARTITIONS, 12 */
    int64_t replication_factor; /* TOPIC_REPLICATION_FACTOR, -1 = broker's default */
    bool create_topics;
};

struct settings_mongo {
    const char *url, *db, *raw_collection, *agg_collection, *alerts_collection;
};

/* For options_program.check: an API_KEY that was set but is empty (a secret that was not mounted)
 * must not turn authentication off. */
void settings_check_auth(struct options *o, const struct settings_auth *s);

/* HOST:PORT, [IPV6]:PORT, :PORT or PORT. */
int settings_valid_listen(const char *text, struct err *e);
/* HOST:PORT[,HOST:PORT...] */
int settings_valid_bootstrap(const char *text, struct err *e);
/* 1 to 249 of [A-Za-z0-9._-], not "." or "..". */
int settings_valid_topic(const char *text, struct err *e);
/* mongodb:// or mongodb+srv:// */
int settings_valid_mongo_url(const char *text, struct err *e);
/* A name of a database or collection: not empty, no '$', no NUL, no leading "system.". */
int settings_valid_mongo_name(const char *text, struct err *e);

/* 0 (kept for ever), or at least 1m: stores look once a minute, less would promise too much. */
int settings_valid_ttl(const char *text, struct err *e);

/* Rows for a struct T with the members `common`, `kafka`, `mongo`; used inside an initializer:
 *     static const struct option_row rows[] = {
 *         SETTINGS_COMMON(struct settings, common, "0.0.0.0:8001"),
 *         SETTINGS_KAFKA(struct settings, kafka), ..., {0}};
 * Who uses only some rows of Kafka or MongoDB takes those macros that name them.
 */
/* clang-format off */
#define SETTINGS_COMMON(T, member, listen_default) \
    {.name = "LISTEN", .type = OPTION_STRING, .field = offsetof(T, member.listen), \
     .fallback = (listen_default), .group = "Daemon", .valid = settings_valid_listen, \
     .help = "Where to listen: HOST:PORT, :PORT or PORT."}, \
    {.name = "LOG_LEVEL", .type = OPTION_CHOICE, .field = offsetof(T, member.log_level), \
     .fallback = "info", .choices = "debug|info|warn|error", .group = "Daemon", \
     .help = "The least important lines to write."}, \
    {.name = "LOG_FORMAT", .type = OPTION_CHOICE, .field = offsetof(T, member.log_format), \
     .fallback = "auto", .choices = "auto|json|human", .group = "Daemon", \
     .help = "Form of the log on standard error; auto is human on a terminal, else json."}, \
    {.name = "SHUTDOWN_TIMEOUT", .type = OPTION_DURATION, .field = offsetof(T, member.drain_ms), \
     .fallback = "25s", .min = 100, .max = 3600e3, .group = "Daemon", \
     .help = "Longest time for finishing what was begun after TERM; then exit status 1."}, \
    {.name = "SHUTDOWN_DELAY", .type = OPTION_DURATION, \
     .field = offsetof(T, member.drain_delay_ms), .fallback = "0", .min = 0, .max = 600e3, \
     .group = "Daemon", \
     .help = "Time to go on accepting after TERM while /readyz already says no, so that load " \
             "balancers notice."}

#define SETTINGS_AUTH(T, member) \
    {.name = "API_KEY", .type = OPTION_STRING, .field = offsetof(T, member.api_key), \
     .secret = true, .group = "Keys", .valid = api_key_check_setting, \
     .help = "One key with all scopes: 16 to 512 printable ASCII characters without spaces."}, \
    {.name = "API_KEYS_FILE", .type = OPTION_STRING, \
     .field = offsetof(T, member.api_keys_file), .group = "Keys", \
     .valid = key_store_check_file, \
     .help = "Keys with scopes, devices and validity, as weirctl key makes them; read again " \
             "when it changes, and on HUP. With API_KEY as well, both are good; with neither, " \
             "authentication is off."}

#define SETTINGS_BROKERS(T, member) \
    {.name = "KAFKA_BOOTSTRAP_SERVERS", .alias = "KAFKA_BOOTSTRAP", .type = OPTION_STRING, \
     .field = offsetof(T, member.bootstrap_servers), .fallback = "localhost:9092", \
     .group = "Kafka", .valid = settings_valid_bootstrap, \
     .help = "Kafka brokers to begin with: HOST:PORT, several with commas."}

#define SETTINGS_TELEMETRY_TOPIC(T, member) \
    {.name = "TELEMETRY_TOPIC", .alias = "RAW_TOPIC", .type = OPTION_STRING, \
     .field = offsetof(T, member.telemetry_topic), .fallback = "telemetry.raw", \
     .group = "Kafka", .valid = settings_valid_topic, .help = "Topic of the readings."}

#define SETTINGS_DLQ_TOPIC(T, member) \
    {.name = "DLQ_TOPIC", .type = OPTION_STRING, .field = offsetof(T, member.dlq_topic), \
     .fallback = "telemetry.dlq", .group = "Kafka", .valid = settings_valid_topic, \
     .help = "Topic of the dead letters."}

#define SETTINGS_ALERTS_TOPIC(T, member) \
    {.name = "ALERTS_TOPIC", .type = OPTION_STRING, .field = offsetof(T, member.alerts_topic), \
     .fallback = "alerts.triggered", .group = "Kafka", .valid = settings_valid_topic, \
     .help = "Topic of the transitions of alerts."}

#define SETTINGS_PARTITIONS(T, member) \
    {.name = "TOPIC_PARTITIONS", .type = OPTION_INT, .field = offsetof(T, member.partitions), \
     .fallback = "12", .min = 1, .max = 10000, .group = "Kafka", \
     .help = "Partitions of topics that are created."}

#define SETTINGS_KAFKA(T, member) \
    SETTINGS_BROKERS(T, member), SETTINGS_TELEMETRY_TOPIC(T, member), \
    SETTINGS_DLQ_TOPIC(T, member), SETTINGS_ALERTS_TOPIC(T, member), \
    {.name = "CREATE_TOPICS", .type = OPTION_BOOL, .field = offsetof(T, member.create_topics), \
     .fallback = "true", .group = "Kafka", .help = "Create missing topics at start."}, \
    SETTINGS_PARTITIONS(T, member), \
    {.name = "TOPIC_REPLICATION_FACTOR", .type = OPTION_INT, \
     .field = offsetof(T, member.replication_factor), .fallback = "-1", .min = -1, .max = 1000, \
     .group = "Kafka", .help = "Copies of topics that are created; -1 = the broker's default."}

#define SETTINGS_DATABASE(T, member) \
    {.name = "MONGO_URL", .alias = "MONGO_URI", .type = OPTION_STRING, \
     .field = offsetof(T, member.url), .fallback = "mongodb://localhost:27017", .secret = true, \
     .group = "MongoDB", .valid = settings_valid_mongo_url, \
     .help = "Connection string of MongoDB; may hold user and password."}, \
    {.name = "MONGO_DB", .type = OPTION_STRING, .field = offsetof(T, member.db), \
     .fallback = "iotdb", .group = "MongoDB", .valid = settings_valid_mongo_name, \
     .help = "Name of the database."}

#define SETTINGS_RAW_AND_AGG(T, member) \
    {.name = "RAW_COLLECTION", .type = OPTION_STRING, .field = offsetof(T, member.raw_collection), \
     .fallback = "telemetry_raw", .group = "MongoDB", .valid = settings_valid_mongo_name, \
     .help = "Collection of the readings."}, \
    {.name = "AGG_COLLECTION", .type = OPTION_STRING, .field = offsetof(T, member.agg_collection), \
     .fallback = "aggregated_data", .group = "MongoDB", .valid = settings_valid_mongo_name, \
     .help = "Collection of the one-minute windows."}

#define SETTINGS_MONGO(T, member) \
    SETTINGS_DATABASE(T, member), SETTINGS_RAW_AND_AGG(T, member), \
    {.name = "ALERTS_COLLECTION", .type = OPTION_STRING, \
     .field = offsetof(T, member.alerts_collection), .fallback = "alerts", .group = "MongoDB", \
     .valid = settings_valid_mongo_name, .help = "Collection of the alerts."}

/* For how long something is kept, in `field` as ms; `text` is a string literal. */
#define SETTINGS_TTL(setting, member_offset, period, text) \
    {.name = (setting), .type = OPTION_DURATION, .field = (member_offset), \
     .fallback = (period), .min = 0, .max = 36500 * 86400e3, .group = "Retention", \
     .valid = settings_valid_ttl, .help = text " 0 = for ever."}
/* clang-format on */

#endif
