/* The rate limits that are set. */
#include "ingest/limits.h"

#include <math.h>

#include "common/base/random.h"

enum { BURST_S = 10 }; /* what a burst that is not set is good for */

static struct rate *make(double per_s, int64_t burst)
{
    if (per_s == 0)
        return NULL;
    if (burst == 0)
        burst = (int64_t)fmin(fmax(per_s * BURST_S, 1), RATE_BURST_MAX);
    const struct rate_limit limit = {.per_s = per_s, .burst = burst};
    return rate_new(&limit, RATE_LINES, random_seed());
}

void limits_init(struct limits *l, const struct settings *settings)
{
    l->device = make(settings->device_rate, settings->device_burst);
    l->key = make(settings->key_rate, settings->key_burst);
}

void limits_deinit(struct limits *l)
{
    rate_free(l->device);
    rate_free(l->key);
    *l = (struct limits){0};
}
