/* The alerter as a service: its parts, built from the settings, started, drained and freed. */
#ifndef WEIR_ALERTER_SERVICE_H
#define WEIR_ALERTER_SERVICE_H

#include "alerter/settings.h"
#include "common/app/daemon.h"

/* For struct program. Builds the parts; waits for neither Kafka nor the store. `settings` is a
 * struct alerter_settings; everything is borrowed until alerter_free. */
WEIR_MUST_CHECK int alerter_new(void **out, const void *settings, const struct options *options,
                                struct daemon *d, struct err *e);
bool alerter_free(void *alerter);

/* What daemon_run needs to know; valid as long as the alerter. */
const struct daemon_spec *alerter_spec(void *alerter);

#endif
