/* Tells once in the log when a dependency goes away and when it comes back. */
#include "common/app/dependency_watch.h"

#include <stdlib.h>

#include "common/app/health.h"
#include "common/base/xmalloc.h"

void dependency_watch_init(struct dependency_watch *w, const struct daemon_check *checks,
                           size_t count, struct log *log, struct metrics *metrics)
{
    *w = (struct dependency_watch){.checks = checks, .count = count, .log = log};
    w->state = xcalloc(count, sizeof w->state[0]);
    w->up = metrics_add(metrics, METRIC_GAUGE, "weir_dependency_up",
                        "Whether a dependency is ready: 1 or 0.", "dependency");
}

void dependency_watch_deinit(struct dependency_watch *w)
{
    free(w->state);
    w->state = NULL;
    w->count = 0;
}

static void turn(struct dependency_watch *w, size_t i, uint64_t now_ms)
{
    const struct daemon_check *c = &w->checks[i];
    struct dependency_state *s = &w->state[i], before = *s;
    char why[HEALTH_WHY_MAX] = "";
    s->is = c->ready(c->arg, why, sizeof why) ? DEPENDENCY_UP : DEPENDENCY_DOWN;
    metric_set(w->up, METRIC_LABELS(c->name), s->is == DEPENDENCY_UP);
    if (s->is == before.is)
        return;
    s->since_ms = now_ms;
    if (s->is == DEPENDENCY_DOWN)
        log_event(w->log, LOG_WARN, "dependency_down", LOG_STR("dependency", c->name),
                  LOG_STR("reason", why));
    else if (before.is == DEPENDENCY_DOWN)
        log_event(w->log, LOG_INFO, "dependency_up", LOG_STR("dependency", c->name),
                  LOG_DBL("down_seconds", (double)(now_ms - before.since_ms) / 1000));
    else
        log_event(w->log, LOG_INFO, "dependency_up", LOG_STR("dependency", c->name));
}

void dependency_watch_turn(struct dependency_watch *w, uint64_t now_ms)
{
    for (size_t i = 0; i < w->count; i++)
        turn(w, i, now_ms);
}

void dependency_watch_describe(const struct dependency_watch *w, struct buf *out)
{
    const char *before = "waits for ";
    for (size_t i = 0; i < w->count; i++) {
        if (w->state[i].is == DEPENDENCY_UP)
            continue;
        buf_printf(out, "%s%s", before, w->checks[i].name);
        before = ", ";
    }
    if (out->len == 0)
        buf_str(out, "ready");
}
