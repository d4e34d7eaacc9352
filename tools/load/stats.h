/* What happened to the requests: counters and histograms, and the figures derived from them. */
#ifndef WEIR_LOAD_STATS_H
#define WEIR_LOAD_STATS_H

#include <stdint.h>

#include "common/base/hist.h"

/* Why a request has no answer. */
enum failure {
    FAILURE_CONNECT,  /* no connection */
    FAILURE_TIMEOUT,  /* no whole answer in time */
    FAILURE_RESET,    /* the connection ended before the answer did */
    FAILURE_PROTOCOL, /* the answer is not HTTP/1.x as this program speaks it */
    FAILURE_UNSENT,   /* due, but no connection became free before the end */
    FAILURES,
};
const char *failure_name(enum failure f); /* "connect", ... */

enum { STATUS_MAX = 600, FAILURE_EXAMPLE_MAX = 64 };

/* Zero-initialise. About 66 KiB: keep it off the stack. */
struct stats {
    uint64_t sent; /* requests handed to a connection, whatever became of them */
    uint64_t status[STATUS_MAX];
    uint64_t failure[FAILURES];
    char example[FAILURES][FAILURE_EXAMPLE_MAX]; /* the latest reason, for people */
    struct hist latency_ns;                      /* of answers, from the time they were due */
    struct hist lateness_ns;                     /* how late this program noticed what was due */
    uint64_t elapsed_ns;                         /* the plan or the last answer, what is later */
};

void stats_answer(struct stats *s, int status, uint64_t latency_ns);
void stats_failure(struct stats *s, enum failure f, const char *why);

uint64_t stats_answered(const struct stats *s); /* any status */
uint64_t stats_accepted(const struct stats *s); /* 2xx */
uint64_t stats_refused(const struct stats *s);  /* every other status */
uint64_t stats_errors(const struct stats *s);   /* all failures */
double stats_rate(const struct stats *s);       /* accepted a second */

#endif
