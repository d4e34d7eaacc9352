/* From readings to windows: finding where the readings of a slice go, and folding them in. */
#include <stdlib.h>

#include "aggregator/pipeline_state.h"
#include "common/base/xmalloc.h"

/* --- planning -----------------------------------------------------------------------------------
 *
 * With many devices nothing of what a reading touches is in the processor's caches: slot, entry and
 * last state of its device, slot and entry of each window. So the readings of a slice go through
 * steps, one behind the other, and each step asks for what the next one needs. */

static const struct reading *reading_of(const struct slice *s, size_t i)
{
    return s->raw[i].reading;
}

static void hash_device(struct pipeline *p, size_t i)
{
    struct slice *s = p->slice;
    struct fold_plan *plan = &s->plan[i];
    plan->counted = intake_is_ours(&s->raw[i]);
    if (!plan->counted)
        return;
    plan->hash = device_table_hash(&p->cache.devices, reading_of(s, i)->device_id);
    device_table_prefetch_slot(&p->cache.devices, plan->hash);
}

static void fetch_device(struct pipeline *p, size_t i)
{
    const struct fold_plan *plan = &p->slice->plan[i];
    if (plan->counted)
        device_table_prefetch_entry(&p->cache.devices, plan->hash);
}

static void fetch_state(struct pipeline *p, size_t i)
{
    const struct fold_plan *plan = &p->slice->plan[i];
    if (plan->counted)
        device_table_prefetch_state(&p->cache.devices, plan->hash);
}

static struct fold_target *add_target(struct slice *s)
{
    if (s->targets == s->targets_cap) {
        s->targets_cap = s->targets_cap ? s->targets_cap * 2 : 4096;
        s->target = xreallocarray(s->target, s->targets_cap, sizeof *s->target);
    }
    return &s->target[s->targets++];
}

static void find_device(struct pipeline *p, size_t i)
{
    struct slice *s = p->slice;
    struct fold_plan *plan = &s->plan[i];
    if (!plan->counted)
        return;
    const struct reading *r = reading_of(s, i);
    int64_t start = window_start(r->ts_ms, p->config.window_ms);
    plan->device = window_cache_take_device(&p->cache, r->device_id, plan->hash);
    plan->target = s->targets;
    for (unsigned k = 0; k < r->sensors; k++) {
        struct fold_target *t = add_target(s);
        t->key = window_cache_key(&p->cache, plan->device, r->sensor[k].name, start);
        window_table_prefetch_slot(&p->cache.windows, &t->key);
    }
}

static void fetch_windows(struct pipeline *p, size_t i)
{
    const struct slice *s = p->slice;
    for (unsigned k = 0; s->plan[i].counted && k < reading_of(s, i)->sensors; k++)
        window_table_prefetch_entry(&p->cache.windows, &s->target[s->plan[i].target + k].key);
}

/* And lists what is not in memory. */
static void find_windows(struct pipeline *p, size_t i)
{
    struct slice *s = p->slice;
    struct fold_plan *plan = &s->plan[i];
    for (unsigned k = 0; plan->counted && k < reading_of(s, i)->sensors; k++) {
        struct fold_target *t = &s->target[plan->target + k];
        t->entry = window_cache_take_window(&p->cache, &t->key);
        if (!t->entry->loaded)
            entry_list_add(&s->load_windows, t->entry);
    }
    if (plan->counted && !plan->device->loaded)
        entry_list_add(&s->load_devices, plan->device);
}

void folding_plan(struct pipeline *p)
{
    static void (*const step[])(struct pipeline * p, size_t i) = {
        hash_device, fetch_device, fetch_state, find_device, fetch_windows, find_windows};
    enum { STEPS = sizeof step / sizeof step[0], AHEAD = 4 };
    struct slice *s = p->slice;
    s->targets = 0;
    s->load_windows.count = s->load_devices.count = s->load_at = 0;
    for (size_t i = 0; i < s->raws + (STEPS - 1) * AHEAD; i++)
        for (size_t k = 0; k < STEPS; k++)
            if (i >= k * AHEAD && i - k * AHEAD < s->raws)
                step[k](p, i - k * AHEAD);
    p->phase = PHASE_LOAD_WINDOWS;
}

/* --- folding ------------------------------------------------------------------------------------
 */

/* Samples folded, by sensor; published once a slice. */
struct samples {
    uint64_t temperature, humidity, other;
};

static void count_sample(struct samples *n, struct span sensor)
{
    if (span_is(sensor, "temperature_c"))
        n->temperature++;
    else if (span_is(sensor, "humidity"))
        n->humidity++;
    else
        n->other++;
}

static void publish(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* A slice is too much for the nearest cache, so what planning has fetched is fetched again. */
static void fetch_again(const struct slice *s, size_t i)
{
    if (i >= s->raws || !s->plan[i].counted)
        return;
    const struct fold_plan *plan = &s->plan[i];
    device_entry_prefetch(plan->device);
    for (unsigned k = 0; k < reading_of(s, i)->sensors; k++) {
        const struct window_entry *w = s->target[plan->target + k].entry;
        __builtin_prefetch(w);
        __builtin_prefetch(w->bytes + 36);
    }
}

/* What was folded in before, and is replayed, changes nothing. */
static void fold_reading(struct pipeline *p, size_t i, struct samples *samples)
{
    struct slice *s = p->slice;
    const struct sink_raw *raw = &s->raw[i];
    const struct reading *r = raw->reading;
    for (unsigned k = 0; k < r->sensors; k++) {
        struct window_entry *w = s->target[s->plan[i].target + k].entry;
        if (window_cache_fold_window(&p->cache, w, raw->partition, raw->offset, r->ts_ms,
                                     r->sensor[k].value))
            count_sample(samples, r->sensor[k].name);
    }
    window_cache_fold_device(&p->cache, s->plan[i].device, raw->partition, raw->offset, r);
}

void folding_fold(struct pipeline *p)
{
    enum { AHEAD = 4 };
    struct slice *s = p->slice;
    struct samples samples = {0};
    for (size_t i = 0; i < s->raws; i++) {
        fetch_again(s, i + AHEAD);
        if (s->plan[i].counted)
            fold_reading(p, i, &samples);
    }
    publish(&p->stats.folded_temperature, samples.temperature);
    publish(&p->stats.folded_humidity, samples.humidity);
    publish(&p->stats.folded_other, samples.other);
}
