/* The answers of the older routes: a question, the repository, and the JSON that comes of it. */
#ifndef WEIR_DASHBOARD_ANSWERS_H
#define WEIR_DASHBOARD_ANSWERS_H

#include "common/base/buf.h"
#include "common/model/reading.h"
#include "dashboard/query.h"
#include "dashboard/repository.h"

enum {
    ANSWER_LIMIT_DEFAULT = 100,
    ANSWER_LIMIT_MAX = 1000,
    ANSWER_PAGE_DEFAULT = 10,
    ANSWER_PAGE_MAX = 100,
    ANSWER_SILENT_MS = 30 * 60 * 1000,
};

/* What a request asks for; plain values that outlive it. */
struct question {
    char device_id[READING_DEVICE_ID_MAX];
    size_t device_id_len; /* 0: the route has none, or it cannot be one */
    int64_t limit, page, page_size;
    int64_t from_ms, to_ms;
    int64_t now_ms;
};

struct answer_route {
    const char *path;                                   /* template, also the metric label */
    void (*ask)(struct question *out, struct query *q); /* reads the parameters; NULL = none */
    /* Writes the body and returns the HTTP status, or a negative code with *e. */
    int (*answer)(const struct repository *r, const struct question *q, struct buf *out,
                  struct err *e);
};

/* Every route that needs the store; ended by a row without path. */
extern const struct answer_route answer_routes[];

/* Takes the raw {id} of a path. One that no device can have leaves the question without. */
void question_set_device(struct question *q, struct span raw);

#endif
