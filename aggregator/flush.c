/* From windows to offsets: write what is dirty, then the ledger, then tell Kafka. */

#include "aggregator/pipeline_state.h"
#include "common/base/sabotage.h"

enum { SWEEP_MS = 1000, IDLE_PARTITION_MS = 5000 };
enum { FLUSH_SHARE = 10, FLUSH_INTERVALS_MAX = 5 };

/* Windows are written at a bounded rate: each write is paid with its part of a second, and the next
 * flush waits until all are. Meanwhile further readings fold into the same windows, which is what
 * makes it cheaper; the ledger and Kafka's offset wait with them. */
static uint64_t unpaid_us(const struct pipeline *p, uint64_t now_ms)
{
    return p->paid_us > now_ms * 1000 ? p->paid_us - now_ms * 1000 : 0;
}

static void pay(struct pipeline *p, size_t writes)
{
    uint64_t now_us = clock_monotonic_ms(&p->ports.clock) * 1000;
    uint64_t from = p->paid_us > now_us ? p->paid_us : now_us;
    if (p->config.window_writes)
        p->paid_us = from + writes * 1000000 / (uint64_t)p->config.window_writes;
}

int flush_wait_ms(const struct pipeline *p, uint64_t now_ms)
{
    uint64_t unpaid_ms = (unpaid_us(p, now_ms) + 500) / 1000;
    return !accounts_behind(p) || unpaid_ms > POLL_IDLE_MS ? POLL_IDLE_MS : (int)unpaid_ms;
}

/* Flushes may take a tenth of the time while records wait: a slow store is to insert readings
 * rather than the same windows again. Within bounds, for the offsets wait with them. */
static uint64_t rest_ms(const struct pipeline *p, uint64_t took_ms)
{
    uint64_t most_ms = (uint64_t)p->config.flush_ms * FLUSH_INTERVALS_MAX;
    uint64_t share_ms = took_ms * (FLUSH_SHARE - 1);
    return share_ms < most_ms ? share_ms : most_ms;
}

bool flush_due(const struct pipeline *p, uint64_t now_ms)
{
    if (!accounts_behind(p))
        return false;
    return (now_ms - p->first_unwritten_ms >= (uint64_t)p->config.flush_ms &&
            now_ms >= p->flush_rest_until_ms && unpaid_us(p, now_ms) == 0) ||
           p->cache.dirty_windows.count >= p->config.max_windows ||
           accounts_unwritten(p) >= p->config.max_unwritten;
}

static void commit_positions(struct pipeline *p)
{
    for (size_t i = 0; i < p->accounts; i++) {
        struct account *a = &p->account[i];
        if (a->position <= a->committed)
            continue;
        p->ports.stream.commit(p->ports.stream.self, a->partition, a->position);
        a->committed = a->position;
    }
}

void flush_begin(struct pipeline *p)
{
    p->flush_began_ms = clock_monotonic_ms(&p->ports.clock);
    p->flush_at = 0;
    p->lost_windows.count = p->lost_devices.count = 0;
    p->identity_confirmed = false;
    p->phase = SABOTAGED(BREAK_LEDGER_BEFORE_WINDOWS) ? PHASE_LEDGER : PHASE_WRITE_WINDOWS;
    if (SABOTAGED(BREAK_COMMIT_BEFORE_FLUSH))
        commit_positions(p);
    if (identity_stale(p))
        identity_begin(p, p->phase);
}

static void count_flushed(struct pipeline_stats *s, const struct samples *n)
{
    atomic_fetch_add_explicit(&s->flushed_temperature, n->temperature, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->flushed_humidity, n->humidity, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->flushed_other, n->other, memory_order_relaxed);
}

struct sink_window flush_window_item(struct pipeline *p, const struct window_entry *w, size_t n)
{
    struct window *window = &p->work_window[n];
    window_entry_unpack(w, window);
    return (struct sink_window){
        .device_id = window_cache_device_id(&p->cache, w),
        .sensor = window_cache_sensor(&p->cache, w),
        .window = window,
    };
}

struct sink_device flush_device_item(struct pipeline *p, const struct device_entry *d, size_t n)
{
    struct device_state *state = &p->work_device[n];
    device_entry_unpack(d, state);
    span_copy(device_entry_id(d), state->device_id, sizeof state->device_id);
    return (struct sink_device){.state = state};
}

/* Dirty lists are long, and nothing of what they list is in the processor's caches. */
enum { AHEAD = 8 };

static void prefetch_window(const struct pipeline *p, size_t i)
{
    const struct entry_list *dirty = &p->cache.dirty_windows;
    if (i + 2 * AHEAD < dirty->count)
        window_entry_prefetch(dirty->item[i + 2 * AHEAD]);
    if (i + AHEAD < dirty->count)
        window_cache_prefetch_names(&p->cache, dirty->item[i + AHEAD]);
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
    for (size_t i = p->flush_at; i < dirty->count && n < CHUNK_MAX; i++, n++) {
        prefetch_window(p, i);
        items[n] = flush_window_item(p, dirty->item[i], n);
    }
    int rc = n ? p->ports.sink.write_windows(p->ports.sink.self, items, n,
                                             clock_wall_ms(&p->ports.clock), e)
               : 0;
    if (rc)
        return rc;
    struct samples written = {0};
    for (size_t i = 0; i < n; i++) {
        struct window_entry *w = dirty->item[p->flush_at + i];
        w->dirty = false;
        w->rev = items[i].window->rev;
        if (items[i].lost) {
            entry_list_add(&p->lost_windows, w);
            continue;
        }
        samples_count(&written, items[i].sensor);
    }
    count_flushed(&p->stats, &written);
    pay(p, n);
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
    struct window *window = &p->cache.window;
    bool write = true;
    window_entry_unpack(w, window);
    if (!stored->found) /* expired or removed meanwhile */
        window->rev = 0;
    else if (SABOTAGED(BREAK_NO_COMPARE_AND_SET))
        window->rev = stored->window->rev;
    else
        write = window_join(window, stored->window);
    window_table_pack(&p->cache.windows, w, window);
    if (write)
        window_cache_mark_window(&p->cache, w);
}

/* Documents that were written and are gone have expired, or the whole store is another one. */
static bool windows_are_gone(const struct pipeline *p, const struct sink_window *items,
                             size_t count)
{
    for (size_t i = 0; i < count && !p->identity_confirmed; i++) {
        const struct window_entry *w = p->lost_windows.item[p->flush_at + i];
        if (!items[i].found && w->rev > 0)
            return true;
    }
    return false;
}

int phase_reread_windows(struct pipeline *p, struct err *e)
{
    struct sink_window items[CHUNK_MAX];
    struct window stored[CHUNK_MAX];
    size_t n = 0;
    for (size_t i = p->flush_at; i < p->lost_windows.count && n < CHUNK_MAX; i++, n++) {
        struct window_entry *w = p->lost_windows.item[i];
        items[n] = flush_window_item(p, w, n);
        window_init(&stored[n], w->start_ms);
        items[n].window = &stored[n];
    }
    int rc = p->ports.sink.read_windows(p->ports.sink.self, items, n, e);
    bool doubt = rc == 0 && windows_are_gone(p, items, n);
    for (size_t i = 0; i < n; i++) {
        if (!rc && !doubt)
            join_window(p, p->lost_windows.item[p->flush_at + i], &items[i]);
        window_deinit(&stored[i]);
    }
    if (doubt)
        identity_begin(p, PHASE_REREAD_WINDOWS);
    if (rc || doubt)
        return rc;
    p->flush_at += n;
    if (p->flush_at == p->lost_windows.count) {
        p->flush_at = 0;
        p->lost_windows.count = 0;
        p->phase = p->cache.dirty_windows.count ? PHASE_WRITE_WINDOWS : PHASE_WRITE_DEVICES;
    }
    return 0;
}

static void prefetch_device(const struct entry_list *dirty, size_t i)
{
    if (i + 2 * AHEAD < dirty->count)
        __builtin_prefetch(dirty->item[i + 2 * AHEAD]);
    if (i + AHEAD < dirty->count)
        device_entry_prefetch(dirty->item[i + AHEAD]);
}

int phase_write_devices(struct pipeline *p, struct err *e)
{
    struct entry_list *dirty = &p->cache.dirty_devices;
    struct sink_device items[CHUNK_MAX];
    size_t n = 0;
    for (size_t i = p->flush_at; i < dirty->count && n < CHUNK_MAX; i++, n++) {
        prefetch_device(dirty, i);
        items[n] = flush_device_item(p, dirty->item[i], n);
    }
    int rc = n ? p->ports.sink.write_devices(p->ports.sink.self, items, n, e) : 0;
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++) {
        struct device_entry *d = dirty->item[p->flush_at + i];
        d->dirty = false;
        d->rev = items[i].state->rev;
        if (items[i].lost)
            entry_list_add(&p->lost_devices, d);
    }
    p->flush_at += n;
    if (p->flush_at == dirty->count) {
        dirty->count = 0;
        p->flush_at = 0;
        p->phase = p->lost_devices.count ? PHASE_REREAD_DEVICES : PHASE_LEDGER;
    }
    return 0;
}

static void join_device(struct pipeline *p, struct device_entry *d,
                        const struct sink_device *stored)
{
    atomic_fetch_add_explicit(&p->stats.lost_races, 1, memory_order_relaxed);
    struct device_state *state = &p->cache.device;
    bool write = true;
    device_entry_unpack(d, state);
    if (!stored->found)
        state->rev = 0;
    else
        write = device_state_join(state, stored->state);
    device_table_pack(&p->cache.devices, d, state);
    if (write)
        window_cache_mark_device(&p->cache, d);
}

static bool devices_are_gone(const struct pipeline *p, const struct sink_device *items,
                             size_t count)
{
    for (size_t i = 0; i < count && !p->identity_confirmed; i++) {
        const struct device_entry *d = p->lost_devices.item[p->flush_at + i];
        if (!items[i].found && d->rev > 0)
            return true;
    }
    return false;
}

int phase_reread_devices(struct pipeline *p, struct err *e)
{
    enum { REREAD_MAX = 100 }; /* a device's state is large, and races are rare */
    struct sink_device items[REREAD_MAX];
    struct device_state stored[REREAD_MAX];
    size_t n = 0;
    for (size_t i = p->flush_at; i < p->lost_devices.count && n < REREAD_MAX; i++, n++) {
        struct device_entry *d = p->lost_devices.item[i];
        device_state_init(&stored[n], device_entry_id(d));
        items[n] = (struct sink_device){.state = &stored[n]};
    }
    int rc = p->ports.sink.read_devices(p->ports.sink.self, items, n, e);
    bool doubt = rc == 0 && devices_are_gone(p, items, n);
    for (size_t i = 0; i < n; i++) {
        if (!rc && !doubt)
            join_device(p, p->lost_devices.item[p->flush_at + i], &items[i]);
        device_state_deinit(&stored[i]);
    }
    if (doubt)
        identity_begin(p, PHASE_REREAD_DEVICES);
    if (rc || doubt)
        return rc;
    p->flush_at += n;
    if (p->flush_at == p->lost_devices.count) {
        p->flush_at = 0;
        p->lost_devices.count = 0;
        p->phase = p->cache.dirty_devices.count ? PHASE_WRITE_DEVICES : PHASE_LEDGER;
    }
    return 0;
}

/* The accounts that have something to say, as they are to be stored. */
static size_t next_ledgers(const struct pipeline *p, struct sink_ledger *items,
                           struct account **accounts, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < p->accounts && n < max; i++) {
        struct account *a = &p->account[i];
        if (!account_next_ledger(a, &items[n].ledger))
            continue;
        items[n].expected_next = a->ledger_exists ? a->ledger.next_offset : -1;
        items[n].lost = false;
        accounts[n++] = a;
    }
    return n;
}

/* Where no account is compared and set, nothing would tell that the store is another one: accounts
 * that are begun, and replays of what an account has in it already. */
static bool is_unguarded(const struct pipeline *p, const struct sink_ledger *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].expected_next < 0)
            return true;
    for (size_t i = 0; i < p->accounts; i++) {
        const struct account *a = &p->account[i];
        if (a->position > a->committed && a->ledger_exists && a->ledger.next_offset >= a->position)
            return true;
    }
    return false;
}

/* All partitions at once. */
int phase_ledger(struct pipeline *p, struct err *e)
{
    enum { LEDGERS_MAX = 64 };
    struct sink_ledger items[LEDGERS_MAX];
    struct account *accounts[LEDGERS_MAX];
    size_t n = next_ledgers(p, items, accounts, LEDGERS_MAX), lost = 0;
    if (!p->identity_confirmed && is_unguarded(p, items, n)) {
        identity_begin(p, PHASE_LEDGER);
        return 0;
    }
    int rc = n ? p->ports.sink.write_ledgers(p->ports.sink.self, items, n,
                                             clock_wall_ms(&p->ports.clock), e)
               : 0;
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++) {
        accounts[i]->ledger_lost = items[i].lost;
        lost += items[i].lost;
        if (!items[i].lost)
            account_written(accounts[i], &items[i].ledger);
    }
    if (lost)
        p->phase = PHASE_REREAD_LEDGER;
    else if (SABOTAGED(BREAK_LEDGER_BEFORE_WINDOWS) && p->cache.dirty_windows.count > 0)
        p->phase = PHASE_WRITE_WINDOWS;
    else if (n < LEDGERS_MAX)
        p->phase = PHASE_COMMIT;
    return 0;
}

static struct account *lost_account(struct pipeline *p)
{
    for (size_t i = 0; i < p->accounts; i++)
        if (p->account[i].ledger_lost)
            return &p->account[i];
    return NULL;
}

/* One partition a step. An account that was there and is gone may mean that the store is; one that
 * went back, that the store was restored from an older copy. Then whatever is in memory is ahead of
 * it, so everything is dropped, and read again from there. */
int phase_reread_ledger(struct pipeline *p, struct err *e)
{
    struct account *a = lost_account(p);
    struct ledger stored;
    int rc = p->ports.sink.read_ledger(p->ports.sink.self, a->partition, &stored, e);
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    err_clear(e);
    if (rc && a->ledger_exists && !p->identity_confirmed) {
        identity_begin(p, PHASE_REREAD_LEDGER);
        return 0;
    }
    if (rc == 0 && a->ledger_exists && stored.next_offset < a->ledger.next_offset) {
        group_start_over(p);
        return 0;
    }
    account_set_ledger(a, rc ? NULL : &stored);
    a->ledger_lost = false;
    if (!lost_account(p))
        p->phase = PHASE_LEDGER;
    return 0;
}

int phase_commit(struct pipeline *p, struct err *e)
{
    (void)e;
    commit_positions(p);
    uint64_t now_ms = clock_monotonic_ms(&p->ports.clock);
    p->flush_rest_until_ms = now_ms + rest_ms(p, now_ms - p->flush_began_ms);
    p->first_unwritten_ms = 0;
    p->cache.round++;
    accounts_publish(p);
    if (p->holding)
        slices_next(p);
    else
        p->phase = PHASE_POLL;
    return 0;
}

/* Event time of a partition; one that is idle follows the clock, or its last windows would stay
 * open. Idle is only who had nothing to say when asked: not while the store kept us from asking. */
int64_t flush_watermark(void *pipeline, int32_t partition)
{
    struct pipeline *p = pipeline;
    const struct account *a = accounts_find(p, partition);
    if (!a)
        return INT64_MIN;
    bool idle = p->drained_ms >= a->last_record_ms + IDLE_PARTITION_MS;
    return idle ? clock_wall_ms(&p->ports.clock) : a->watermark_ms;
}

struct window_clock flush_window_clock(struct pipeline *p)
{
    return (struct window_clock){.open_ms = p->config.window_ms + p->config.grace_ms,
                                 .watermark = flush_watermark,
                                 .arg = p};
}

void flush_sweep(struct pipeline *p, uint64_t now_ms)
{
    if (now_ms - p->swept_ms < SWEEP_MS)
        return;
    p->swept_ms = now_ms;
    struct window_clock clock = flush_window_clock(p);
    window_cache_sweep(&p->cache, &clock);
    if (p->cache.dirty_windows.count)
        accounts_note_behind(p);
    window_cache_evict(&p->cache, p->config.max_windows);
}
