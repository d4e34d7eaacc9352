/* What must be true of the aggregator's world at every moment. */
#include "tests/sim/agg_durable.h"

#include <stdio.h>
#include <string.h>

static void broken(struct world *w, int32_t partition, int64_t offset, const char *what)
{
    if (!w->broken[0])
        snprintf(w->broken, sizeof w->broken, "%d/%lld: %s", partition, (long long)offset, what);
}

/* The document as it is, or as it would be after the store's death. */
static const void *look(const struct world *w, struct map *map, enum change_kind kind,
                        const char *key, bool durable)
{
    const void *now = map_get(map, span_str(key));
    return durable ? journal_durable(w, kind, span_str(key), now) : now;
}

static bool window_has(const struct window *window, int32_t partition, int64_t offset)
{
    for (unsigned i = 0; window && i < window->shares; i++)
        if (window->share[i].partition == partition)
            return window->share[i].src >= offset;
    return false;
}

static bool device_has(const struct device_state *d, int32_t partition, int64_t offset)
{
    for (unsigned i = 0; d && i < d->shares; i++)
        if (d->share[i].partition == partition)
            return d->share[i].src >= offset;
    return false;
}

static const char *missing_views(const struct world *w, const struct reading *r, int32_t p,
                                 int64_t o, bool durable)
{
    char key[WINDOW_ID_MAX];
    for (unsigned i = 0; i < r->sensors; i++) {
        window_id(key, r->device_id, r->sensor[i].name, window_start(r->ts_ms, WINDOW_DEFAULT_MS));
        if (!window_has(look(w, w->windows, CHANGE_WINDOW, key, durable), p, o))
            return "its window does not have it";
    }
    snprintf(key, sizeof key, "%.*s", (int)r->device_id.len, r->device_id.p);
    return device_has(look(w, w->devices, CHANGE_DEVICE, key, durable), p, o)
               ? NULL
               : "the last state of its device does not have it";
}

/* NULL when every effect of the record is there, else which is not. */
static const char *missing(const struct world *w, int32_t p, int64_t o, bool durable)
{
    const struct log_entry *entry = &w->log[p][o];
    static struct reading r;
    struct reading_problems problems = {0};
    const struct reading_rules rules = {
        .mode = READING_CANONICAL, .now_ms = entry->timestamp_ms, .max_future_skew_ms = 300000};
    if (entry->gap)
        return NULL;
    if (opinion_is_dead(entry->opinion) ||
        reading_decode(&r, span_str(entry->value), &rules, &problems) != 0)
        return w->lettered[p][o] ? NULL : "it has no dead letter";
    char hex[READING_ID_HEX + 1];
    struct reading_id id = reading_id(&r);
    reading_id_hex(&id, hex);
    const struct raw_document *d = look(w, w->raw, CHANGE_RAW, hex, durable);
    if (!d)
        return "it is not stored";
    bool counts = d->partition == p && d->offset == o; /* else it counts where it came first */
    return counts ? missing_views(w, &r, p, o, durable) : NULL;
}

static void check_up_to(struct world *w, int32_t p, int64_t next, int64_t *checked, bool durable)
{
    for (; *checked < next && !w->broken[0]; ++*checked) {
        const char *what = missing(w, p, *checked, durable);
        if (!what)
            continue;
        char text[128];
        snprintf(text, sizeof text, "%s, and %s", durable ? "committed" : "in the ledger", what);
        broken(w, p, *checked, text);
    }
}

void durable_check_commit(struct world *w, int32_t partition, int64_t next_offset)
{
    check_up_to(w, partition, next_offset, &w->durable_to[partition], true);
}

void durable_check_ledger(struct world *w, const struct ledger *l)
{
    check_up_to(w, l->partition, l->next_offset, &w->counted_to[l->partition], false);
    if (l->watermark_ms > w->now_ms)
        broken(w, l->partition, l->next_offset, "the watermark is ahead of the clock");
}

void durable_check_window(struct world *w, const char *key, const struct window *window)
{
    if (window->final && window->start_ms + WINDOW_DEFAULT_MS > w->now_ms && !w->broken[0])
        snprintf(w->broken, sizeof w->broken, "%.80s: final before its end", key);
}

void durable_forget(struct world *w)
{
    memcpy(w->counted_to, w->durable_to, sizeof w->counted_to);
}
