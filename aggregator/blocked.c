/* What an effect waits for that has failed and is repeated. */
#include <stdio.h>

#include "aggregator/pipeline_state.h"

enum { BACKOFF_BASE_MS = 500, BACKOFF_CAP_MS = 30000 };

enum pipeline_blocker pipeline_blocked(struct pipeline *p, char *why, size_t why_size)
{
    pthread_mutex_lock(&p->why_lock);
    enum pipeline_blocker blocker = p->blocker;
    if (blocker != PIPELINE_NOT_BLOCKED && why_size)
        snprintf(why, why_size, "%s", p->why);
    pthread_mutex_unlock(&p->why_lock);
    return blocker;
}

static void set(struct pipeline *p, enum pipeline_blocker blocker, const char *why)
{
    pthread_mutex_lock(&p->why_lock);
    p->blocker = blocker;
    snprintf(p->why, sizeof p->why, "%s", why);
    pthread_mutex_unlock(&p->why_lock);
}

/* What was blocked has succeeded, or belongs to partitions that are no longer ours. */
void blocked_clear(struct pipeline *p)
{
    p->attempt = 0;
    p->blocked_since_ms = p->blocked_until_ms = p->pause_until_ms = 0;
    atomic_store_explicit(&p->stats.blocked_since_ms, 0, memory_order_relaxed);
    set(p, PIPELINE_NOT_BLOCKED, "");
}

void blocked_note(struct pipeline *p, enum phase phase, const char *name,
                  enum pipeline_blocker blocker, const struct err *e)
{
    uint64_t now_ms = clock_monotonic_ms(&p->ports.clock);
    int64_t wait_ms = backoff_ms(&p->rng, p->attempt++, BACKOFF_BASE_MS, BACKOFF_CAP_MS);
    if (!p->blocked_since_ms)
        p->blocked_since_ms = now_ms;
    p->blocked_phase = phase;
    p->blocked_until_ms = now_ms + (uint64_t)wait_ms;
    atomic_store_explicit(&p->stats.blocked_since_ms, (int64_t)p->blocked_since_ms,
                          memory_order_relaxed);
    atomic_fetch_add_explicit(&p->stats.store_errors, 1, memory_order_relaxed);
    set(p, blocker, e->message);
    if (p->ports.observer.blocked)
        p->ports.observer.blocked(p->ports.observer.self, name, e, p->attempt, wait_ms);
}

/* Others may go on beside the one that is blocked. */
void blocked_over(struct pipeline *p, enum phase phase, const char *name)
{
    if (!p->blocked_since_ms || phase != p->blocked_phase)
        return;
    uint64_t now_ms = clock_monotonic_ms(&p->ports.clock);
    if (p->ports.observer.unblocked)
        p->ports.observer.unblocked(p->ports.observer.self, name,
                                    (int64_t)(now_ms - p->blocked_since_ms));
    blocked_clear(p);
}
