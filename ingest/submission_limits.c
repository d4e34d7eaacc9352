/* What the rate limits say of a request: of its key, and of the devices in it. */
#include "ingest/submission_limits.h"

#include "ingest/ingest.h"
#include "ingest/rate_refusal.h"
#include "ingest/submission_refusal.h"

static void refuse_rate(struct submission *s, const char *reason, const struct rate_refusal *r)
{
    char sentence[RATE_SENTENCE_MAX];
    struct buf *members = &s->front->scratch;
    submission_count_refusal(s, reason);
    buf_clear(members);
    rate_refusal_detail(r, sentence);
    rate_refusal_members(r, members);
    const struct http_problem problem = {
        .status = 429,
        .code = "rate_limited",
        .detail = sentence,
        .retry_after_s = rate_refusal_retry_after_s(r, &s->front->rng),
        .members = buf_view(members),
    };
    http_reply_problem(s->exchange, &problem);
}

bool submission_weighs(const struct submission *s)
{
    return s->front->ingest->limits.device != NULL;
}

bool submission_weigh(struct submission *s, struct span device_id)
{
    const struct rate *rate = s->front->ingest->limits.device;
    uint64_t wait_ns = rate ? rate_wait_ns(rate, device_id, s->started_ns) : 0;
    if (wait_ns == 0 || !admission_device(&s->admission, device_id)) /* then it is not sent */
        return true;
    const struct rate_refusal refusal = {
        .name = "device", .device_id = device_id, .limit = *rate_limit(rate), .wait_ns = wait_ns};
    refuse_rate(s, "device_rate", &refusal);
    return false;
}

static struct span key_id(const struct submission *s)
{
    return span_str(s->admission.key ? s->admission.key->id : "");
}

bool submission_weigh_key(struct submission *s)
{
    const struct rate *rate = s->front->ingest->limits.key;
    uint64_t wait_ns = rate && s->admission.key ? rate_wait_ns(rate, key_id(s), s->started_ns) : 0;
    if (wait_ns == 0)
        return true;
    const struct rate_refusal refusal = {
        .name = "key", .limit = *rate_limit(rate), .wait_ns = wait_ns};
    refuse_rate(s, "key_rate", &refusal);
    return false;
}

void submission_charge(struct submission *s, struct span device_id)
{
    const struct limits *limits = &s->front->ingest->limits;
    if (limits->device)
        rate_charge(limits->device, device_id, 1, s->started_ns);
    if (limits->key && s->admission.key)
        rate_charge(limits->key, key_id(s), 1, s->started_ns);
}
