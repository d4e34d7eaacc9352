/* From readings to windows: finding where the readings of a slice go, and folding them in. */
#include <stdlib.h>

#include "aggregator/pipeline_state.h"
#include "common/base/xmalloc.h"

void samples_count(struct samples *n, struct span sensor)
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

static void publish_samples(struct pipeline_stats *s, const struct samples *n)
{
    publish(&s->folded_temperature, n->temperature);
    publish(&s->folded_humidity, n->humidity);
    publish(&s->folded_other, n->other);
}

static const struct reading *reading_of(const struct slice *s, size_t i)
{
    return s->raw[i].reading;
}

/* What was folded in before, and is replayed, changes nothing. */
static void fold_sample(struct pipeline *p, size_t i, unsigned k, struct window_entry *w,
                        struct samples *samples)
{
    const struct sink_raw *raw = &p->slice->raw[i];
    const struct reading_sensor *sensor = &raw->reading->sensor[k];
    const struct window_sample sample = {.partition = raw->partition,
                                         .offset = raw->offset,
                                         .ts_ms = raw->reading->ts_ms,
                                         .value = sensor->value};
    if (window_cache_fold_window(&p->cache, w, &sample))
        samples_count(samples, sensor->name);
}

static void fold_device(struct pipeline *p, size_t i, struct device_entry *d)
{
    const struct sink_raw *raw = &p->slice->raw[i];
    window_cache_fold_device(&p->cache, d, raw->partition, raw->offset, raw->reading);
}

/* --- finding ------------------------------------------------------------------------------------
 *
 * With many devices nothing of what a reading touches is in the processor's caches: slot, entry and
 * last state of its device, slot and entry of each window. So the readings of a slice go through
 * steps, one behind the other, and each step asks for what the next one needs. What is found to be
 * loaded is folded in at once, while it is at hand. The rest waits until it is loaded; none of it
 * is loaded before, so each window and each last state gets its readings in their order. */

static void hash_device(struct pipeline *p, size_t i, struct samples *samples)
{
    (void)samples;
    struct slice *s = p->slice;
    struct fold_plan *plan = &s->plan[i];
    *plan = (struct fold_plan){.counted = insertion_is_ours(&s->raw[i])};
    if (!plan->counted)
        return;
    plan->hash = device_table_hash(&p->cache.devices, reading_of(s, i)->device_id);
    device_table_prefetch(&p->cache.devices, plan->hash);
}

static void guess_device(struct pipeline *p, size_t i, struct samples *samples)
{
    (void)samples;
    struct fold_plan *plan = &p->slice->plan[i];
    if (plan->counted)
        plan->device = device_table_guess(&p->cache.devices, plan->hash);
    if (plan->device)
        __builtin_prefetch(plan->device);
}

static void fetch_state(struct pipeline *p, size_t i, struct samples *samples)
{
    (void)samples;
    const struct fold_plan *plan = &p->slice->plan[i];
    if (plan->device)
        device_entry_prefetch(plan->device);
}

static struct fold_target *add_target(struct slice *s)
{
    if (s->targets == s->targets_cap) {
        s->targets_cap = s->targets_cap ? s->targets_cap * 2 : 4096;
        s->target = xreallocarray(s->target, s->targets_cap, sizeof *s->target);
    }
    return &s->target[s->targets++];
}

static void find_device(struct pipeline *p, size_t i, struct samples *samples)
{
    (void)samples;
    struct slice *s = p->slice;
    struct fold_plan *plan = &s->plan[i];
    if (!plan->counted)
        return;
    const struct reading *r = reading_of(s, i);
    int64_t start = window_start(r->ts_ms, p->config.window_ms);
    plan->device = window_cache_take_device(&p->cache, r->device_id, plan->hash, plan->device);
    plan->target = s->targets;
    for (unsigned k = 0; k < r->sensors; k++) {
        struct fold_target *t = add_target(s);
        t->key = window_cache_key(&p->cache, plan->device, r->sensor[k].name, start);
        window_table_prefetch(&p->cache.windows, &t->key);
    }
}

static void guess_windows(struct pipeline *p, size_t i, struct samples *samples)
{
    (void)samples;
    const struct slice *s = p->slice;
    for (unsigned k = 0; s->plan[i].counted && k < reading_of(s, i)->sensors; k++) {
        struct fold_target *t = &s->target[s->plan[i].target + k];
        t->entry = window_table_guess(&p->cache.windows, &t->key);
        if (t->entry)
            window_entry_prefetch(t->entry);
    }
}

static void find_windows(struct pipeline *p, size_t i, struct samples *samples)
{
    struct slice *s = p->slice;
    for (unsigned k = 0; k < reading_of(s, i)->sensors; k++) {
        struct fold_target *t = &s->target[s->plan[i].target + k];
        t->entry = window_cache_take_window(&p->cache, &t->key, t->entry);
        if (t->entry->loaded) {
            fold_sample(p, i, k, t->entry, samples);
            t->entry = NULL;
        } else {
            entry_list_add(&s->load_windows, t->entry);
        }
    }
}

static void find_and_fold(struct pipeline *p, size_t i, struct samples *samples)
{
    struct slice *s = p->slice;
    struct fold_plan *plan = &s->plan[i];
    if (!plan->counted)
        return;
    find_windows(p, i, samples);
    if (plan->device->loaded) {
        fold_device(p, i, plan->device);
        plan->device = NULL;
    } else {
        entry_list_add(&s->load_devices, plan->device);
    }
}

void folding_plan(struct pipeline *p)
{
    static void (*const step[])(struct pipeline * p, size_t i, struct samples * samples) = {
        hash_device, guess_device, fetch_state, find_device, guess_windows, find_and_fold};
    enum { STEPS = sizeof step / sizeof step[0], AHEAD = 4 };
    struct slice *s = p->slice;
    struct samples samples = {0};
    s->targets = 0;
    s->load_windows.count = s->load_devices.count = s->load_at = 0;
    for (size_t i = 0; i < s->raws + (STEPS - 1) * AHEAD; i++)
        for (size_t k = 0; k < STEPS; k++)
            if (i >= k * AHEAD && i - k * AHEAD < s->raws)
                step[k](p, i - k * AHEAD, &samples);
    publish_samples(&p->stats, &samples);
    p->phase = PHASE_LOAD_WINDOWS;
}

/* --- what had to be loaded -------------------------------------------------------------------- */

static void fold_rest(struct pipeline *p, size_t i, struct samples *samples)
{
    struct slice *s = p->slice;
    const struct fold_plan *plan = &s->plan[i];
    for (unsigned k = 0; k < reading_of(s, i)->sensors; k++) {
        const struct fold_target *t = &s->target[plan->target + k];
        if (t->entry)
            fold_sample(p, i, k, t->entry, samples);
    }
    if (plan->device)
        fold_device(p, i, plan->device);
}

void folding_fold(struct pipeline *p)
{
    struct slice *s = p->slice;
    struct samples samples = {0};
    bool rest = s->load_windows.count > 0 || s->load_devices.count > 0;
    for (size_t i = 0; i < s->raws && rest; i++)
        if (s->plan[i].counted)
            fold_rest(p, i, &samples);
    publish_samples(&p->stats, &samples);
}
