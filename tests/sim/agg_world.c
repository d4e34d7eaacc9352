/* The world of the aggregator's simulator: state, the log and the group. */
#include "tests/sim/agg_world.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"
#include "tests/sim/agg_durable.h"

const char *sabotage_name(enum sabotage s)
{
    static const char *const names[SABOTAGE_COUNT] = {
        "none",
        "no_cas",
        "lost_race_hidden",
        "skip_on_duplicate",
        "commit_first",
        "writes_in_memory",
        "ledger_no_cas",
        "letters_dropped",
        "open_forgotten",
        "store_unknown",
        "trouble_blamed",
        "failed_forgiven",
        "unjournaled",
        "late_no_cas",
        "stuck",
    };
    return names[s];
}

void world_init(struct world *w, uint64_t seed, enum sabotage sabotage, struct reality reality)
{
    memset(w, 0, sizeof *w);
    rng_seed(&w->rng, seed);
    w->sabotage = sabotage;
    w->reality = reality;
    w->reality.journaled &= sabotage != SABOTAGE_UNJOURNALED;
    w->now_ms = 1763719200000;
    world_new_store(w);
    for (int p = 0; p < WORLD_PARTITIONS; p++) {
        w->log[p] = xcalloc(WORLD_RECORDS_MAX, sizeof *w->log[p]);
        w->committed[p] = -1;
    }
    for (int i = 0; i < WORLD_NODES_MAX; i++)
        w->node[i].world = w;
}

static void free_store(struct world *w)
{
    effect_deinit(w);
    journal_sync(w);
    map_free(w->raw, free);
    map_free(w->windows, window_drop);
    map_free(w->devices, device_drop);
}

void world_new_store(struct world *w)
{
    if (w->raw)
        free_store(w);
    insertions_tear(w);
    w->raw = map_new(w->store);
    w->windows = map_new(w->store);
    w->devices = map_new(w->store);
    memset(w->ledger_exists, 0, sizeof w->ledger_exists);
    memset(w->ledger, 0, sizeof w->ledger);
    memset(w->counted_to, 0, sizeof w->counted_to);
    memset(w->durable_to, 0, sizeof w->durable_to);
    w->store_set_up = w->store == 0;
    w->replace_store = false;
    w->store++;
}

void world_deinit(struct world *w)
{
    free_store(w);
    journal_deinit(w);
    for (int p = 0; p < WORLD_PARTITIONS; p++)
        free(w->log[p]);
}

void world_append(struct world *w, int32_t partition, const struct log_entry *entry)
{
    if (w->log_end[partition] < WORLD_RECORDS_MAX)
        w->log[partition][w->log_end[partition]++] = *entry;
}

struct window *window_copy(const struct window *w)
{
    struct window *copy = xmalloc(sizeof *copy);
    *copy = *w;
    copy->share = w->shares ? xmemdup(w->share, w->shares * sizeof *w->share) : NULL;
    copy->shares_cap = w->shares;
    return copy;
}

struct device_state *device_copy(const struct device_state *d)
{
    struct device_state *copy = xmalloc(sizeof *copy);
    *copy = *d;
    copy->sensor = d->sensors ? xmemdup(d->sensor, d->sensors * sizeof *d->sensor) : NULL;
    copy->sensors_cap = d->sensors;
    copy->share = d->shares ? xmemdup(d->share, d->shares * sizeof *d->share) : NULL;
    copy->shares_cap = d->shares;
    return copy;
}

void window_drop(void *window)
{
    window_deinit(window);
    free(window);
}

void device_drop(void *device)
{
    device_state_deinit(device);
    free(device);
}

void node_kill(struct node *n)
{
    struct world *w = n->world;
    pipeline_free(n->pipeline);
    if (n->buffered)
        map_free(n->buffered, window_drop);
    memset(n, 0, sizeof *n);
    n->world = w;
}

void node_kill_others(struct world *w, const struct node *kept)
{
    for (int i = 0; i < WORLD_NODES_MAX; i++)
        if (&w->node[i] != kept && w->node[i].pipeline)
            node_kill(&w->node[i]);
}

/* --- the stream port ------------------------------------------------------------------------- */

static bool tell(bool *flag)
{
    bool was = *flag;
    *flag = false;
    return was;
}

static void list_assigned(const struct node *n, struct stream_poll *out)
{
    out->count = 0;
    for (int32_t p = 0; p < WORLD_PARTITIONS; p++)
        if (n->assigned[p])
            out->partitions[out->count++] = p;
}

static int64_t start_of(const struct world *w, int p)
{
    if (w->committed[p] >= 0)
        return w->committed[p];
    return w->reality.from_latest ? w->log_end[p] : 0;
}

static void commit(struct world *w, int32_t partition, int64_t next_offset)
{
    w->committed[partition] = next_offset;
    durable_check_commit(w, partition, next_offset);
}

/* What the library does by itself, if it is asked to: what was handed out counts as done. */
static void commit_handed_out(struct node *n)
{
    struct world *w = n->world;
    for (int p = 0; p < WORLD_PARTITIONS; p++)
        if (n->assigned[p] && n->generation == w->generation && n->position[p] > w->committed[p])
            commit(w, p, n->position[p]);
}

void node_take_grant(struct node *n)
{
    if (!n->granted_generation)
        return;
    memcpy(n->assigned, n->granted, sizeof n->assigned);
    n->generation = n->granted_generation;
    n->granted_generation = 0;
    n->tell_assigned = true;
}

static bool group_event(struct node *n, struct stream_poll *out)
{
    if (tell(&n->tell_lost)) {
        out->event = STREAM_LOST;
        list_assigned(n, out);
        memset(n->assigned, 0, sizeof n->assigned);
        node_take_grant(n);
        return true;
    }
    if (tell(&n->tell_revoked)) {
        out->event = STREAM_REVOKED;
        list_assigned(n, out);
        return true;
    }
    if (tell(&n->tell_assigned)) {
        struct world *w = n->world;
        for (int p = 0; p < WORLD_PARTITIONS; p++)
            n->start[p] = n->position[p] = start_of(w, p);
        out->event = STREAM_ASSIGNED;
        list_assigned(n, out);
        return true;
    }
    return false;
}

static size_t take_records(struct node *n)
{
    struct world *w = n->world;
    size_t count = 0, max = 1 + rng_below(&w->rng, 12);
    int first = (int)rng_below(&w->rng, WORLD_PARTITIONS);
    for (int i = 0; i < WORLD_PARTITIONS && count < max; i++) {
        int32_t p = (first + i) % WORLD_PARTITIONS;
        while (n->assigned[p] && n->position[p] < w->log_end[p] && count < max) {
            int64_t offset = n->position[p]++;
            const struct log_entry *entry = &w->log[p][offset];
            if (entry->gap)
                continue;
            n->batch[count++] = (struct stream_record){
                .partition = p,
                .offset = offset,
                .timestamp_ms = entry->timestamp_ms,
                .key = span_str(entry->key),
                .value = span_str(entry->value),
            };
            if (rng_below(&w->rng, 4) == 0)
                break; /* go on with another partition */
        }
    }
    return count;
}

static void port_poll(void *self, bool want_records, int timeout_ms, struct stream_poll *out)
{
    struct node *n = self;
    struct world *w = n->world;
    out->event = STREAM_NOTHING;
    out->count = 0;
    if (w->reality.auto_commit && rng_below(&w->rng, 4) == 0)
        commit_handed_out(n);
    if (group_event(n, out))
        return;
    if (want_records && !n->tell_revoked) {
        out->count = take_records(n);
        if (out->count) {
            out->event = STREAM_RECORDS;
            out->records = n->batch;
            n->holding = true;
            if (w->sabotage == SABOTAGE_COMMIT_FIRST)
                commit_handed_out(n);
            return;
        }
    }
    w->now_ms += timeout_ms;
}

static void port_release(void *self)
{
    struct node *n = self;
    n->holding = false;
}

static void port_revoke_done(void *self)
{
    struct node *n = self;
    memset(n->assigned, 0, sizeof n->assigned);
    node_take_grant(n);
}

static void port_commit(void *self, int32_t partition, int64_t next_offset)
{
    struct node *n = self;
    struct world *w = n->world;
    bool fenced = n->generation != w->generation || !n->assigned[partition];
    if (w->sabotage == SABOTAGE_STUCK)
        return;
    uint32_t x = w->calm ? 99 : rng_below(&w->rng, 100);
    n->crash |= x < 2 || (x >= 10 && x < 12); /* before it is sent, and after */
    if (!fenced && x >= 10)
        commit(w, partition, next_offset);
}

static int port_position(void *self, int32_t partition, int64_t *next_offset, int64_t *log_start,
                         int64_t *log_end, struct err *e)
{
    struct node *n = self;
    struct world *w = n->world;
    if (!w->calm && rng_below(&w->rng, 20) == 0)
        return err_set(e, ERR_UNAVAILABLE, "injected");
    *next_offset = n->start[partition];
    *log_start = 0;
    *log_end = w->log_end[partition];
    return 0;
}

static int port_peek(void *self, struct stream_peek *items, size_t count, struct err *e)
{
    struct node *n = self;
    struct world *w = n->world;
    if (!w->calm && rng_below(&w->rng, 20) == 0)
        return err_set(e, ERR_UNAVAILABLE, "injected");
    for (size_t i = 0; i < count; i++) {
        const struct log_entry *entry = &w->log[items[i].partition][items[i].offset];
        items[i].found = !entry->gap;
        items[i].hash =
            stream_record_hash(span_str(entry->key), span_str(entry->value), entry->timestamp_ms);
    }
    return 0;
}

static int port_rewind(void *self, const struct stream_place *items, size_t count, struct err *e)
{
    struct node *n = self;
    struct world *w = n->world;
    uint32_t fault = w->calm ? 2 : rng_below(&w->rng, 20);
    if (fault == 0 || n->generation != w->generation)
        return err_set(e, ERR_UNAVAILABLE, "injected");
    for (size_t i = 0; i < count; i++)
        w->committed[items[i].partition] = items[i].next_offset;
    return fault == 1 ? err_set(e, ERR_UNAVAILABLE, "the answer is lost") : 0;
}

static void port_rejoin(void *self)
{
    struct node *n = self;
    n->tell_revoked = n->tell_lost = false;
    n->tell_assigned = n->generation == n->world->generation;
    if (n->tell_assigned)
        return;
    memset(n->assigned, 0, sizeof n->assigned);
    node_take_grant(n);
}

static void store_replaced(void *self)
{
    struct node *n = self;
    n->world->store_set_up = true;
}

static int64_t port_wall_ms(void *self)
{
    struct node *n = self;
    return n->world->now_ms;
}

static uint64_t port_monotonic_ns(void *self)
{
    struct node *n = self;
    return (uint64_t)n->world->now_ms * 1000000u;
}

struct pipeline_ports node_ports(struct node *n)
{
    return (struct pipeline_ports){
        .stream = {.self = n,
                   .poll = port_poll,
                   .release = port_release,
                   .revoke_done = port_revoke_done,
                   .commit = port_commit,
                   .position = port_position,
                   .peek = port_peek,
                   .rewind = port_rewind,
                   .rejoin = port_rejoin},
        .sink = agg_sink_port(n),
        .letters = agg_letters_port(n),
        .observer = {.self = n, .store_replaced = store_replaced},
        .clock = {.self = n, .wall_ms = port_wall_ms, .monotonic_ns = port_monotonic_ns},
    };
}
