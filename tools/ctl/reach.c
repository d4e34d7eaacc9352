/* A client of the store, and how Kafka is reached. */
#include "tools/ctl/reach.h"

static int ping(struct reach *r, struct err *e)
{
    bson_t *command = BCON_NEW("ping", BCON_INT32(1));
    bson_error_t error = {0};
    bool ok = mongoc_client_command_simple(r->client, "admin", command, NULL, NULL, &error);
    bson_destroy(command);
    return ok ? 0 : err_set(e, ERR_UNAVAILABLE, "the store does not answer: %s", error.message);
}

int reach_open(struct reach *r, const struct ctl_settings *s, int32_t answer_ms, struct err *e)
{
    *r = (struct reach){
        .kafka = {.bootstrap_servers = s->kafka.bootstrap_servers, .client_id = "weirctl"}};
    r->kafka.properties = options_kafka_properties(s->options, &r->kafka.property_count);
    const struct mongo_options options = {
        .url = s->mongo.url,
        .database = s->mongo.db,
        .app_name = "weirctl",
        .max_clients = 1,
        .socket_timeout_ms = answer_ms,
    };
    int rc = mongo_new(&r->mongo, &options, e);
    if (rc)
        return rc;
    r->client = mongo_pop(r->mongo);
    return r->client ? ping(r, e) : err_set(e, ERR_UNAVAILABLE, "no store client is free");
}

void reach_close(struct reach *r)
{
    if (r->client)
        mongo_push(r->mongo, r->client);
    mongo_free(r->mongo);
    *r = (struct reach){.mongo = NULL};
}

mongoc_collection_t *reach_collection(struct reach *r, const char *name)
{
    return mongo_collection(r->mongo, r->client, name);
}
