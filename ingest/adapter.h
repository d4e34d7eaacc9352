/* Adapters: what each ingest route takes and answers, as rows over one way to Kafka. */
#ifndef WEIR_INGEST_ADAPTER_H
#define WEIR_INGEST_ADAPTER_H

#include <stdbool.h>

#include "common/base/span.h"
#include "common/http/router.h"

struct front;
struct pending;
struct submission;

/* One file and one row in adapter.c for each. */
struct adapter {
    enum http_method method;
    const char *path;
    enum http_error_style errors;
    bool (*takes)(struct span content_type);
    const char *takes_text; /* for people: what Content-Type may be */
    int status;             /* of success */
    /* Makes readings of the body: submission_publish for each, submission_reject for the items
     * that are none; or submission_refuse for all of it at once. */
    void (*submit)(struct submission *s, struct span body);
    /* The answer when everything is known and Kafka has failed nothing that could be tried again:
     * `status` and submission_answer when NULL, which is for routes that take one reading. */
    void (*answer)(struct front *f, const struct pending *p);
};

extern const struct adapter adapter_ingest;    /* POST /ingest */
extern const struct adapter adapter_readings;  /* POST /api/v1/readings */
extern const struct adapter adapter_telemetry; /* POST /telemetry */
extern const struct adapter adapter_status;    /* POST /status */
extern const struct adapter adapter_write;     /* POST /api/v2/write: line protocol */
extern const struct adapter adapter_write_1;   /* POST /write: the same for InfluxDB 1's clients */

/* Every adapter; a new route is a new file and a row here. */
extern const struct adapter *const adapters[];
extern const unsigned adapter_count;

#endif
