/* The store and the dead-letter topic of the aggregator's simulator, with their faults. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"
#include "tests/sim/agg_fault.h"
#include "tests/sim/agg_world.h"

/* What a read finds. */
static const void *see(const struct world *w, enum change_kind kind, struct map *map,
                       struct span key)
{
    const void *now = map_get(map, key);
    return w->reality.safe_reads ? journal_durable(w, kind, key, now) : now;
}

/* --- raw -------------------------------------------------------------------------------------- */

static int read_origins(void *self, struct sink_raw *const *items, size_t count, struct err *e)
{
    struct node *n = self;
    fault_change_store(n);
    enum fault f = fault_draw(n);
    for (size_t i = 0; i < count; i++) {
        char hex[READING_ID_HEX + 1];
        reading_id_hex(&items[i]->id, hex);
        const struct raw_document *d = see(n->world, CHANGE_RAW, n->world->raw, span_str(hex));
        if (!d) { /* the store was replaced between the two calls, or it died */
            items[i]->outcome = RAW_UNKNOWN;
            continue;
        }
        items[i]->found_partition = d->partition;
        items[i]->found_offset = d->offset;
        if (n->world->sabotage == SABOTAGE_SKIP_ON_DUPLICATE)
            items[i]->found_offset = -1;
        items[i]->same_contents = true;
    }
    return fault_answer(f, e);
}

/* --- windows and last states ------------------------------------------------------------------ */

static struct span window_key(char id[WINDOW_ID_MAX], const struct sink_window *i)
{
    return span_of(id, window_id(id, i->device_id, i->sensor, i->window->start_ms));
}

static int read_windows(void *self, struct sink_window *items, size_t count, struct err *e)
{
    struct node *n = self;
    enum fault f = fault_draw(n);
    if (f != FAULT_NONE)
        return fault_answer(f, e);
    for (size_t i = 0; i < count; i++) {
        char id[WINDOW_ID_MAX];
        const struct window *stored =
            see(n->world, CHANGE_WINDOW, n->world->windows, window_key(id, &items[i]));
        if (n->buffered && map_get(n->buffered, window_key(id, &items[i])))
            stored = map_get(n->buffered, window_key(id, &items[i]));
        items[i].found = stored != NULL;
        if (!stored)
            continue;
        struct window *copy = window_copy(stored);
        window_deinit(items[i].window);
        *items[i].window = *copy;
        free(copy);
    }
    return 0;
}

struct search {
    int32_t partition;
    int64_t until_ms;
    struct sink_key *out;
    size_t max, count;
};

/* The key says it all: "<sensor>/<start in seconds>/<device>". */
static bool find_one(void *arg, struct span key, void *value)
{
    struct search *s = arg;
    const struct window *w = value;
    bool ours = false;
    for (unsigned i = 0; i < w->shares; i++)
        ours |= w->share[i].partition == s->partition;
    if (!ours || w->final || w->start_ms > s->until_ms)
        return true;
    struct sink_key *k = &s->out[s->count++];
    const char *start = memchr(key.p, '/', key.len);
    const char *device = memchr(start + 1, '/', key.len - (size_t)(start + 1 - key.p));
    snprintf(k->sensor, sizeof k->sensor, "%.*s", (int)(start - key.p), key.p);
    snprintf(k->device_id, sizeof k->device_id, "%.*s", (int)(key.p + key.len - device - 1),
             device + 1);
    k->start_ms = w->start_ms;
    return s->count < s->max;
}

static int find_open(void *self, int32_t partition, int64_t until_ms, struct sink_key *out,
                     size_t max, size_t *count, struct err *e)
{
    struct node *n = self;
    enum fault f = fault_draw(n);
    struct search s = {
        .partition = partition, .until_ms = until_ms, .out = out, .max = max < 2 ? max : 2};
    if (n->world->sabotage != SABOTAGE_OPEN_FORGOTTEN)
        map_each(n->world->windows, find_one, &s);
    *count = s.count;
    return fault_answer(f, e);
}

static struct effect window_effect(const struct sink_window *item)
{
    struct effect e = {.kind = CHANGE_WINDOW,
                       .document = window_copy(item->window),
                       .expected = item->window->rev};
    window_key(e.key, item);
    return e;
}

/* The caller gave it up; it comes all the same, or never. */
static void give_up(struct node *n, enum fault f, struct effect *e)
{
    if (n->world->sabotage != SABOTAGE_WRITES_IN_MEMORY && fault_comes_late(n, f, 2))
        effect_delay(n->world, e);
    else
        effect_drop(e);
}

static bool write_window(struct node *n, struct effect *e)
{
    if (n->world->sabotage != SABOTAGE_WRITES_IN_MEMORY || n->world->calm)
        return effect_apply(n->world, e);
    struct window *copy = e->document; /* acknowledged, and kept by the node alone */
    copy->rev++;
    void *old = map_put(n->buffered, span_str(e->key), copy);
    if (old)
        window_drop(old);
    return true;
}

static int write_windows(void *self, struct sink_window *items, size_t count, int64_t now_ms,
                         struct err *e)
{
    (void)now_ms;
    struct node *n = self;
    enum fault f = fault_draw(n);
    n->world->mishaps->beside += n->insertion.under_way;
    if (n->world->sabotage == SABOTAGE_WRITES_IN_MEMORY && !n->buffered)
        n->buffered = map_new(1);
    for (size_t i = 0; i < count; i++) {
        struct effect effect = window_effect(&items[i]);
        if (!fault_takes_effect(n, f)) {
            give_up(n, f, &effect);
            continue;
        }
        bool won = write_window(n, &effect);
        if (f != FAULT_NONE)
            continue; /* nobody hears of it */
        items[i].lost = !won && n->world->sabotage != SABOTAGE_LOST_RACE_HIDDEN;
        if (!items[i].lost)
            items[i].window->rev++;
    }
    return fault_written(n, f, e);
}

static int read_devices(void *self, struct sink_device *items, size_t count, struct err *e)
{
    struct node *n = self;
    enum fault f = fault_draw(n);
    if (f != FAULT_NONE)
        return fault_answer(f, e);
    for (size_t i = 0; i < count; i++) {
        const struct device_state *stored =
            see(n->world, CHANGE_DEVICE, n->world->devices, span_str(items[i].state->device_id));
        items[i].found = stored != NULL;
        if (!stored)
            continue;
        struct device_state *copy = device_copy(stored);
        device_state_deinit(items[i].state);
        *items[i].state = *copy;
        free(copy);
    }
    return 0;
}

static int write_devices(void *self, struct sink_device *items, size_t count, struct err *e)
{
    struct node *n = self;
    enum fault f = fault_draw(n);
    for (size_t i = 0; i < count; i++) {
        struct effect effect = {.kind = CHANGE_DEVICE,
                                .document = device_copy(items[i].state),
                                .expected = items[i].state->rev};
        snprintf(effect.key, sizeof effect.key, "%s", items[i].state->device_id);
        if (!fault_takes_effect(n, f)) {
            give_up(n, f, &effect);
            continue;
        }
        bool won = effect_apply(n->world, &effect);
        if (f != FAULT_NONE)
            continue;
        items[i].lost = !won;
        if (won)
            items[i].state->rev++;
    }
    return fault_written(n, f, e);
}

/* --- ledger and dead letters ------------------------------------------------------------------ */

static int read_ledger(void *self, int32_t partition, struct ledger *out, struct err *e)
{
    struct node *n = self;
    enum fault f = fault_draw(n);
    if (f != FAULT_NONE)
        return fault_answer(f, e);
    char key[2] = {(char)('0' + partition), '\0'};
    const struct ledger *now =
        n->world->ledger_exists[partition] ? &n->world->ledger[partition] : NULL;
    const struct ledger *seen = n->world->reality.safe_reads
                                    ? journal_durable(n->world, CHANGE_LEDGER, span_str(key), now)
                                    : now;
    if (!seen)
        return err_set(e, ERR_NOT_FOUND, "no account yet");
    *out = *seen;
    return 0;
}

static struct effect ledger_effect(const struct sink_ledger *item)
{
    struct effect e = {.kind = CHANGE_LEDGER,
                       .document = xmemdup(&item->ledger, sizeof item->ledger),
                       .expected = item->expected_next};
    snprintf(e.key, sizeof e.key, "%d", item->ledger.partition);
    return e;
}

static int write_ledgers(void *self, struct sink_ledger *items, size_t count, int64_t now_ms,
                         struct err *e)
{
    (void)now_ms;
    struct node *n = self;
    enum fault f = fault_draw(n);
    n->world->mishaps->beside += n->insertion.under_way;
    for (size_t i = 0; i < count; i++) {
        struct effect effect = ledger_effect(&items[i]);
        if (fault_takes_effect(n, f))
            items[i].lost = !effect_apply(n->world, &effect);
        else
            give_up(n, f, &effect);
    }
    return fault_written(n, f, e);
}

static int identity(void *self, char out[SINK_IDENTITY_MAX], struct err *e)
{
    struct node *n = self;
    fault_change_store(n);
    enum fault f = fault_draw(n);
    if (f != FAULT_NONE)
        return fault_answer(f, e);
    bool unknown = n->world->sabotage == SABOTAGE_STORE_UNKNOWN;
    snprintf(out, SINK_IDENTITY_MAX, "%u", unknown ? 1 : n->world->store);
    return unknown || n->world->store_set_up ? 0 : ERR_NOT_FOUND;
}

struct sink agg_sink_port(struct node *n)
{
    return (struct sink){
        .self = n,
        .insert_begin = insertion_begun,
        .insert_finish = insertion_finished,
        .insert_abandon = insertion_abandoned,
        .read_origins = read_origins,
        .read_windows = read_windows,
        .find_open = find_open,
        .write_windows = write_windows,
        .read_devices = read_devices,
        .write_devices = write_devices,
        .read_ledger = read_ledger,
        .identity = identity,
        .write_ledgers = write_ledgers,
    };
}

/* A letter says what is true of its record: poison, refused at once, or given up after three. */
static void take_letter(struct world *w, const struct dead_letter *d)
{
    const struct log_entry *entry = &w->log[d->partition][d->offset];
    bool tried = entry->opinion == OPINION_FAILING || entry->opinion == OPINION_SPOILS;
    enum dead_letter_class class = tried ? DEAD_EXHAUSTED : DEAD_POISON;
    if (d->class != class || d->attempts != (tried ? 3 : 1))
        snprintf(w->bad_letter, sizeof w->bad_letter, "%d/%lld: a letter of class %d, attempts %u",
                 d->partition, (long long)d->offset, d->class, d->attempts);
    w->lettered[d->partition][d->offset] = true;
}

static int send_letters(void *self, const struct dead_letter *items, size_t count, struct err *e)
{
    struct node *n = self;
    struct world *w = n->world;
    enum fault f = fault_draw(n);
    for (size_t i = 0; i < count; i++)
        if (fault_takes_effect(n, f) && w->sabotage != SABOTAGE_LETTERS_DROPPED)
            take_letter(w, &items[i]);
    return fault_answer(f, e);
}

struct letters agg_letters_port(struct node *n)
{
    return (struct letters){.self = n, .send = send_letters};
}
