/* What a write does to the simulated store, now or late. */
#include "tests/sim/agg_effect.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "tests/sim/agg_durable.h"
#include "tests/sim/agg_world.h"

void effect_drop(struct effect *e)
{
    if (e->kind == CHANGE_WINDOW)
        window_drop(e->document);
    else if (e->kind == CHANGE_DEVICE)
        device_drop(e->document);
    else
        free(e->document);
    e->document = NULL;
}

static bool apply_raw(struct world *w, struct effect *e)
{
    struct span key = span_str(e->key);
    if (map_get(w->raw, key))
        return false;
    map_put(w->raw, key, e->document);
    journal_note(w, CHANGE_RAW, key, NULL);
    return true;
}

static int64_t window_rev(const struct world *w, const char *key)
{
    const struct window *stored = map_get(w->windows, span_str(key));
    return stored ? stored->rev : 0;
}

static bool apply_window(struct world *w, struct effect *e)
{
    struct span key = span_str(e->key);
    struct window *fresh = e->document;
    int64_t rev = window_rev(w, e->key);
    if (rev != e->expected && w->sabotage != SABOTAGE_NO_CAS)
        return false;
    fresh->rev = rev + 1;
    durable_check_window(w, e->key, fresh);
    journal_note(w, CHANGE_WINDOW, key, map_put(w->windows, key, fresh));
    return true;
}

static bool apply_device(struct world *w, struct effect *e)
{
    struct span key = span_str(e->key);
    const struct device_state *stored = map_get(w->devices, key);
    struct device_state *fresh = e->document;
    int64_t rev = stored ? stored->rev : 0;
    if (rev != e->expected && w->sabotage != SABOTAGE_NO_CAS)
        return false;
    fresh->rev = rev + 1;
    journal_note(w, CHANGE_DEVICE, key, map_put(w->devices, key, fresh));
    return true;
}

static bool apply_ledger(struct world *w, struct effect *e)
{
    const struct ledger *fresh = e->document;
    int32_t p = fresh->partition;
    struct ledger *stored = &w->ledger[p];
    int64_t have = w->ledger_exists[p] ? stored->next_offset : -1;
    if (have != e->expected && w->sabotage != SABOTAGE_LEDGER_NO_CAS)
        return false;
    journal_note(w, CHANGE_LEDGER, span_str(e->key),
                 w->ledger_exists[p] ? xmemdup(stored, sizeof *stored) : NULL);
    *stored = *fresh;
    w->ledger_exists[p] = true;
    durable_check_ledger(w, stored);
    effect_drop(e);
    return true;
}

bool effect_apply(struct world *w, struct effect *e)
{
    static bool (*const apply[CHANGE_KINDS])(struct world *, struct effect *) = {
        [CHANGE_RAW] = apply_raw,
        [CHANGE_WINDOW] = apply_window,
        [CHANGE_DEVICE] = apply_device,
        [CHANGE_LEDGER] = apply_ledger,
    };
    bool won = apply[e->kind](w, e);
    if (!won)
        effect_drop(e);
    return won;
}

void effect_delay(struct world *w, struct effect *e)
{
    if (w->late.count < EFFECTS_LATE_MAX)
        w->late.item[w->late.count++] = *e;
    else
        effect_drop(e);
}

void effect_deliver(struct world *w)
{
    if (w->late.count == 0)
        return;
    unsigned i = rng_below(&w->rng, w->late.count);
    struct effect e = w->late.item[i];
    w->late.item[i] = w->late.item[--w->late.count];
    if (e.kind == CHANGE_WINDOW && w->sabotage == SABOTAGE_LATE_NO_CAS)
        e.expected = window_rev(w, e.key);
    w->mishaps->late_writes += effect_apply(w, &e);
}

void effect_deinit(struct world *w)
{
    for (unsigned i = 0; i < w->late.count; i++)
        effect_drop(&w->late.item[i]);
    w->late.count = 0;
}
