/* Adapters: what each ingest route takes and answers, as rows over one way to Kafka. */
#ifndef WEIR_INGEST_ADAPTER_H
#define WEIR_INGEST_ADAPTER_H

#include <stdbool.h>

#include "common/base/span.h"
#include "common/http/router.h"

struct submission;

struct adapter {
    enum http_method method;
    const char *path;
    enum http_error_style errors;
    bool (*takes)(struct span content_type);
    const char *takes_text; /* for people: what Content-Type may be */
    int status;             /* of success */
    /* Makes readings of the body: for each submission_publish, then the body of the answer in
     * submission_answer; or submission_refuse when there is none to publish. */
    void (*submit)(struct submission *s, struct span body);
};

extern const struct adapter adapter_ingest; /* POST /ingest */

/* Every adapter; a new route is a new file and a row here. */
extern const struct adapter *const adapters[];
extern const unsigned adapter_count;

#endif
