/* What a sender is told that is over a rate limit. */
#include "ingest/rate_refusal.h"

#include <math.h>
#include <stdio.h>

static unsigned long long reset_ms(const struct rate_refusal *r)
{
    return (r->wait_ns + 999999) / 1000000;
}

void rate_refusal_detail(const struct rate_refusal *r, char out[RATE_SENTENCE_MAX])
{
    char who[160] = "the key";
    if (r->device_id.len > 0)
        snprintf(who, sizeof who, "device \"%.*s\"", (int)r->device_id.len, r->device_id.p);
    snprintf(out, RATE_SENTENCE_MAX,
             "%s is over its limit of %g readings a second (burst %lld): 0 remain, the next one "
             "passes in %llu ms",
             who, r->limit.per_s, (long long)r->limit.burst, reset_ms(r));
}

void rate_refusal_members(const struct rate_refusal *r, struct buf *out)
{
    buf_printf(out, "\"limit\":{\"name\":\"%s\"", r->name);
    if (r->device_id.len > 0) {
        buf_str(out, ",\"device_id\":");
        buf_json_string(out, r->device_id);
    }
    buf_str(out, ",\"rate_per_s\":");
    buf_json_double(out, r->limit.per_s);
    buf_printf(out, ",\"burst\":%lld,\"remaining\":0,\"reset_ms\":%llu}", (long long)r->limit.burst,
               reset_ms(r));
}

int rate_refusal_retry_after_s(const struct rate_refusal *r, struct rng *rng)
{
    double wait_s = (double)r->wait_ns / 1e9;
    return (int)ceil(wait_s * (1 + 0.25 * rng_unit(rng)));
}
