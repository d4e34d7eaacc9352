/* From windows to offsets: write what is dirty, then the ledger, then tell Kafka. */
#include "aggregator/pipeline_state.h"

enum { SWEEP_MS = 1000, IDLE_PARTITION_MS = 5000 };

bool flush_needed(const struct pipeline *p)
{
    return p->first_unwritten_ms != 0;
}

void flush_note_unwritten(struct pipeline *p)
{
    if (!p->first_unwritten_ms) {
        p->first_unwritten_ms = clock_monotonic_ms(&p->ports.clock);
        atomic_store_explicit(&p->stats.oldest_unwritten_ms, (int64_t)p->first_unwritten_ms,
                              memory_order_relaxed);
    }
}

static size_t unwritten_records(const struct pipeline *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->accounts; i++)
        n += account_unwritten(&p->account[i]);
    return n;
}

bool flush_due(const struct pipeline *p, uint64_t now_ms)
{
    if (!flush_needed(p))
        return false;
    return now_ms - p->first_unwritten_ms >= (uint64_t)p->config.flush_ms ||
           p->cache.dirty_windows.count >= p->config.max_windows ||
           unwritten_records(p) >= p->config.max_unwritten;
}

void flush_begin(struct pipeline *p)
{
    p->flush_at = 0;
    p->lost_windows.count = p->lost_devices.count = 0;
    p->phase = PHASE_WRITE_WINDOWS;
}

static void count_flush(struct pipeline_stats *s, struct span sensor)
{
    _Atomic uint64_t *c = span_is(sensor, "temperature_c") ? &s->flushed_temperature
                          : span_is(sensor, "humidity")    ? &s->flushed_humidity
                                                           : &s->flushed_other;
    atomic_fetch_add_explicit(c, 1, memory_order_relaxed);
}

static struct sink_window window_item(struct window_entry *w)
{
    return (struct sink_window){
        .device_id = span_str(w->device_id),
        .sensor = span_str(w->sensor),
        .window = &w->window,
    };
}

/* After the last chunk of a dirty list: losers are read again, else the next list has its turn. */
static void windows_written(struct pipeline *p)
{
    p->cache.dirty_windows.count = 0;
    p->flush_at = 0;
    p->phase = p->lost_windows.count ? PHASE_REREAD_WINDOWS : PHASE_WRITE_DEVICES;
}

int phase_write_windows(struct pipeline *p, struct err *e)
{
    struct entry_list *dirty = &p->cache.dirty_windows;
    struct sink_window items[CHUNK_MAX];
    size_t n = 0;
    for (size_t i = p->flush_at; i < dirty->count && n < CHUNK_MAX; i++)
        items[n++] = window_item(dirty->item[i]);
    int rc = n ? p->ports.sink.write_windows(p->ports.sink.self, items, n,
                                             clock_wall_ms(&p->ports.clock), e)
               : 0;
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++) {
        struct window_entry *w = dirty->item[p->flush_at + i];
        w->dirty = false;
        if (items[i].lost)
            entry_list_add(&p->lost_windows, w);
        else
            count_flush(&p->stats, items[i].sensor);
    }
    p->flush_at += n;
    if (p->flush_at == dirty->count)
        windows_written(p);
    return 0;
}

/* Somebody else wrote first, or it was our own write whose answer was lost. Each share of a window
 * is a function of the log up to its src, so the one further on holds the other: join, and write
 * again only what the store does not have yet. Nothing is recomputed from raw. */
static void join_window(struct pipeline *p, struct window_entry *w,
                        const struct sink_window *stored)
{
    atomic_fetch_add_explicit(&p->stats.lost_races, 1, memory_order_relaxed);
    if (!stored->found) { /* expired or removed meanwhile */
        w->window.rev = 0;
        window_cache_mark_window(&p->cache, w);
    } else if (window_join(&w->window, stored->window)) {
        window_cache_mark_window(&p->cache, w);
    }
}

int phase_reread_windows(struct pipeline *p, struct err *e)
{
    struct sink_window items[CHUNK_MAX];
    struct window stored[CHUNK_MAX];
    size_t n = 0;
    for (size_t i = p->flush_at; i < p->lost_windows.count && n < CHUNK_MAX; i++, n++) {
        struct window_entry *w = p->lost_windows.item[i];
        items[n] = window_item(w);
        window_init(&stored[n], w->window.start_ms);
        items[n].window = &stored[n];
    }
    int rc = p->ports.sink.read_windows(p->ports.sink.self, items, n, e);
    for (size_t i = 0; i < n; i++) {
        if (!rc)
            join_window(p, p->lost_windows.item[p->flush_at + i], &items[i]);
        window_deinit(&stored[i]);
    }
    if (rc)
        return rc;
    p->flush_at += n;
    if (p->flush_at == p->lost_windows.count) {
        p->flush_at = 0;
        p->lost_windows.count = 0;
        p->phase = p->cache.dirty_windows.count ? PHASE_WRITE_WINDOWS : PHASE_WRITE_DEVICES;
    }
    return 0;
}

int phase_write_devices(struct pipeline *p, struct err *e)
{
    struct entry_list *dirty = &p->cache.dirty_devices;
    struct sink_device items[CHUNK_MAX];
    size_t n = 0;
    for (size_t i = p->flush_at; i < dirty->count && n < CHUNK_MAX; i++)
        items[n++] = (struct sink_device){.state = &((struct device_entry *)dirty->item[i])->state};
    int rc = n ? p->ports.sink.write_devices(p->ports.sink.self, items, n, e) : 0;
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++) {
        struct device_entry *d = dirty->item[p->flush_at + i];
        d->dirty = false;
        if (items[i].lost)
            entry_list_add(&p->lost_devices, d);
    }
    p->flush_at += n;
    if (p->flush_at == dirty->count) {
        dirty->count = 0;
        p->flush_at = 0;
        p->ledger_at = 0;
        p->phase = p->lost_devices.count ? PHASE_REREAD_DEVICES : PHASE_LEDGER;
    }
    return 0;
}

static void join_device(struct pipeline *p, struct device_entry *d,
                        const struct sink_device *stored)
{
    atomic_fetch_add_explicit(&p->stats.lost_races, 1, memory_order_relaxed);
    if (!stored->found) {
        d->state.rev = 0;
        window_cache_mark_device(&p->cache, d);
    } else if (device_state_join(&d->state, stored->state)) {
        window_cache_mark_device(&p->cache, d);
    }
}

int phase_reread_devices(struct pipeline *p, struct err *e)
{
    enum { REREAD_MAX = 100 }; /* a device's state is large, and races are rare */
    struct sink_device items[REREAD_MAX];
    struct device_state stored[REREAD_MAX];
    size_t n = 0;
    for (size_t i = p->flush_at; i < p->lost_devices.count && n < REREAD_MAX; i++, n++) {
        struct device_entry *d = p->lost_devices.item[i];
        device_state_init(&stored[n], span_str(d->state.device_id));
        items[n] = (struct sink_device){.state = &stored[n]};
    }
    int rc = p->ports.sink.read_devices(p->ports.sink.self, items, n, e);
    for (size_t i = 0; i < n; i++) {
        if (!rc)
            join_device(p, p->lost_devices.item[p->flush_at + i], &items[i]);
        device_state_deinit(&stored[i]);
    }
    if (rc)
        return rc;
    p->flush_at += n;
    if (p->flush_at == p->lost_devices.count) {
        p->flush_at = 0;
        p->lost_devices.count = 0;
        p->phase = p->cache.dirty_devices.count ? PHASE_WRITE_DEVICES : PHASE_LEDGER;
    }
    return 0;
}

/* One partition a step. */
int phase_ledger(struct pipeline *p, struct err *e)
{
    while (p->ledger_at < p->accounts) {
        struct account *a = &p->account[p->ledger_at];
        struct ledger next;
        if (!account_next_ledger(a, &next)) {
            p->ledger_at++;
            continue;
        }
        int64_t expected = a->ledger_exists ? a->ledger.next_offset : -1;
        int rc = p->ports.sink.write_ledger(p->ports.sink.self, &next, expected,
                                            clock_wall_ms(&p->ports.clock), e);
        if (rc == ERR_CONFLICT) {
            err_clear(e);
            p->phase = PHASE_REREAD_LEDGER;
            return 0;
        }
        if (rc)
            return rc;
        account_written(a, &next);
        p->ledger_at++;
        return 0;
    }
    p->phase = PHASE_COMMIT;
    return 0;
}

int phase_reread_ledger(struct pipeline *p, struct err *e)
{
    struct account *a = &p->account[p->ledger_at];
    struct ledger stored;
    int rc = p->ports.sink.read_ledger(p->ports.sink.self, a->partition, &stored, e);
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    account_set_ledger(a, rc ? NULL : &stored);
    err_clear(e);
    p->phase = PHASE_LEDGER;
    return 0;
}

void flush_publish_stats(struct pipeline *p)
{
    struct ledger sum = {0};
    int64_t unaccounted = 0;
    for (size_t i = 0; i < p->accounts; i++) {
        const struct ledger *l = &p->account[i].ledger;
        sum.stored += l->stored;
        sum.duplicate += l->duplicate;
        sum.dead += l->dead;
        sum.gap += l->gap;
        unaccounted += ledger_unaccounted(l);
    }
    struct pipeline_stats *s = &p->stats;
    atomic_store_explicit(&s->ledger_stored, sum.stored, memory_order_relaxed);
    atomic_store_explicit(&s->ledger_duplicate, sum.duplicate, memory_order_relaxed);
    atomic_store_explicit(&s->ledger_dead, sum.dead, memory_order_relaxed);
    atomic_store_explicit(&s->ledger_gap, sum.gap, memory_order_relaxed);
    atomic_store_explicit(&s->unaccounted, unaccounted, memory_order_relaxed);
    atomic_store_explicit(&s->partitions, p->accounts, memory_order_relaxed);
    atomic_store_explicit(&s->windows_in_memory, map_count(p->cache.windows), memory_order_relaxed);
    atomic_store_explicit(&s->devices_in_memory, map_count(p->cache.devices), memory_order_relaxed);
    atomic_store_explicit(&s->oldest_unwritten_ms, (int64_t)p->first_unwritten_ms,
                          memory_order_relaxed);
}

int phase_commit(struct pipeline *p, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < p->accounts; i++) {
        struct account *a = &p->account[i];
        if (a->position <= a->committed)
            continue;
        p->ports.stream.commit(p->ports.stream.self, a->partition, a->position);
        a->committed = a->position;
    }
    p->first_unwritten_ms = 0;
    p->cache.round++;
    flush_publish_stats(p);
    p->phase = PHASE_POLL;
    return 0;
}

/* Event time of a partition; one that is idle follows the clock, or its last windows would stay
 * open. Idle is only who had nothing to say when asked: not while the store kept us from asking. */
static int64_t watermark_now(void *arg, int32_t partition)
{
    struct pipeline *p = arg;
    const struct account *a = group_account(p, partition);
    if (!a)
        return INT64_MIN;
    bool idle = p->drained_ms >= a->last_record_ms + IDLE_PARTITION_MS;
    return idle ? clock_wall_ms(&p->ports.clock) : a->watermark_ms;
}

void flush_sweep(struct pipeline *p, uint64_t now_ms)
{
    if (now_ms - p->swept_ms < SWEEP_MS)
        return;
    p->swept_ms = now_ms;
    window_cache_finalize(&p->cache, p->config.window_ms + p->config.grace_ms, watermark_now, p);
    if (p->cache.dirty_windows.count)
        flush_note_unwritten(p);
    window_cache_evict(&p->cache, p->config.max_windows);
}
