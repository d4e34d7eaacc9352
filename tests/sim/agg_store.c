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

static void change_store(struct world *w)
{
    if (w->replace_store)
        world_new_store(w);
}

/* --- raw ----------------------------------------------------------------------------------------
 */

static struct raw_document *new_document(const struct world *w, const struct sink_raw *r,
                                         const char hex[READING_ID_HEX + 1])
{
    struct raw_document *d = xcalloc(1, sizeof *d);
    memcpy(d->hex, hex, sizeof d->hex);
    struct buf json = {0};
    reading_encode(r->reading, &json);
    snprintf(d->json, sizeof d->json, "%s", buf_cstr(&json));
    buf_deinit(&json);
    d->partition = r->partition;
    d->offset = r->offset;
    d->synced = w->sabotage != SABOTAGE_UNJOURNALED;
    return d;
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
    map_put(w->raw, span_str(hex), new_document(w, r, hex));
    r->outcome = RAW_STORED;
}

/* The caller gave it up; it comes all the same, or never. */
static void send_late(struct node *n, struct sink_raw *r)
{
    struct world *w = n->world;
    if (w->lates == WORLD_LATE_MAX || entry_of(w, r)->opinion != OPINION_GOOD)
        return;
    struct late_write *late = &w->late[w->lates++];
    memset(late, 0, sizeof *late);
    reading_id_hex(&r->id, late->hex);
    late->raw = new_document(w, r, late->hex);
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
    change_store(n->world);
    enum fault f = draw_fault(n);
    size_t start = rng_below(&n->world->rng, (uint32_t)count); /* an unordered bulk */
    bool spoiled = is_spoiled(n->world, items, count);
    for (size_t i = 0; i < count; i++) {
        struct sink_raw *r = &items[(start + i) % count];
        if (spoiled && (entry_of(n->world, r)->opinion || rng_below(&n->world->rng, 2)))
            continue;
        if (takes_effect(n, f))
            insert_one(n->world, r);
        else if (rng_below(&n->world->rng, 4) == 0)
            send_late(n, r);
    }
    if (blame_trouble(n, items, count, f))
        return 0;
    if (f == FAULT_NONE && spoiled)
        return err_set(e, ERR_FAILED, "somebody in there");
    return answer(f, e);
}

static int read_origins(void *self, struct sink_raw *const *items, size_t count, struct err *e)
{
    struct node *n = self;
    change_store(n->world);
    enum fault f = draw_fault(n);
    for (size_t i = 0; i < count; i++) {
        char hex[READING_ID_HEX + 1];
        reading_id_hex(&items[i]->id, hex);
        const struct raw_document *d = map_get(n->world->raw, span_str(hex));
        if (!d) { /* the store was replaced between the two calls */
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
        const struct window *stored = map_get(n->world->windows, window_key(id, &items[i]));
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

static void put_window(struct map *windows, struct span key, struct window *w)
{
    void *old = map_put(windows, key, w);
    if (old)
        window_drop(old);
}

static bool write_window(struct node *n, struct sink_window *item)
{
    struct world *w = n->world;
    char id[WINDOW_ID_MAX];
    struct span key = window_key(id, item);
    const struct window *stored = map_get(w->windows, key);
    bool wins = (stored ? stored->rev : 0) == item->window->rev;
    if (w->sabotage == SABOTAGE_NO_CAS)
        wins = true;
    if (!wins)
        return false;
    struct window *copy = window_copy(item->window);
    copy->rev = (stored ? stored->rev : 0) + 1;
    if (w->sabotage == SABOTAGE_WRITES_IN_MEMORY && !w->calm) {
        put_window(n->buffered, key, copy);
        return true;
    }
    put_window(w->windows, key, copy);
    return true;
}

static void send_window_late(struct node *n, const struct sink_window *item)
{
    struct world *w = n->world;
    if (w->lates == WORLD_LATE_MAX || w->sabotage == SABOTAGE_WRITES_IN_MEMORY)
        return;
    struct late_write *late = &w->late[w->lates++];
    memset(late, 0, sizeof *late);
    window_key(late->key, item);
    late->window = window_copy(item->window);
}

static void window_arrives(struct world *w, struct late_write *late)
{
    struct span key = span_str(late->key);
    const struct window *stored = map_get(w->windows, key);
    bool wins = (stored ? stored->rev : 0) == late->window->rev;
    if (!wins && w->sabotage != SABOTAGE_LATE_NO_CAS) {
        window_drop(late->window);
        return;
    }
    late->window->rev = (stored ? stored->rev : 0) + 1;
    put_window(w->windows, key, late->window);
}

void world_late_arrives(struct world *w)
{
    if (w->lates == 0)
        return;
    unsigned i = rng_below(&w->rng, w->lates);
    struct late_write late = w->late[i];
    w->late[i] = w->late[--w->lates];
    if (late.window)
        window_arrives(w, &late);
    else if (map_get(w->raw, span_str(late.hex)))
        free(late.raw);
    else
        map_put(w->raw, span_str(late.hex), late.raw);
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
        if (!takes_effect(n, f)) {
            if (rng_below(&n->world->rng, 2) == 0)
                send_window_late(n, &items[i]);
            continue;
        }
        bool won = write_window(n, &items[i]);
        if (f != FAULT_NONE)
            continue; /* nobody hears of it */
        items[i].lost = !won && n->world->sabotage != SABOTAGE_LOST_RACE_HIDDEN;
        if (!items[i].lost)
            items[i].window->rev++;
    }
    return answer(f, e);
}

static int read_devices(void *self, struct sink_device *items, size_t count, struct err *e)
{
    struct node *n = self;
    enum fault f = draw_fault(n);
    if (f != FAULT_NONE)
        return answer(f, e);
    for (size_t i = 0; i < count; i++) {
        const struct device_state *stored =
            map_get(n->world->devices, span_str(items[i].state->device_id));
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
    struct world *w = n->world;
    enum fault f = draw_fault(n);
    for (size_t i = 0; i < count; i++) {
        if (!takes_effect(n, f))
            continue;
        struct span key = span_str(items[i].state->device_id);
        const struct device_state *stored = map_get(w->devices, key);
        bool won = (stored ? stored->rev : 0) == items[i].state->rev;
        if (won || w->sabotage == SABOTAGE_NO_CAS) {
            struct device_state *copy = device_copy(items[i].state);
            copy->rev = (stored ? stored->rev : 0) + 1;
            void *old = map_put(w->devices, key, copy);
            if (old)
                device_drop(old);
            won = true;
        }
        if (f != FAULT_NONE)
            continue;
        items[i].lost = !won;
        if (won)
            items[i].state->rev++;
    }
    return answer(f, e);
}

/* --- ledger and dead letters --------------------------------------------------------------------
 */

static int read_ledger(void *self, int32_t partition, struct ledger *out, struct err *e)
{
    struct node *n = self;
    enum fault f = draw_fault(n);
    if (f != FAULT_NONE)
        return answer(f, e);
    if (!n->world->ledger_exists[partition])
        return err_set(e, ERR_NOT_FOUND, "no account yet");
    *out = n->world->ledger[partition];
    return 0;
}

static bool write_one_ledger(struct world *w, const struct sink_ledger *item)
{
    int32_t p = item->ledger.partition;
    int64_t have = w->ledger_exists[p] ? w->ledger[p].next_offset : -1;
    if (have != item->expected_next && w->sabotage != SABOTAGE_LEDGER_NO_CAS)
        return false;
    w->ledger[p] = item->ledger;
    w->ledger_exists[p] = true;
    return true;
}

static int write_ledgers(void *self, struct sink_ledger *items, size_t count, int64_t now_ms,
                         struct err *e)
{
    (void)now_ms;
    struct node *n = self;
    enum fault f = draw_fault(n);
    for (size_t i = 0; i < count; i++)
        if (takes_effect(n, f))
            items[i].lost = !write_one_ledger(n->world, &items[i]);
    return answer(f, e);
}

static int identity(void *self, char out[SINK_IDENTITY_MAX], struct err *e)
{
    struct node *n = self;
    change_store(n->world);
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
