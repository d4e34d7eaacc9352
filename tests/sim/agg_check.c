/* What must be true of the aggregator's world once everything is quiet. */
#include "tests/sim/agg_check.h"

#include <stdio.h>
#include <stdlib.h>

#include "aggregator/account.h"
#include "common/base/xmalloc.h"

struct check {
    struct world *world;
    struct map *windows; /* id -> struct window_stats, recomputed */
    struct map *devices; /* id -> struct device_state, recomputed */
    struct map *paced;   /* likewise, each partition's readings in their order: for the cadence */
    uint64_t stored[WORLD_PARTITIONS];
    char wrong[512];
};

static bool decode(struct reading *r, const char *json, int64_t now_ms)
{
    struct reading_rules rules = {
        .mode = READING_CANONICAL, .now_ms = now_ms, .max_future_skew_ms = 300000};
    struct reading_problems problems = {0};
    return reading_decode(r, span_str(json), &rules, &problems) == 0;
}

static void fold_windows(struct check *c, const struct reading *r)
{
    for (unsigned i = 0; i < r->sensors; i++) {
        char id[WINDOW_ID_MAX];
        struct span key = span_of(id, window_id(id, r->device_id, r->sensor[i].name,
                                                window_start(r->ts_ms, WINDOW_DEFAULT_MS)));
        struct window_stats *s = map_get(c->windows, key);
        if (!s) {
            s = xcalloc(1, sizeof *s);
            map_put(c->windows, key, s);
        }
        window_stats_fold(s, r->ts_ms, r->sensor[i].value);
    }
}

static struct device_state *state_of(struct map *devices, struct span device_id)
{
    struct device_state *s = map_get(devices, device_id);
    if (!s) {
        s = xcalloc(1, sizeof *s);
        device_state_init(s, device_id);
        map_put(devices, device_id, s);
    }
    return s;
}

static bool recompute(void *arg, struct span key, void *value)
{
    struct check *c = arg;
    const struct raw_document *d = value;
    static struct reading r;
    if (!decode(&r, d->json, c->world->now_ms)) {
        snprintf(c->wrong, sizeof c->wrong, "stored document %.*s is no reading", (int)key.len,
                 key.p);
        return false;
    }
    c->stored[d->partition]++;
    fold_windows(c, &r);
    struct device_state *s = state_of(c->devices, r.device_id);
    /* A share of its own for each document, so that no replay guard can hide one. */
    device_state_fold(s, (int32_t)s->shares, 0, &r);
    return true;
}

static bool compare_window(void *arg, struct span key, void *value)
{
    struct check *c = arg;
    const struct window_stats *want = value;
    const struct window *have = map_get(c->world->windows, key);
    struct window_stats total = {0};
    if (have)
        window_total(have, &total);
    if (have && !have->final) {
        snprintf(c->wrong, sizeof c->wrong, "window %.*s is still open", (int)key.len, key.p);
        return false;
    }
    if (have && window_stats_equal(&total, want))
        return true;
    snprintf(c->wrong, sizeof c->wrong, "window %.*s: count %llu sum %g, recomputed %llu %g",
             (int)key.len, key.p, (unsigned long long)total.count, window_stats_sum(&total),
             (unsigned long long)want->count, window_stats_sum(want));
    return false;
}

static bool same_state(const struct device_state *a, const struct device_state *b)
{
    if (a->last_ts_ms != b->last_ts_ms || a->last_seen_ms != b->last_seen_ms ||
        a->first_seen_ms != b->first_seen_ms || a->sensors != b->sensors ||
        device_state_readings(a) != device_state_readings(b))
        return false;
    for (unsigned i = 0; i < a->sensors; i++)
        if (a->sensor[i].value != b->sensor[i].value || a->sensor[i].ts_ms != b->sensor[i].ts_ms)
            return false;
    return true;
}

/* Counts and gaps of every partition, as if it had been read once from its beginning to its end. */
static bool same_shares(const struct device_state *a, const struct device_state *b)
{
    for (unsigned i = 0; i < a->shares; i++)
        if (a->shares != b->shares || a->share[i].partition != b->share[i].partition ||
            a->share[i].readings != b->share[i].readings ||
            !cadence_equal(&a->share[i].cadence, &b->share[i].cadence))
            return false;
    return true;
}

static bool compare_device(void *arg, struct span key, void *value)
{
    struct check *c = arg;
    const struct device_state *have = map_get(c->world->devices, key);
    if (have && same_state(have, value) && same_shares(have, map_get(c->paced, key)))
        return true;
    snprintf(c->wrong, sizeof c->wrong,
             "last state of %.*s differs: %llu readings, recomputed %llu", (int)key.len, key.p,
             have ? (unsigned long long)device_state_readings(have) : 0,
             (unsigned long long)device_state_readings(value));
    return false;
}

/* Every valid record is stored under its id, and the stored origin is a place of the log with that
 * id. */
static size_t check_record(struct check *c, int32_t p, int64_t o, struct map *seen)
{
    const struct log_entry *entry = &c->world->log[p][o];
    static struct reading r, at_origin;
    if (entry->gap || opinion_is_dead(entry->opinion) ||
        !decode(&r, entry->value, entry->timestamp_ms))
        return 0;
    char hex[READING_ID_HEX + 1], hex_origin[READING_ID_HEX + 1] = "";
    struct reading_id id = reading_id(&r);
    reading_id_hex(&id, hex);
    const struct raw_document *d = map_get(c->world->raw, span_str(hex));
    if (!d) {
        snprintf(c->wrong, sizeof c->wrong, "lost %d/%lld", p, (long long)o);
        return 0;
    }
    const struct log_entry *origin = &c->world->log[d->partition][d->offset];
    if (decode(&at_origin, origin->value, origin->timestamp_ms)) {
        id = reading_id(&at_origin);
        reading_id_hex(&id, hex_origin);
    }
    if (d->partition == p && d->offset == o)
        device_state_fold(state_of(c->paced, r.device_id), p, o, &r);
    if (!span_is(span_str(hex), hex_origin))
        snprintf(c->wrong, sizeof c->wrong, "%d/%lld: stored under an origin without it", p,
                 (long long)o);
    return map_put(seen, span_str(hex), c) ? 0 : 1;
}

static void check_partition(struct check *c, int32_t p)
{
    struct world *w = c->world;
    uint64_t dead = 0, gaps = 0;
    for (int64_t o = 0; o < w->log_end[p]; o++) {
        bool dies = w->log[p][o].poison || opinion_is_dead(w->log[p][o].opinion);
        dead += dies;
        gaps += w->log[p][o].gap;
        if (w->lettered[p][o] != dies)
            snprintf(c->wrong, sizeof c->wrong, "%d/%lld: dead letter %d, should be %d", p,
                     (long long)o, w->lettered[p][o], dies);
    }
    const struct ledger *l = &w->ledger[p];
    bool good = l->first == 0 && l->next_offset == w->log_end[p] && ledger_unaccounted(l) == 0 &&
                l->stored == c->stored[p] && l->dead == dead && l->gap == gaps;
    if (!good)
        snprintf(c->wrong, sizeof c->wrong,
                 "ledger %d: next %lld of %lld, stored %llu (documents %llu) duplicate %llu dead "
                 "%llu of %llu gap %llu of %llu",
                 p, (long long)l->next_offset, (long long)w->log_end[p],
                 (unsigned long long)l->stored, (unsigned long long)c->stored[p],
                 (unsigned long long)l->duplicate, (unsigned long long)l->dead,
                 (unsigned long long)dead, (unsigned long long)l->gap, (unsigned long long)gaps);
}

static void free_device(void *d)
{
    device_state_deinit(d);
    free(d);
}

const char *world_check(struct world *w)
{
    static struct check c;
    c = (struct check){
        .world = w, .windows = map_new(1), .devices = map_new(1), .paced = map_new(1)};
    struct map *seen = map_new(1);
    size_t distinct = 0;
    map_each(w->raw, recompute, &c);
    snprintf(c.wrong, sizeof c.wrong, "%s", w->bad_letter);
    for (int32_t p = 0; p < WORLD_PARTITIONS && !c.wrong[0]; p++) {
        for (int64_t o = 0; o < w->log_end[p] && !c.wrong[0]; o++)
            distinct += check_record(&c, p, o, seen);
        if (!c.wrong[0])
            check_partition(&c, p);
    }
    if (!c.wrong[0] && distinct != map_count(w->raw))
        snprintf(c.wrong, sizeof c.wrong, "%zu documents for %zu readings", map_count(w->raw),
                 distinct);
    if (!c.wrong[0])
        map_each(c.windows, compare_window, &c);
    if (!c.wrong[0] && map_count(c.windows) != map_count(w->windows))
        snprintf(c.wrong, sizeof c.wrong, "%zu windows, recomputed %zu", map_count(w->windows),
                 map_count(c.windows));
    if (!c.wrong[0])
        map_each(c.devices, compare_device, &c);
    map_free(c.windows, free);
    map_free(c.devices, free_device);
    map_free(c.paced, free_device);
    map_free(seen, NULL);
    return c.wrong[0] ? c.wrong : NULL;
}
