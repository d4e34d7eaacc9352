/* Rollups on a thread of their own: when to look, and what to say. */
#include "aggregator/rollup_worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "aggregator/rollups.h"
#include "common/app/thread.h"
#include "common/base/cond.h"
#include "common/base/random.h"
#include "common/base/xmalloc.h"

enum {
    PAGE = 500,             /* changes at a time: at most 30,000 windows are read for them */
    LEASE_MARGIN_MS = 5000, /* beyond two intervals; a second one leading is no harm */
    RETRY_MS = 500,
    RETRY_MAX_MS = 30000,
};

static const char *const level_names[ROLLUP_KINDS] = {"hour", "day"};

struct rollup_worker {
    struct rollup_worker_options options;
    struct rollup_mongo *store;
    struct rollups *rollups;
    struct rng rng;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;  /* by the monotonic clock */
    bool begun, stopping; /* under the lock */
    /* the thread's own */
    unsigned attempt; /* passes given up in a row */
    bool was_leading, clock_warned;
    uint64_t kept_before[ROLLUP_KINDS];
    struct metric *written, *kept, *changes, *sources, *lag, *leading, *unreadable, *failures,
        *offset;
};

/* --- metrics ---------------------------------------------------------------------------------- */

static void scrape(void *arg)
{
    struct rollup_worker *w = arg;
    const struct rollups_stats *s = rollups_stats(w->rollups);
    int64_t offset_ms = atomic_load(&s->clock_offset_ms);
    int64_t now_ms = clock_wall_ms(&w->options.clock) + offset_ms;
    for (int k = 0; k < ROLLUP_KINDS; k++) {
        const char *const *level = METRIC_LABELS(level_names[k]);
        int64_t through_ms = atomic_load(&s->through_ms[k]);
        metric_set(w->written, level, (double)atomic_load(&s->written[k]));
        metric_set(w->kept, level, (double)atomic_load(&s->kept[k]));
        metric_set(w->changes, level, (double)atomic_load(&s->changes[k]));
        metric_set(w->sources, level, (double)atomic_load(&s->sources[k]));
        if (through_ms)
            metric_set(w->lag, level, (double)(now_ms - through_ms) / 1000);
    }
    metric_set(w->unreadable, NULL, (double)atomic_load(&s->unreadable));
    metric_set(w->leading, NULL, atomic_load(&s->leading));
    metric_set(w->offset, NULL, (double)offset_ms / 1000);
}

static void add_metrics(struct rollup_worker *w)
{
    struct metrics *m = w->options.metrics;
    w->written =
        metrics_add(m, METRIC_COUNTER, "weir_rollups_written_total", "Rollups written.", "level");
    w->kept =
        metrics_add(m, METRIC_COUNTER, "weir_rollups_kept_total",
                    "Rollups left as they are, since windows they were made of are gone.", "level");
    w->changes = metrics_add(m, METRIC_COUNTER, "weir_rollup_changes_total",
                             "Changes of windows (hour) and hours (day) looked at.", "level");
    w->sources =
        metrics_add(m, METRIC_COUNTER, "weir_rollup_sources_total",
                    "Windows (hour) and hours (day) read whole to make rollups of them.", "level");
    w->lag = metrics_add(m, METRIC_GAUGE, "weir_rollup_lag_seconds",
                         "Age of the newest change that all rollups hold.", "level");
    w->leading = metrics_add(m, METRIC_GAUGE, "weir_rollup_leading",
                             "1 for the instance that keeps the rollups.", NULL);
    w->unreadable = metrics_add(m, METRIC_COUNTER, "weir_rollups_unreadable_total",
                                "Rollups passed over for a document that cannot be read.", NULL);
    w->failures = metrics_add(m, METRIC_COUNTER, "weir_rollup_failures_total",
                              "Passes given up and begun again.", NULL);
    w->offset = metrics_add(m, METRIC_GAUGE, "weir_store_clock_offset_seconds",
                            "The store's clock minus this machine's.", NULL);
    metrics_on_scrape(m, scrape, w);
}

/* --- log -------------------------------------------------------------------------------------- */

static void tell_leading(struct rollup_worker *w, bool leading)
{
    if (leading != w->was_leading)
        log_event(w->options.log, LOG_INFO, leading ? "rollups_taken_over" : "rollups_elsewhere");
    w->was_leading = leading;
}

/* Windows written by a clock that is far behind might be overlooked. */
static void tell_clock(struct rollup_worker *w, int64_t offset_ms)
{
    int64_t off_ms = offset_ms < 0 ? -offset_ms : offset_ms;
    bool wrong = off_ms > w->options.overlap_ms / 2;
    if (wrong && !w->clock_warned)
        log_event(w->options.log, LOG_WARN, "clock_differs_from_the_store",
                  LOG_INT("offset_ms", offset_ms),
                  LOG_INT("allowed_ms", w->options.overlap_ms / 2));
    w->clock_warned = wrong;
}

static void tell_kept(struct rollup_worker *w, const struct rollups_stats *s)
{
    for (int k = 0; k < ROLLUP_KINDS; k++) {
        uint64_t kept = atomic_load(&s->kept[k]);
        if (kept > w->kept_before[k])
            log_event(w->options.log, LOG_WARN, "rollups_kept", LOG_STR("level", level_names[k]),
                      LOG_INT("count", (int64_t)(kept - w->kept_before[k])),
                      LOG_STR("reason", "sources have expired"));
        w->kept_before[k] = kept;
    }
}

static void tell_pass(struct rollup_worker *w)
{
    const struct rollups_stats *s = rollups_stats(w->rollups);
    tell_leading(w, atomic_load(&s->leading));
    tell_clock(w, atomic_load(&s->clock_offset_ms));
    tell_kept(w, s);
}

static int64_t tell_failure(struct rollup_worker *w, const struct err *e)
{
    int64_t retry_ms = backoff_ms(&w->rng, w->attempt++, RETRY_MS, RETRY_MAX_MS);
    metric_inc(w->failures, NULL);
    log_event(w->options.log, LOG_WARN, "rollup_pass_failed", LOG_STR("reason", e->message),
              LOG_INT("attempt", w->attempt), LOG_INT("retry_ms", retry_ms));
    return retry_ms;
}

/* --- the thread ------------------------------------------------------------------------------- */

/* Waits; false when it is time to stop. */
static bool pause_for(struct rollup_worker *w, int64_t ms)
{
    struct timespec until = cond_deadline(ms);
    pthread_mutex_lock(&w->lock);
    int rc = 0;
    while (!w->stopping && (!w->begun || (ms > 0 && rc == 0)))
        rc = w->begun ? pthread_cond_timedwait(&w->wake, &w->lock, &until)
                      : pthread_cond_wait(&w->wake, &w->lock);
    bool go_on = !w->stopping;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

static void *run(void *self)
{
    struct rollup_worker *w = self;
    int64_t wait_ms = 0;
    while (pause_for(w, wait_ms)) {
        struct err e = {0};
        int rc = rollups_step(w->rollups, &e);
        wait_ms = rc > 0 ? 0 : rc == 0 ? w->options.interval_ms : tell_failure(w, &e);
        if (rc == 0) {
            w->attempt = 0;
            tell_pass(w);
        }
    }
    return NULL;
}

/* Whoever runs twice on a machine still has two names. */
static struct rollups *make_rollups(struct rollup_worker *w)
{
    char host[33] = "", holder[64];
    gethostname(host, sizeof host - 1);
    snprintf(holder, sizeof holder, "%s/%d/%08x", host, (int)getpid(), rng_u32(&w->rng));
    const struct rollups_config config = {
        .overlap_ms = w->options.overlap_ms,
        .grace_ms = w->options.grace_ms,
        .lease_ms = 2 * w->options.interval_ms + LEASE_MARGIN_MS,
        .holder = holder,
        .page = PAGE,
        .seed = rng_u64(&w->rng),
    };
    const struct rollup_store port = rollup_mongo_port(w->store);
    return rollups_new(&config, &port, &w->options.clock);
}

struct rollup_worker *rollup_worker_new(const struct rollup_worker_options *options)
{
    struct rollup_worker *w = xcalloc(1, sizeof *w);
    w->options = *options;
    rng_seed(&w->rng, random_seed());
    w->store = rollup_mongo_new(&options->store);
    w->rollups = make_rollups(w);
    add_metrics(w);
    cond_init(&w->wake);
    pthread_mutex_init(&w->lock, NULL);
    w->thread = thread_start(run, w);
    pthread_setname_np(w->thread, "rollups");
    return w;
}

static void set(struct rollup_worker *w, bool *flag)
{
    pthread_mutex_lock(&w->lock);
    *flag = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void rollup_worker_begin(struct rollup_worker *w)
{
    set(w, &w->begun);
}

void rollup_worker_stop(struct rollup_worker *w)
{
    if (w)
        set(w, &w->stopping);
}

void rollup_worker_free(struct rollup_worker *w)
{
    if (!w)
        return;
    rollup_worker_stop(w);
    pthread_join(w->thread, NULL);
    if (w->attempt == 0) /* else the store is away, and the lease runs out by itself */
        rollups_retire(w->rollups);
    rollups_free(w->rollups);
    rollup_mongo_free(w->store);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
