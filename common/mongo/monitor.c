/* What the driver's own monitoring says of the store. */
#include "common/mongo/monitor.h"

#include <stdio.h>

static void on_topology_changed(const mongoc_apm_topology_changed_t *event)
{
    struct mongo_monitor *m = mongoc_apm_topology_changed_get_context(event);
    /* the driver hands out a const description to functions that do not change it */
    mongoc_topology_description_t *now =
        (mongoc_topology_description_t *)(uintptr_t)mongoc_apm_topology_changed_get_new_description(
            event);
    bool writable = mongoc_topology_description_has_writable_server(now);
    pthread_mutex_lock(&m->lock);
    m->writable = writable;
    pthread_mutex_unlock(&m->lock);
}

static void on_heartbeat_failed(const mongoc_apm_server_heartbeat_failed_t *event)
{
    struct mongo_monitor *m = mongoc_apm_server_heartbeat_failed_get_context(event);
    const mongoc_host_list_t *host = mongoc_apm_server_heartbeat_failed_get_host(event);
    bson_error_t error = {0};
    mongoc_apm_server_heartbeat_failed_get_error(event, &error);
    pthread_mutex_lock(&m->lock);
    snprintf(m->why, sizeof m->why, "no store answers: %.60s: %.160s", host->host_and_port,
             error.message);
    pthread_mutex_unlock(&m->lock);
}

void mongo_monitor_init(struct mongo_monitor *m, mongoc_client_pool_t *pool)
{
    *m = (struct mongo_monitor){.why = "no store has answered yet"};
    pthread_mutex_init(&m->lock, NULL);
    mongoc_apm_callbacks_t *callbacks = mongoc_apm_callbacks_new();
    mongoc_apm_set_topology_changed_cb(callbacks, on_topology_changed);
    mongoc_apm_set_server_heartbeat_failed_cb(callbacks, on_heartbeat_failed);
    mongoc_client_pool_set_apm_callbacks(pool, callbacks, m);
    mongoc_apm_callbacks_destroy(callbacks);
}

void mongo_monitor_deinit(struct mongo_monitor *m)
{
    pthread_mutex_destroy(&m->lock);
}

bool mongo_monitor_ready(struct mongo_monitor *m, char *why, size_t why_size)
{
    pthread_mutex_lock(&m->lock);
    bool ready = m->writable;
    if (!ready && why)
        snprintf(why, why_size, "%s", m->why);
    pthread_mutex_unlock(&m->lock);
    return ready;
}
