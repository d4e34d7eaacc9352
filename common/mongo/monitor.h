/* What the driver's own monitoring says of the store: is there a server that takes writes? */
#ifndef WEIR_MONGO_MONITOR_H
#define WEIR_MONGO_MONITOR_H

#include <mongoc/mongoc.h>
#include <pthread.h>
#include <stdbool.h>

struct mongo_monitor {
    pthread_mutex_t lock;
    bool writable; /* under lock, as is `why` */
    char why[256]; /* the newest failure of a heartbeat */
};

/* Follows the pool; the monitor must outlive it. To be called before the first client is taken. */
void mongo_monitor_init(struct mongo_monitor *m, mongoc_client_pool_t *pool);
void mongo_monitor_deinit(struct mongo_monitor *m);

/* From any thread; never waits. `why` gets a sentence when false (may be NULL). */
bool mongo_monitor_ready(struct mongo_monitor *m, char *why, size_t why_size);

#endif
