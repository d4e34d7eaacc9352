/* The aggregator as a service: its parts, built from the settings, started, drained and freed. */
#ifndef WEIR_AGGREGATOR_SERVICE_H
#define WEIR_AGGREGATOR_SERVICE_H

#include "aggregator/settings.h"
#include "common/app/daemon.h"

/* For struct program. Builds the parts; waits for neither Kafka nor the store. `settings` is a
 * struct settings; everything is borrowed until service_free. */
WEIR_MUST_CHECK int service_new(void **out, const void *settings, const struct options *options,
                                struct daemon *d, struct err *e);
bool service_free(void *service);

/* What daemon_run needs to know; valid as long as the service. */
const struct daemon_spec *service_spec(void *service);

#endif
