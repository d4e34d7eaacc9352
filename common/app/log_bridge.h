/* Log lines of the client libraries, as events of our log. */
#ifndef WEIR_APP_LOG_BRIDGE_H
#define WEIR_APP_LOG_BRIDGE_H

#include "common/obs/log.h"

/* A kafka_log_fn; `log` is the struct log. Levels are syslog's. */
void log_bridge_kafka(void *log, int level, const char *facility, const char *message);

/* The `log` function of struct mongo_options. Levels are mongoc_log_level_t's. */
void log_bridge_mongo(void *log, int level, const char *domain, const char *message);

#endif
