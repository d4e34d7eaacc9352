/* The step machine: which phase runs, what happens when it cannot, and how it ends. */
#include "aggregator/pipeline.h"

#include <stdlib.h>

#include "aggregator/pipeline_state.h"
#include "common/base/xmalloc.h"

enum { REVOKE_PATIENCE_MS = 5000 };

struct pipeline_config pipeline_config_defaults(void)
{
    return (struct pipeline_config){
        .topic = "telemetry.raw",
        .group = "aggregator_worker",
        .window_ms = WINDOW_DEFAULT_MS,
        .grace_ms = 60000,
        .flush_ms = 200,
        .window_writes = 10000,
        .max_future_skew_ms = 300000,
        .slice_records = SLICE_MAX,
        .max_windows = 200000,
        .max_unwritten = 500000,
        .identity_ms = 1000,
        .max_retries = 3,
        .seed = 1,
    };
}

struct pipeline *pipeline_new(const struct pipeline_config *config,
                              const struct pipeline_ports *ports)
{
    struct pipeline *p = xcalloc(1, sizeof *p);
    p->config = *config;
    p->ports = *ports;
    p->slice = p->slices;
    rng_seed(&p->rng, config->seed);
    window_cache_init(&p->cache, config->seed);
    p->work_window = xcalloc(CHUNK_MAX, sizeof *p->work_window);
    p->work_device = xcalloc(CHUNK_MAX, sizeof *p->work_device);
    pthread_mutex_init(&p->why_lock, NULL);
    return p;
}

static void free_work(struct pipeline *p)
{
    for (size_t i = 0; i < CHUNK_MAX; i++) {
        window_deinit(&p->work_window[i]);
        device_state_deinit(&p->work_device[i]);
    }
    free(p->work_window);
    free(p->work_device);
}

void pipeline_free(struct pipeline *p)
{
    if (!p)
        return;
    group_drop(p);
    window_cache_deinit(&p->cache);
    free_work(p);
    entry_list_deinit(&p->lost_windows);
    entry_list_deinit(&p->lost_devices);
    intake_deinit(p);
    free(p->account);
    pthread_mutex_destroy(&p->why_lock);
    free(p);
}

void pipeline_stop(struct pipeline *p)
{
    atomic_store(&p->stopping, true);
}

const struct pipeline_stats *pipeline_stats(const struct pipeline *p)
{
    return &p->stats;
}

/* --- group events --------------------------------------------------------------------------- */

static void finish_revoke(struct pipeline *p)
{
    group_drop(p);
    p->ports.stream.revoke_done(p->ports.stream.self);
    if (p->ports.observer.revoked)
        p->ports.observer.revoked(p->ports.observer.self, false);
}

static void begin_revoke(struct pipeline *p)
{
    p->revoking = true;
    p->revoking_ms = clock_monotonic_ms(&p->ports.clock);
}

/* `can_flush`: false while an effect is blocked; the next owner will do the work again. */
static void on_revoked(struct pipeline *p, bool can_flush)
{
    if (can_flush && accounts_behind(p)) {
        begin_revoke(p);
        flush_begin(p);
    } else {
        finish_revoke(p);
    }
}

static void on_lost(struct pipeline *p)
{
    group_drop(p);
    if (p->ports.observer.revoked)
        p->ports.observer.revoked(p->ports.observer.self, true);
}

static void on_stream_error(struct pipeline *p)
{
    atomic_fetch_add_explicit(&p->stats.stream_errors, 1, memory_order_relaxed);
    if (p->ports.observer.stream_error)
        p->ports.observer.stream_error(p->ports.observer.self, &p->poll.err);
}

/* --- polling --------------------------------------------------------------------------------- */

static void on_records(struct pipeline *p)
{
    p->holding = true;
    p->next_record = 0;
    p->batch_started_ns = clock_monotonic_ns(&p->ports.clock);
    p->phase = PHASE_DECODE;
}

static int phase_poll(struct pipeline *p, struct err *e)
{
    (void)e;
    uint64_t now_ms = clock_monotonic_ms(&p->ports.clock);
    bool stopping = atomic_load(&p->stopping);
    if (p->adopted < p->accounts && !stopping) {
        p->phase = PHASE_ADOPT_POSITION;
        if (!p->identity[0])
            identity_begin(p, PHASE_ADOPT_POSITION);
        return 0;
    }
    flush_sweep(p, now_ms);
    if (flush_due(p, now_ms) || ((stopping || p->revoking) && accounts_behind(p))) {
        flush_begin(p);
        return 0;
    }
    if (p->revoking) {
        finish_revoke(p);
        return 0;
    }
    if (stopping) {
        p->phase = PHASE_STOPPED;
        return 0;
    }
    if (identity_due(p, now_ms)) {
        identity_begin(p, PHASE_POLL);
        return 0;
    }
    if (reopen_due(p, now_ms)) {
        p->phase = PHASE_FIND_OPEN;
        return 0;
    }
    int wait_ms = flush_wait_ms(p, now_ms);
    p->ports.stream.poll(p->ports.stream.self, true, wait_ms, &p->poll);
    switch (p->poll.event) {
    case STREAM_NOTHING:
        p->drained_ms = clock_monotonic_ms(&p->ports.clock);
        if (accounts_behind(p) && flush_wait_ms(p, p->drained_ms) == 0)
            flush_begin(p); /* nothing more is waiting: write at once */
        break;
    case STREAM_RECORDS:
        on_records(p);
        break;
    case STREAM_ASSIGNED:
        group_assigned(p, &p->poll);
        break;
    case STREAM_REVOKED:
        on_revoked(p, true);
        break;
    case STREAM_LOST:
        on_lost(p);
        break;
    case STREAM_ERROR:
        on_stream_error(p);
        break;
    }
    return 0;
}

/* While an effect is blocked or awaited the group is still served, or this member would be thrown
 * out. The records in hand stay in hand, so events use a poll of their own. */
static void serve_group(struct pipeline *p, int wait_ms)
{
    struct stream_poll event = {.event = STREAM_NOTHING};
    p->ports.stream.poll(p->ports.stream.self, false, wait_ms, &event);
    if (event.event == STREAM_REVOKED && p->inserting && !p->blocked_since_ms) {
        begin_revoke(p); /* what is under way comes to its end, and is written */
    } else if (event.event == STREAM_REVOKED) {
        on_revoked(p, false);
    } else if (event.event == STREAM_LOST) {
        on_lost(p);
    } else if (event.event == STREAM_ASSIGNED) {
        group_assigned(p, &event);
    } else if (event.event == STREAM_ERROR) {
        p->poll.err = event.err;
        on_stream_error(p);
    }
}

/* --- the machine ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int (*run)(struct pipeline *p, struct err *e);
    enum pipeline_blocker blocker; /* whose trouble it is when it fails */
} phases[PHASE_COUNT] = {
    [PHASE_POLL] = {"poll", phase_poll, PIPELINE_BLOCKED_BY_KAFKA},
    [PHASE_ADOPT_POSITION] = {"read_position", phase_adopt_position, PIPELINE_BLOCKED_BY_KAFKA},
    [PHASE_ADOPT_LEDGER] = {"read_ledger", phase_adopt_ledger, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_VERIFY_LOG] = {"verify_log", phase_verify_log, PIPELINE_BLOCKED_BY_KAFKA},
    [PHASE_REWIND] = {"rewind", phase_rewind, PIPELINE_BLOCKED_BY_KAFKA},
    [PHASE_IDENTIFY] = {"identify_store", phase_identify, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_FIND_OPEN] = {"find_open_windows", phase_find_open, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_LOAD_OPEN] = {"load_open_windows", phase_load_open, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_DECODE] = {"decode", phase_decode, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_BEGIN_INSERT] = {"begin_insert", phase_begin_insert, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_INSERT_RAW] = {"insert_raw", phase_insert_raw, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_READ_ORIGINS] = {"read_origins", phase_read_origins, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_LOAD_WINDOWS] = {"load_windows", phase_load_windows, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_LOAD_DEVICES] = {"load_devices", phase_load_devices, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_FOLD] = {"fold", phase_fold, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_LETTERS] = {"dead_letters", phase_letters, PIPELINE_BLOCKED_BY_KAFKA},
    [PHASE_WRITE_WINDOWS] = {"write_windows", phase_write_windows, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_REREAD_WINDOWS] = {"reread_windows", phase_reread_windows, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_WRITE_DEVICES] = {"write_devices", phase_write_devices, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_REREAD_DEVICES] = {"reread_devices", phase_reread_devices, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_LEDGER] = {"write_ledger", phase_ledger, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_REREAD_LEDGER] = {"reread_ledger", phase_reread_ledger, PIPELINE_BLOCKED_BY_STORE},
    [PHASE_COMMIT] = {"commit", phase_commit, PIPELINE_BLOCKED_BY_KAFKA},
};

/* Waiting out a backoff. A revocation that has to be answered does not wait for ever. */
static bool still_blocked(struct pipeline *p)
{
    uint64_t now_ms = clock_monotonic_ms(&p->ports.clock);
    if (p->revoking && now_ms - p->blocked_since_ms >= REVOKE_PATIENCE_MS) {
        finish_revoke(p);
        return false;
    }
    if (now_ms >= p->blocked_until_ms)
        return false;
    if (atomic_load(&p->stopping) && !p->holding && !accounts_behind(p)) {
        p->phase = PHASE_STOPPED; /* it would only have asked */
        return true;
    }
    uint64_t left_ms = p->blocked_until_ms - now_ms;
    serve_group(p, (int)(left_ms < POLL_IDLE_MS ? left_ms : POLL_IDLE_MS));
    return true;
}

/* Before a record that failed is tried again: nothing is wrong, but the group wants to be served.
 */
static bool still_paused(struct pipeline *p)
{
    uint64_t now_ms = clock_monotonic_ms(&p->ports.clock);
    if (now_ms >= p->pause_until_ms) {
        p->pause_until_ms = 0;
        return false;
    }
    uint64_t left_ms = p->pause_until_ms - now_ms;
    serve_group(p, (int)(left_ms < POLL_IDLE_MS ? left_ms : POLL_IDLE_MS));
    return true;
}

/* An insertion takes its time. A revocation that has to be answered does not wait for ever. */
static void await(struct pipeline *p)
{
    uint64_t now_ms = clock_monotonic_ms(&p->ports.clock);
    if (p->revoking && now_ms - p->revoking_ms >= REVOKE_PATIENCE_MS)
        finish_revoke(p);
    else
        serve_group(p, 0);
}

bool pipeline_step(struct pipeline *p)
{
    if (p->phase == PHASE_STOPPED)
        return false;
    if (p->pause_until_ms && still_paused(p))
        return true;
    if (p->blocked_until_ms && still_blocked(p))
        return true;
    enum phase phase = p->phase;
    struct err e = {0};
    int rc = phases[phase].run(p, &e);
    if (rc == PHASE_WAITS)
        await(p);
    else if (rc)
        blocked_note(p, phase, phases[phase].name, phases[phase].blocker, &e);
    else
        blocked_over(p, phase, phases[phase].name);
    return p->phase != PHASE_STOPPED;
}
