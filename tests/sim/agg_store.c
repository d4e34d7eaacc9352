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

/* --- raw ----------------------------------------------------------------------------------------
 */

static void insert_one(struct world *w, struct sink_raw *r)
{
    char hex[READING_ID_HEX + 1];
    reading_id_hex(&r->id, hex);
    if (map_get(w->raw, span_str(hex))) {
        r->outcome = RAW_EXISTS;
        return;
    }
    struct raw_document *d = xcalloc(1, sizeof *d);
    memcpy(d->hex, hex, sizeof hex);
    struct buf json = {0};
    reading_encode(r->reading, &json);
    snprintf(d->json, sizeof d->json, "%s", buf_cstr(&json));
    buf_deinit(&json);
    d->partition = r->partition;
    d->offset = r->offset;
    map_put(w->raw, span_str(hex), d);
    r->outcome = RAW_STORED;
}

static int insert_raw(void *self, struct sink_raw *items, size_t count, struct err *e)
{
    struct node *n = self;
    enum fault f = draw_fault(n);
    size_t start = rng_below(&n->world->rng, (uint32_t)count); /* an unordered bulk */
    for (size_t i = 0; i < count; i++)
        if (takes_effect(n, f))
            insert_one(n->world, &items[(start + i) % count]);
    return answer(f, e);
}

static int read_origins(void *self, struct sink_raw *const *items, size_t count, struct err *e)
{
    struct node *n = self;
    enum fault f = draw_fault(n);
    for (size_t i = 0; i < count; i++) {
        char hex[READING_ID_HEX + 1];
        reading_id_hex(&items[i]->id, hex);
        const struct raw_document *d = map_get(n->world->raw, span_str(hex));
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
        void *old = map_put(n->buffered, key, copy);
        if (old)
            window_drop(old);
        return true;
    }
    void *old = map_put(w->windows, key, copy);
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
        if (!takes_effect(n, f))
            continue;
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

static int write_ledger(void *self, const struct ledger *ledger, int64_t expected_next,
                        int64_t now_ms, struct err *e)
{
    (void)now_ms;
    struct node *n = self;
    struct world *w = n->world;
    enum fault f = draw_fault(n);
    if (f == FAULT_BEFORE || f == FAULT_HALF)
        return answer(f, e);
    int32_t p = ledger->partition;
    int64_t have = w->ledger_exists[p] ? w->ledger[p].next_offset : -1;
    if (have != expected_next && w->sabotage != SABOTAGE_LEDGER_NO_CAS)
        return f == FAULT_NONE ? err_set(e, ERR_CONFLICT, "moved on") : answer(f, e);
    w->ledger[p] = *ledger;
    w->ledger_exists[p] = true;
    return answer(f, e);
}

struct sink agg_sink_port(struct node *n)
{
    return (struct sink){
        .self = n,
        .insert_raw = insert_raw,
        .read_origins = read_origins,
        .read_windows = read_windows,
        .write_windows = write_windows,
        .read_devices = read_devices,
        .write_devices = write_devices,
        .read_ledger = read_ledger,
        .write_ledger = write_ledger,
    };
}

static int send_letters(void *self, const struct dead_letter *items, size_t count, struct err *e)
{
    struct node *n = self;
    struct world *w = n->world;
    enum fault f = draw_fault(n);
    for (size_t i = 0; i < count; i++)
        if (takes_effect(n, f) && w->sabotage != SABOTAGE_LETTERS_DROPPED)
            w->lettered[items[i].partition][items[i].offset] = true;
    return answer(f, e);
}

struct letters agg_letters_port(struct node *n)
{
    return (struct letters){.self = n, .send = send_letters};
}
