/* What the daemons really ask of Kafka and of the store. */
#include "tests/sim/agg_reality.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/kafka/group.h"
#include "common/mongo/uri.h"

static bool property_is(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[64];
    size_t size = sizeof text;
    if (rd_kafka_conf_get(conf, name, text, &size) != RD_KAFKA_CONF_OK)
        abort();
    return strcmp(text, value) == 0;
}

/* The reset policy is a property of topics, kept in the default topic's configuration. */
static bool topic_property_is(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[64];
    size_t size = sizeof text;
    if (rd_kafka_topic_conf_get(rd_kafka_conf_get_default_topic_conf(conf), name, text, &size) !=
        RD_KAFKA_CONF_OK)
        abort();
    return strcmp(text, value) == 0;
}

static void read_kafka(struct reality *r)
{
    const struct kafka_consumer_options options = {
        .kafka = {.bootstrap_servers = "localhost:1", .client_id = "sim"},
        .topic = "telemetry.raw",
        .group = "sim",
        .session_timeout_ms = 10000,
        .max_poll_interval_ms = 300000,
    };
    struct group_client g;
    if (group_client_init(&g, &options, NULL) != 0)
        abort();
    r->auto_commit = property_is(g.conf, "enable.auto.commit", "true") &&
                     property_is(g.conf, "enable.auto.offset.store", "true");
    r->from_latest = !topic_property_is(g.conf, "auto.offset.reset", "smallest");
    group_client_deinit(&g);
}

static void read_store(struct reality *r)
{
    const struct mongo_options options = {.url = "mongodb://localhost:1", .database = "sim"};
    mongoc_uri_t *uri;
    if (mongo_uri_new(&uri, &options, NULL) != 0)
        abort();
    r->journaled = mongoc_write_concern_get_journal(mongoc_uri_get_write_concern(uri));
    const char *level = mongoc_read_concern_get_level(mongoc_uri_get_read_concern(uri));
    r->safe_reads = level && strcmp(level, MONGOC_READ_CONCERN_LEVEL_MAJORITY) == 0;
    mongoc_uri_destroy(uri);
}

struct reality reality_read(void)
{
    struct reality r;
    read_kafka(&r);
    read_store(&r);
    return r;
}
