/* The alerter's pipeline: a step machine from the log to states, documents and events. */
#include "alerter/pipeline.h"

#include <stdlib.h>

#include "alerter/cache.h"
#include "alerter/loading.h"
#include "common/base/random.h"
#include "common/base/xmalloc.h"

enum {
    BACKOFF_BASE_MS = 500,
    BACKOFF_CAP_MS = 30000,
    /* So many lost races for one batch are ordinary; more look like a fault and are slowed down. */
    CONFLICTS_AT_ONCE = 4,
};

struct alert_pipeline {
    struct alert_pipeline_config config;
    struct alert_pipeline_status status;
    struct alert_cache cache;
    struct alert_batch batch;
    struct alert_round round;
    struct alert_loading loading;
    size_t commits; /* positions of the batch that are committed */
    struct rng rng;
    int64_t blocked_until_ms; /* -1 = not blocked */
    unsigned attempts;        /* failures of this step in a row */
    unsigned conflicts;       /* of this batch */
    int64_t cache_since_ms;   /* when the cache was empty; -1 = not yet known */
    bool revoking;            /* STREAM_REVOKED is not answered yet */
    bool revoke_ready;        /* ... and nothing of these partitions is in hand any more */
    struct alert_partitions revoked;
    struct stream_poll poll;
};

static const struct alert_next work = {.step = ALERT_STEP_WORK};

static const char *const troubles[] = {
    [ALERT_PHASE_POLL] = "nothing",
    [ALERT_PHASE_LOAD] = "the store does not give alert states",
    [ALERT_PHASE_WRITE_STATES] = "the store does not take alert states",
    [ALERT_PHASE_WRITE_DOCUMENTS] = "the store does not take alerts",
    [ALERT_PHASE_PUBLISH] = "Kafka does not take alert events",
    [ALERT_PHASE_CLEAR] = "the store does not take alert states",
    [ALERT_PHASE_COMMIT] = "nothing",
};

const char *alert_phase_trouble(enum alert_phase phase)
{
    return troubles[phase];
}

struct alert_pipeline *alert_pipeline_new(const struct alert_pipeline_config *config)
{
    struct alert_pipeline *p = xcalloc(1, sizeof *p);
    p->config = *config;
    rng_seed(&p->rng, config->seed);
    alert_cache_init(&p->cache, config->rules->count, config->seed);
    alert_batch_init(&p->batch);
    alert_round_init(&p->round);
    alert_loading_init(&p->loading);
    p->blocked_until_ms = p->status.blocked_since_ms = p->cache_since_ms = -1;
    return p;
}

void alert_pipeline_free(struct alert_pipeline *p)
{
    if (!p)
        return;
    alert_round_deinit(&p->round);
    alert_batch_deinit(&p->batch);
    alert_cache_deinit(&p->cache);
    alert_loading_deinit(&p->loading);
    free(p);
}

const struct alert_pipeline_status *alert_pipeline_status(const struct alert_pipeline *p)
{
    return &p->status;
}

static void unblock(struct alert_pipeline *p)
{
    p->attempts = 0;
    p->blocked_until_ms = p->status.blocked_since_ms = -1;
}

/* Nothing of the states is to be trusted any more: judge the batch from its beginning again. That
 * is safe, because the stored states say which offsets they include. */
static void start_again(struct alert_pipeline *p)
{
    alert_round_end(&p->round);
    alert_cache_forget(&p->cache);
    p->batch.judged = 0;
    p->commits = 0;
    p->status.phase = p->batch.positions > 0 ? ALERT_PHASE_LOAD : ALERT_PHASE_POLL;
    if (p->batch.positions == 0) {
        p->conflicts = 0;
        unblock(p);
    }
}

/* Records of partitions that are gone must not be committed; those of others stay in hand. */
static void drop_partitions(struct alert_pipeline *p, const struct alert_partitions *gone)
{
    alert_partitions_remove(&p->status.owned, gone);
    alert_batch_remove(&p->batch, gone);
    start_again(p);
}

/* Keeps the step, to be repeated after a pause. A revoke does not wait for that: what is in hand is
 * given up, and the next owner does it again. */
static struct alert_next fail(struct alert_pipeline *p, int64_t now_ms, const struct err *e)
{
    p->status.failures++;
    p->status.error = *e;
    if (p->revoking) {
        drop_partitions(p, &p->revoked);
        p->revoke_ready = true;
        return work;
    }
    if (p->status.blocked_since_ms < 0)
        p->status.blocked_since_ms = now_ms;
    p->blocked_until_ms =
        now_ms + backoff_ms(&p->rng, p->attempts++, BACKOFF_BASE_MS, BACKOFF_CAP_MS);
    return (struct alert_next){.step = ALERT_STEP_BLOCKED, .until_ms = p->blocked_until_ms};
}

static struct alert_next conflict(struct alert_pipeline *p, int64_t now_ms)
{
    p->status.conflicts++;
    p->conflicts++;
    start_again(p);
    if (p->conflicts <= CONFLICTS_AT_ONCE)
        return work;
    struct err e = {0};
    err_set(&e, ERR_CONFLICT, "alert states changed under us %u times in a row", p->conflicts);
    return fail(p, now_ms, &e);
}

/* --- Group events ----------------------------------------------------------------------------- */

static struct alert_next answer_revoke(struct alert_pipeline *p)
{
    p->revoking = p->revoke_ready = false;
    p->config.stream.revoke_done(p->config.stream.self);
    return work;
}

static void begin_revoke(struct alert_pipeline *p)
{
    p->revoking = true;
    alert_partitions_set(&p->revoked, p->poll.partitions, p->poll.count);
    /* One more try at once for what is blocked: it may just get through. */
    p->blocked_until_ms = -1;
}

static void lose(struct alert_pipeline *p)
{
    struct alert_partitions lost;
    alert_partitions_set(&lost, p->poll.partitions, p->poll.count);
    drop_partitions(p, &lost);
}

static void take_batch(struct alert_pipeline *p)
{
    alert_batch_clear(&p->batch);
    p->commits = 0;
    p->conflicts = 0;
    for (size_t i = 0; i < p->poll.count; i++) {
        enum alert_record_result result = alert_batch_add(
            &p->batch, &p->poll.records[i], p->config.rules, &p->config.limits, &p->cache);
        p->status.records[result]++;
    }
    p->config.stream.release(p->config.stream.self);
    p->status.phase = p->batch.positions > 0 ? ALERT_PHASE_LOAD : ALERT_PHASE_POLL;
}

static struct alert_next poll_stream(struct alert_pipeline *p, bool want_records, int wait_ms)
{
    p->poll.event = STREAM_NOTHING;
    p->poll.count = 0;
    p->config.stream.poll(p->config.stream.self, want_records, wait_ms, &p->poll);
    switch (p->poll.event) {
    case STREAM_NOTHING:
        return (struct alert_next){.step = ALERT_STEP_IDLE};
    case STREAM_RECORDS:
        take_batch(p);
        break;
    case STREAM_ASSIGNED:
        alert_partitions_add(&p->status.owned, p->poll.partitions, p->poll.count);
        break;
    case STREAM_REVOKED:
        begin_revoke(p);
        break;
    case STREAM_LOST:
        lose(p);
        break;
    case STREAM_ERROR:
        p->status.stream_errors++;
        p->status.stream_error = p->poll.err;
        break;
    }
    return work;
}

static struct alert_next wait_blocked(struct alert_pipeline *p, int64_t now_ms)
{
    int64_t left_ms = p->blocked_until_ms - now_ms;
    int wait_ms = left_ms < p->config.poll_wait_ms ? (int)left_ms : p->config.poll_wait_ms;
    struct alert_next next = poll_stream(p, false, wait_ms);
    if (next.step == ALERT_STEP_IDLE)
        next = (struct alert_next){.step = ALERT_STEP_BLOCKED, .until_ms = p->blocked_until_ms};
    return next;
}

/* The cache is clean between batches, so there it may go. */
static void trim_cache(struct alert_pipeline *p, int64_t now_ms)
{
    p->status.cached_devices = alert_cache_count(&p->cache);
    if (p->cache_since_ms >= 0 && now_ms - p->cache_since_ms < p->config.cache_age_ms &&
        p->status.cached_devices <= p->config.cache_devices)
        return;
    alert_cache_drop(&p->cache);
    p->cache_since_ms = now_ms;
}

static struct alert_next step_poll(struct alert_pipeline *p, int64_t now_ms)
{
    if (p->revoking) {
        drop_partitions(p, &p->revoked);
        return answer_revoke(p);
    }
    trim_cache(p, now_ms);
    return poll_stream(p, true, p->config.poll_wait_ms);
}

/* --- The way of a batch ----------------------------------------------------------------------- */

/* Judges until something has to be done for it, and says by the phase what that is. */
static void judge_on(struct alert_pipeline *p)
{
    alert_round_judge(&p->round, &p->batch, p->config.rules, p->config.outbox_max);
    if (p->round.slots == 0)
        p->status.phase = ALERT_PHASE_COMMIT; /* without touching anything, it came to the end */
    else if (alert_round_list_changed(&p->round))
        p->status.phase = ALERT_PHASE_WRITE_STATES;
    else
        p->status.phase = ALERT_PHASE_WRITE_DOCUMENTS;
}

static void end_round(struct alert_pipeline *p)
{
    alert_round_end(&p->round);
    if (p->batch.judged < p->batch.samples)
        judge_on(p);
    else
        p->status.phase = ALERT_PHASE_COMMIT;
}

static struct alert_next step_load(struct alert_pipeline *p, int64_t now_ms)
{
    struct alert_loading *l = &p->loading;
    alert_loading_list(l, &p->batch, p->config.rules);
    struct err e = {0};
    if (l->items > 0 && p->config.store.load(p->config.store.self, l->item, l->items, &e) != 0) {
        alert_loading_give_up(l);
        return fail(p, now_ms, &e);
    }
    unblock(p);
    alert_loading_take(l, &p->round);
    judge_on(p);
    return work;
}

static struct alert_next step_write_states(struct alert_pipeline *p, int64_t now_ms)
{
    struct err e = {0};
    int rc =
        p->config.store.write_states(p->config.store.self, p->round.state, p->round.states, &e);
    if (rc == ERR_CONFLICT)
        return conflict(p, now_ms);
    if (rc != 0)
        return fail(p, now_ms, &e);
    unblock(p);
    alert_round_stored(&p->round, p->config.rules, &p->status.transitions);
    if (p->status.phase == ALERT_PHASE_CLEAR)
        end_round(p);
    else
        p->status.phase = ALERT_PHASE_WRITE_DOCUMENTS;
    return work;
}

static struct alert_next step_write_documents(struct alert_pipeline *p, int64_t now_ms)
{
    struct err e = {0};
    if (alert_round_list_documents(&p->round)) {
        int rc = p->config.store.write_alerts(p->config.store.self, p->round.document,
                                              p->round.documents, &e);
        if (rc != 0)
            return fail(p, now_ms, &e);
        unblock(p);
    }
    if (alert_round_list_events(&p->round))
        p->status.phase = ALERT_PHASE_PUBLISH;
    else
        end_round(p);
    return work;
}

static struct alert_next step_publish(struct alert_pipeline *p, int64_t now_ms)
{
    struct err e = {0};
    int rc = p->config.events.publish(p->config.events.self, p->round.event, p->round.events, &e);
    if (rc != 0)
        return fail(p, now_ms, &e);
    unblock(p);
    p->status.published += p->round.events;
    alert_round_list_told(&p->round);
    p->status.phase = ALERT_PHASE_CLEAR;
    return work;
}

static struct alert_next step_commit(struct alert_pipeline *p)
{
    if (p->commits < p->batch.positions) {
        const struct alert_position *position = &p->batch.position[p->commits++];
        p->config.stream.commit(p->config.stream.self, position->partition, position->next_offset);
        return work;
    }
    alert_batch_clear(&p->batch);
    p->status.phase = ALERT_PHASE_POLL;
    return work;
}

struct alert_next alert_pipeline_step(struct alert_pipeline *p, int64_t now_ms)
{
    if (p->revoke_ready)
        return answer_revoke(p);
    if (now_ms < p->blocked_until_ms)
        return wait_blocked(p, now_ms);
    switch (p->status.phase) {
    case ALERT_PHASE_POLL:
        return step_poll(p, now_ms);
    case ALERT_PHASE_LOAD:
        return step_load(p, now_ms);
    case ALERT_PHASE_WRITE_STATES:
    case ALERT_PHASE_CLEAR:
        return step_write_states(p, now_ms);
    case ALERT_PHASE_WRITE_DOCUMENTS:
        return step_write_documents(p, now_ms);
    case ALERT_PHASE_PUBLISH:
        return step_publish(p, now_ms);
    case ALERT_PHASE_COMMIT:
        return step_commit(p);
    }
    return work;
}
