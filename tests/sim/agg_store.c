/* The store and the dead-letter topic of the aggregator's simulator, with their faults. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"
#include "tests/sim/agg_world.h"

/* What happens to one call: nothing wrong; refused before any effect; only some of its parts take
 * effect and the caller hears nothing; all take effect and the answer is lost. A crash leaves the
 * same marks on the world, but the caller never gets to repeat the call. */
enum fault { FAULT_NONE, FAULT_BEFORE, FAULT_HALF, FAULT_ANSWER_LOST };

static enum fault draw_fault(struct node *n)
{
    struct world *w = n->world;
    w->now_ms += rng_below(&w->rng, 4);
    if (w->calm)
        return FAULT_NONE;
    uint32_t x = rng_below(&w->rng, 1000);
    if (x < 20)
        n->crash = true;
    else if (x >= 120)
        return FAULT_NONE;
    w->mishaps->failed_calls++;
    return (enum fault)(1 + rng_below(&w->rng, 3));
}

static bool takes_effect(struct node *n, enum fault f)
{
    return f == FAULT_NONE || f == FAULT_ANSWER_LOST ||
           (f == FAULT_HALF && rng_below(&n->world->rng, 2));
}

static int answer(enum fault f, struct err *e)
{
    return f == FAULT_NONE ? 0 : err_set(e, ERR_UNAVAILABLE, "injected");
}

/* Whether a part that has no effect now will have one some time; and one that has, no other. */
static bool comes_late(struct node *n, enum fault f, unsigned one_in)
{
    return f != FAULT_NONE && f != FAULT_ANSWER_LOST && rng_below(&n->world->rng, one_in) == 0;
}

/* The end of a write. An answer from the journal tells of all that came before it; that there is
 * none may be because the store is dead. */
static int written(struct node *n, enum fault f, struct err *e)
{
    if (f != FAULT_NONE && rng_below(&n->world->rng, 4) == 0)
        journal_crash(n->world);
    if (f == FAULT_NONE && n->world->reality.journaled)
        journal_sync(n->world);
    return answer(f, e);
}

/* What a read finds. */
static const void *see(const struct world *w, enum change_kind kind, struct map *map,
                       struct span key)
{
    const void *now = map_get(map, key);
    return w->reality.safe_reads ? journal_durable(w, kind, key, now) : now;
}

/* By now others may have joined; but whoever is between its look at the store's identity and a
 * write is protected by the time that passes alone, which is not simulated. */
static void change_store(struct node *n)
{
    if (!n->world->replace_store)
        return;
    node_kill_others(n->world, n);
    world_new_store(n->world);
}

/* --- raw ----------------------------------------------------------------------------------------
 */

static struct effect raw_effect(const struct sink_raw *r)
{
    struct raw_document *d = xcalloc(1, sizeof *d);
    struct effect e = {.kind = CHANGE_RAW, .document = d};
    reading_id_hex(&r->id, e.key);
    struct buf json = {0};
    reading_encode(r->reading, &json);
    snprintf(d->json, sizeof d->json, "%s", buf_cstr(&json));
    buf_deinit(&json);
    d->partition = r->partition;
    d->offset = r->offset;
    return e;
}

static const struct log_entry *entry_of(const struct world *w, const struct sink_raw *r)
{
    return &w->log[r->partition][r->offset];
}

/* What the store says of the document itself. */
static bool document_fails(struct world *w, struct sink_raw *r)
{
    enum opinion o = entry_of(w, r)->opinion;
    bool flaky = o == OPINION_FLAKY && w->failures[r->partition][r->offset]++ < 2;
    if (!flaky && !opinion_is_dead(o))
        return false;
    r->outcome = o == OPINION_REFUSED                      ? RAW_REFUSED
                 : w->sabotage == SABOTAGE_FAILED_FORGIVEN ? RAW_STORED
                                                           : RAW_FAILED;
    r->store_code = 8;
    r->store_error = "UnknownError";
    return true;
}

static void insert_one(struct world *w, struct sink_raw *r)
{
    char hex[READING_ID_HEX + 1];
    reading_id_hex(&r->id, hex);
    if (map_get(w->raw, span_str(hex))) {
        r->outcome = RAW_EXISTS;
        return;
    }
    if (document_fails(w, r))
        return;
    struct effect e = raw_effect(r);
    effect_apply(w, &e);
    r->outcome = RAW_STORED;
}

/* The caller gave it up; it comes all the same, or never. */
static void send_late(struct node *n, struct sink_raw *r)
{
    if (entry_of(n->world, r)->opinion != OPINION_GOOD)
        return;
    struct effect e = raw_effect(r);
    effect_delay(n->world, &e);
}

static bool is_spoiled(const struct world *w, const struct sink_raw *items, size_t count)
{
    for (size_t i = 0; i < count && count > 1; i++)
        if (entry_of(w, &items[i])->opinion == OPINION_SPOILS)
            return true;
    return false;
}

static int blame_trouble(struct node *n, struct sink_raw *items, size_t count, enum fault f)
{
    if (f == FAULT_NONE || n->world->sabotage != SABOTAGE_TROUBLE_BLAMED)
        return 0;
    for (size_t i = 0; i < count; i++) {
        items[i].outcome = RAW_FAILED;
        items[i].store_error = "trouble";
    }
    return 1;
}

static int insert_raw(void *self, struct sink_raw *items, size_t count, struct err *e)
{
    struct node *n = self;
    change_store(n);
    enum fault f = draw_fault(n);
    size_t start = rng_below(&n->world->rng, (uint32_t)count); /* an unordered bulk */
    bool spoiled = is_spoiled(n->world, items, count);
    for (size_t i = 0; i < count; i++) {
        struct sink_raw *r = &items[(start + i) % count];
        if (spoiled && (entry_of(n->world, r)->opinion || rng_below(&n->world->rng, 2)))
            continue;
        if (takes_effect(n, f))
            insert_one(n->world, r);
        else if (comes_late(n, f, 4))
            send_late(n, r);
    }
    if (blame_trouble(n, items, count, f))
        return 0;
    if (f == FAULT_NONE && spoiled)
        return err_set(e, ERR_FAILED, "somebody in there");
    return written(n, f, e);
}

static int read_origins(void *self, struct sink_raw *const *items, size_t count, struct err *e)
{
    struct node *n = self;
    change_store(n);
    enum fault f = draw_fault(n);
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
    return answer(f, e);
}

/* --- windows and last states --------------------------------------------------------------------
 */

static struct span window_key(char id[WINDOW_ID_MAX], const struct sink_window *i)
{
    return span_of(id, window_id(id, i->device_id, i->sensor, i->window->start_ms));
}

static int read_windows(void *self, struct sink_window *items, size_t count, struct err *e)
{
    struct node *n = self;
    enum fault f = draw_fault(n);
    if (f != FAULT_NONE)
        return answer(f, e);
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
    enum fault f = draw_fault(n);
    struct search s = {
        .partition = partition, .until_ms = until_ms, .out = out, .max = max < 2 ? max : 2};
    if (n->world->sabotage != SABOTAGE_OPEN_FORGOTTEN)
        map_each(n->world->windows, find_one, &s);
    *count = s.count;
    return answer(f, e);
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
    if (n->world->sabotage != SABOTAGE_WRITES_IN_MEMORY && comes_late(n, f, 2))
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
    enum fault f = draw_fault(n);
    if (n->world->sabotage == SABOTAGE_WRITES_IN_MEMORY && !n->buffered)
        n->buffered = map_new(1);
    for (size_t i = 0; i < count; i++) {
        struct effect effect = window_effect(&items[i]);
        if (!takes_effect(n, f)) {
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
    return written(n, f, e);
}

static int read_devices(void *self, struct sink_device *items, size_t count, struct err *e)
{
    struct node *n = self;
    enum fault f = draw_fault(n);
    if (f != FAULT_NONE)
        return answer(f, e);
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
    enum fault f = draw_fault(n);
    for (size_t i = 0; i < count; i++) {
        struct effect effect = {.kind = CHANGE_DEVICE,
                                .document = device_copy(items[i].state),
                                .expected = items[i].state->rev};
        snprintf(effect.key, sizeof effect.key, "%s", items[i].state->device_id);
        if (!takes_effect(n, f)) {
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
    return written(n, f, e);
}

/* --- ledger and dead letters --------------------------------------------------------------------
 */

static int read_ledger(void *self, int32_t partition, struct ledger *out, struct err *e)
{
    struct node *n = self;
    enum fault f = draw_fault(n);
    if (f != FAULT_NONE)
        return answer(f, e);
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
    enum fault f = draw_fault(n);
    for (size_t i = 0; i < count; i++) {
        struct effect effect = ledger_effect(&items[i]);
        if (takes_effect(n, f))
            items[i].lost = !effect_apply(n->world, &effect);
        else
            give_up(n, f, &effect);
    }
    return written(n, f, e);
}

static int identity(void *self, char out[SINK_IDENTITY_MAX], struct err *e)
{
    struct node *n = self;
    change_store(n);
    enum fault f = draw_fault(n);
    if (f != FAULT_NONE)
        return answer(f, e);
    bool unknown = n->world->sabotage == SABOTAGE_STORE_UNKNOWN;
    snprintf(out, SINK_IDENTITY_MAX, "%u", unknown ? 1 : n->world->store);
    return unknown || n->world->store_set_up ? 0 : ERR_NOT_FOUND;
}

struct sink agg_sink_port(struct node *n)
{
    return (struct sink){
        .self = n,
        .insert_raw = insert_raw,
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
    enum fault f = draw_fault(n);
    for (size_t i = 0; i < count; i++)
        if (takes_effect(n, f) && w->sabotage != SABOTAGE_LETTERS_DROPPED)
            take_letter(w, &items[i]);
    return answer(f, e);
}

struct letters agg_letters_port(struct node *n)
{
    return (struct letters){.self = n, .send = send_letters};
}
