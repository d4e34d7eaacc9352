/* GET /ping: what clients of InfluxDB ask before they write. */
#ifndef WEIR_INGEST_PING_H
#define WEIR_INGEST_PING_H

#include "common/http/router.h"

/* 204, and with ?verbose=true 200 {"version":...}, which the Arduino client wants to see before it
 * writes to InfluxDB 1 (for version 2 it asks /health). X-Influxdb-Version is in both: not a
 * version of InfluxDB, so that nobody takes it for one. Needs no key. */
extern const struct http_route ping_route;

#endif
