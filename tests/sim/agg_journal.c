/* What the simulated store has taken but not written to its journal yet. */
#include "tests/sim/agg_journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/num.h"
#include "common/base/xmalloc.h"
#include "tests/sim/agg_durable.h"
#include "tests/sim/agg_world.h"

static void drop(enum change_kind kind, void *document)
{
    if (!document)
        return;
    if (kind == CHANGE_WINDOW)
        window_drop(document);
    else if (kind == CHANGE_DEVICE)
        device_drop(document);
    else
        free(document);
}

void journal_note(struct world *w, enum change_kind kind, struct span key, void *old)
{
    struct journal *j = &w->journal;
    if (j->count == j->cap) {
        j->cap = j->cap ? 2 * j->cap : 64;
        j->tail = xreallocarray(j->tail, j->cap, sizeof *j->tail);
    }
    struct change *c = &j->tail[j->count++];
    c->kind = kind;
    c->old = old;
    snprintf(c->key, sizeof c->key, "%.*s", (int)key.len, key.p);
}

void journal_sync(struct world *w)
{
    for (size_t i = 0; i < w->journal.count; i++)
        drop(w->journal.tail[i].kind, w->journal.tail[i].old);
    w->journal.count = 0;
}

/* Takes ownership of `old`. */
static void restore_ledger(struct world *w, const char *key, struct ledger *old)
{
    int p = key[0] - '0';
    w->ledger_exists[p] = old != NULL;
    if (old)
        w->ledger[p] = *old;
    free(old);
}

static void restore(struct world *w, struct change *c)
{
    struct map *maps[CHANGE_KINDS] = {w->raw, w->windows, w->devices, NULL};
    struct map *map = maps[c->kind];
    if (!map)
        restore_ledger(w, c->key, c->old);
    else if (c->old)
        drop(c->kind, map_put(map, span_str(c->key), c->old));
    else
        drop(c->kind, map_remove(map, span_str(c->key)));
}

void journal_crash(struct world *w)
{
    w->mishaps->store_deaths += w->journal.count > 0;
    insertions_tear(w);
    while (w->journal.count > 0)
        restore(w, &w->journal.tail[--w->journal.count]);
    durable_forget(w);
}

const void *journal_durable(const struct world *w, enum change_kind kind, struct span key,
                            const void *now)
{
    for (size_t i = 0; i < w->journal.count; i++) /* the oldest change is the one that counts */
        if (w->journal.tail[i].kind == kind && span_is(key, w->journal.tail[i].key))
            return w->journal.tail[i].old;
    return now;
}

void journal_deinit(struct world *w)
{
    journal_sync(w);
    free(w->journal.tail);
}
