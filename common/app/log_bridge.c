/* Log lines of the client libraries, as events of our log. */
#include "common/app/log_bridge.h"

/* The libraries call everything an error that keeps them from a server for a moment. Whether that
 * matters is for readiness to say; here it is a warning at most. */
void log_bridge_kafka(void *log, int level, const char *facility, const char *message)
{
    enum log_level to = level <= 4 ? LOG_WARN : LOG_DEBUG;
    log_event(log, to, "kafka_client", LOG_STR("facility", facility), LOG_STR("text", message));
}

void log_bridge_mongo(void *log, int level, const char *domain, const char *message)
{
    enum log_level to = level <= 2 ? LOG_WARN : LOG_DEBUG; /* ERROR, CRITICAL, WARNING */
    log_event(log, to, "mongo_client", LOG_STR("domain", domain), LOG_STR("text", message));
}
