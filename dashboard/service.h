/* The dashboard as a service: routes, query threads and the store behind them. */
#ifndef WEIR_DASHBOARD_SERVICE_H
#define WEIR_DASHBOARD_SERVICE_H

#include "common/app/daemon.h"
#include "dashboard/settings.h"

/* For struct program. Builds the parts; does not wait for the store. `settings` is a struct
 * settings; everything is borrowed until service_free. */
WEIR_MUST_CHECK int service_new(void **out, const void *settings, const struct options *options,
                                struct daemon *d, struct err *e);
bool service_free(void *service);

/* What daemon_run needs to know; valid as long as the service. */
const struct daemon_spec *service_spec(void *service);

#endif
