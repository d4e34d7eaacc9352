/* What happened to the requests: counting, and sums over the counts. */
#include "tools/load/stats.h"

#include <stdio.h>

const char *failure_name(enum failure f)
{
    static const char *const names[FAILURES] = {
        [FAILURE_CONNECT] = "connect",   [FAILURE_TIMEOUT] = "timeout", [FAILURE_RESET] = "reset",
        [FAILURE_PROTOCOL] = "protocol", [FAILURE_UNSENT] = "unsent",
    };
    return names[f];
}

void stats_answer(struct stats *s, int status, uint64_t latency_ns)
{
    s->status[status]++;
    hist_add(&s->latency_ns, latency_ns);
}

void stats_failure(struct stats *s, enum failure f, const char *why)
{
    s->failure[f]++;
    snprintf(s->example[f], FAILURE_EXAMPLE_MAX, "%s", why);
}

static uint64_t sum(const uint64_t *counts, int from, int to)
{
    uint64_t total = 0;
    for (int i = from; i < to; i++) {
        total += counts[i];
    }
    return total;
}

uint64_t stats_answered(const struct stats *s)
{
    return sum(s->status, 0, STATUS_MAX);
}

uint64_t stats_accepted(const struct stats *s)
{
    return sum(s->status, 200, 300);
}

uint64_t stats_refused(const struct stats *s)
{
    return stats_answered(s) - stats_accepted(s);
}

uint64_t stats_errors(const struct stats *s)
{
    return sum(s->failure, 0, FAILURES);
}

double stats_rate(const struct stats *s)
{
    return s->elapsed_ns > 0 ? (double)stats_accepted(s) * 1e9 / (double)s->elapsed_ns : 0;
}
