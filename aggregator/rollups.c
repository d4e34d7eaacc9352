/* Rollups kept up to date: what changed since the checkpoint is folded anew. */
#include "aggregator/rollups.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/map.h"
#include "common/base/sabotage.h"
#include "common/base/xmalloc.h"

enum {
    RACES_MAX = 8, /* lost in a row before a pass is given up */
    AHEAD_SOURCES = 10,
};

enum phase {
    PHASE_LEASE,
    PHASE_STATE,
    PHASE_OPEN,
    PHASE_PAGE,
    PHASE_READ,
    PHASE_FOLD,
    PHASE_WRITE,
    PHASE_SAVE,
    PHASE_COUNT,
};

struct rollups {
    struct rollups_config config;
    char *holder; /* owned */
    struct rollup_store store;
    struct clock clock;
    struct rollups_stats stats;
    enum phase phase;
    enum rollup_kind kind;
    struct rollup_state state;
    int64_t pass_ms;        /* when the pass of this kind began, by the store's clock */
    int64_t lease_until_ms; /* by the store's clock */
    bool streaming;         /* a stream is open */
    bool sweeping;          /* of rollups whose period is over, no longer of changes */
    bool ended;             /* of the pass of this kind */
    unsigned races;
    struct map *by_id; /* window_id -> 1 + place in item[]; of this page */
    struct rollup_change *change;
    size_t changes;
    size_t *item_of; /* of each change */
    struct rollup_item *item;
    size_t items;
};

static const struct rollup_level *level_of(const struct rollups *r)
{
    return r->kind == ROLLUP_HOURS ? &rollup_hour : &rollup_day;
}

static int64_t store_now(const struct rollups *r)
{
    return clock_wall_ms(&r->clock) + atomic_load(&r->stats.clock_offset_ms);
}

/* Rollups that start before this are over. */
static int64_t closing_start(const struct rollups *r)
{
    const struct rollup_level *level = level_of(r);
    return window_start(r->pass_ms - r->config.grace_ms, level->length_ms);
}

/* --- lease and checkpoint --------------------------------------------------------------------- */

static int take_lease(struct rollups *r, struct err *e)
{
    bool held = false;
    int64_t now_ms = store_now(r), until_ms = now_ms + r->config.lease_ms;
    int rc = r->store.lease(r->store.self, r->holder, now_ms, until_ms, &held, e);
    if (rc == 0) {
        r->lease_until_ms = held ? until_ms : 0;
        atomic_store(&r->stats.leading, held);
    }
    return rc;
}

static int look_at_clocks(struct rollups *r, struct err *e)
{
    int64_t theirs;
    int rc = r->store.now(r->store.self, &theirs, e);
    if (rc == 0)
        atomic_store(&r->stats.clock_offset_ms, theirs - clock_wall_ms(&r->clock));
    return rc;
}

static int phase_lease(struct rollups *r, struct err *e)
{
    int rc = look_at_clocks(r, e);
    if (rc == 0)
        rc = take_lease(r, e);
    if (rc)
        return rc;
    r->kind = ROLLUP_HOURS;
    r->phase = PHASE_STATE;
    return 1;
}

/* Who does not lead still says how far the rollups are. */
static int next_kind(struct rollups *r)
{
    r->phase = PHASE_STATE;
    r->sweeping = r->ended = false;
    if (++r->kind < ROLLUP_KINDS)
        return 1;
    r->phase = PHASE_LEASE;
    if (atomic_load(&r->stats.leading))
        atomic_fetch_add(&r->stats.passes, 1);
    return 0;
}

static int phase_state(struct rollups *r, struct err *e)
{
    r->pass_ms = store_now(r);
    int rc = r->store.read_state(r->store.self, r->kind, &r->state, e);
    if (rc)
        return rc;
    if (r->state.closed_ms == 0) /* what is over by now is folded as such in this first pass */
        r->state.closed_ms = closing_start(r);
    atomic_store(&r->stats.through_ms[r->kind], r->state.through_ms);
    if (!atomic_load(&r->stats.leading))
        return next_kind(r);
    r->phase = PHASE_OPEN;
    return 1;
}

static int phase_save(struct rollups *r, struct err *e)
{
    int rc = r->store.write_state(r->store.self, r->kind, &r->state, e);
    if (rc)
        return rc;
    atomic_store(&r->stats.through_ms[r->kind], r->state.through_ms);
    if (r->ended)
        return next_kind(r);
    r->phase = PHASE_PAGE;
    if (r->lease_until_ms - store_now(r) > r->config.lease_ms / 2)
        return 1;
    rc = take_lease(r, e); /* in a long pass; who lost it goes on, for it does no harm */
    return rc ? rc : 1;
}

/* --- the stream of changes -------------------------------------------------------------------- */

/* A checkpoint is never trusted beyond the store's clock. */
static int64_t changes_start(const struct rollups *r)
{
    int64_t through_ms = r->state.through_ms;
    if (SABOTAGED(BREAK_ROLLUP_WITHOUT_CHECKPOINT))
        return r->pass_ms - r->config.overlap_ms;
    if (through_ms == 0)
        return 0;
    return (through_ms < r->pass_ms ? through_ms : r->pass_ms) - r->config.overlap_ms;
}

static int phase_open(struct rollups *r, struct err *e)
{
    const struct rollup_store *s = &r->store;
    r->streaming = true;
    r->phase = PHASE_PAGE;
    int rc = r->sweeping
                 ? s->open_unclosed(s->self, r->kind, r->state.closed_ms, closing_start(r), e)
                 : s->open_changes(s->self, r->kind, changes_start(r), e);
    return rc ? rc : 1;
}

/* Nor is it ever ahead of that clock, whatever the documents say. */
static void advance(struct rollups *r, int64_t to_ms)
{
    int64_t limit = to_ms < r->pass_ms ? to_ms : r->pass_ms;
    if (limit > r->state.through_ms || r->state.through_ms > r->pass_ms)
        r->state.through_ms = limit;
}

static void end_stream(struct rollups *r)
{
    r->store.close(r->store.self);
    r->streaming = false;
    if (!r->sweeping && r->state.closed_ms < closing_start(r)) {
        r->sweeping = true;
        r->phase = PHASE_OPEN;
        return;
    }
    advance(r, r->pass_ms);
    r->state.closed_ms = closing_start(r);
    r->ended = true;
    r->phase = PHASE_SAVE;
}

static struct span id_of(char id[WINDOW_ID_MAX], const struct rollup_name *name, int64_t start_ms)
{
    return span_of(id, window_id(id, span_str(name->device_id), span_str(name->sensor), start_ms));
}

static size_t place_of_change(struct rollups *r, const struct rollup_change *c)
{
    char id[WINDOW_ID_MAX];
    struct rollup period;
    rollup_init(&period, level_of(r), c->start_ms);
    struct span key = id_of(id, &c->name, period.start_ms);
    size_t place = (size_t)(uintptr_t)map_get(r->by_id, key);
    if (place)
        return place - 1;
    r->item[r->items++] = (struct rollup_item){.name = c->name, .stored = period};
    map_put(r->by_id, key, (void *)(uintptr_t)r->items);
    return r->items - 1;
}

static void group_changes(struct rollups *r)
{
    map_free(r->by_id, NULL);
    r->by_id = map_new(r->config.seed);
    r->items = 0;
    for (size_t i = 0; i < r->changes; i++)
        r->item_of[i] = place_of_change(r, &r->change[i]);
}

static int phase_page(struct rollups *r, struct err *e)
{
    int rc = r->store.next_changes(r->store.self, r->change, r->config.page, &r->changes, e);
    if (rc)
        return rc;
    atomic_fetch_add(&r->stats.changes[r->kind], r->changes);
    r->races = 0;
    r->phase = PHASE_READ;
    if (r->changes == 0)
        end_stream(r);
    else
        group_changes(r);
    return 1;
}

/* --- folding ---------------------------------------------------------------------------------- */

/* Keeps the items for which `keep` is true. */
static void filter(struct rollups *r, bool (*keep)(struct rollups *r, struct rollup_item *item))
{
    size_t kept = 0;
    for (size_t i = 0; i < r->items; i++)
        if (keep(r, &r->item[i]))
            r->item[kept++] = r->item[i];
    r->items = kept;
}

static bool is_wanted(struct rollups *r, struct rollup_item *item)
{
    atomic_fetch_add(&r->stats.unreadable, item->unreadable);
    return item->lost && !item->unreadable;
}

/* Most of what is read again because of the overlap is in its rollup already. An older revision
 * than the one folded in is no replay but a source that has expired and come back. */
static void take_change(struct rollup_item *item, const struct rollup_change *c)
{
    if (rollup_holds(&item->stored, c->start_ms, c->rev))
        return;
    uint64_t place = rollup_place(&item->stored, c->start_ms);
    item->lost = true;
    item->changed |= place;
    item->whole = item->whole || (item->stored.settled.places & place) != 0;
}

static void mark_wanted(struct rollups *r)
{
    for (size_t i = 0; i < r->items; i++) {
        struct rollup_item *item = &r->item[i];
        item->whole = item->stored.rev == 0 || r->races > 0;
        item->lost = r->sweeping || r->races > 0; /* after a race the items are those that lost */
    }
    for (size_t i = 0; i < r->changes && !r->sweeping && r->races == 0; i++)
        take_change(&r->item[r->item_of[i]], &r->change[i]);
}

static int phase_read(struct rollups *r, struct err *e)
{
    for (size_t i = 0; i < r->items; i++) {
        struct rollup_item *item = &r->item[i];
        rollup_init(&item->stored, level_of(r), item->stored.start_ms);
        item->unreadable = false;
    }
    int rc = r->store.read_rollups(r->store.self, r->kind, r->item, r->items, e);
    if (rc)
        return rc;
    mark_wanted(r);
    filter(r, is_wanted);
    r->phase = PHASE_FOLD;
    return 1;
}

static bool is_newer(struct rollups *r, struct rollup_item *item)
{
    atomic_fetch_add(&r->stats.sources[r->kind], item->sources);
    atomic_fetch_add(&r->stats.unreadable, item->unreadable);
    if (item->unreadable)
        return false;
    rollup_close(&item->fresh, r->pass_ms, r->config.grace_ms);
    enum rollup_verdict verdict = rollup_compare(&item->stored, &item->fresh);
    atomic_fetch_add(&r->stats.kept[r->kind], verdict == ROLLUP_SOURCES_GONE);
    return verdict == ROLLUP_NEWER;
}

/* All that there can be. Windows lie ahead of the clock by as much as MAX_FUTURE_SKEW lets them;
 * whichever lies further ahead than this is found by its change. */
static uint64_t all_places(const struct rollups *r, const struct rollup *rollup)
{
    int64_t ahead_ms = AHEAD_SOURCES * level_of(r)->source_ms;
    return rollup_places_before(rollup, r->pass_ms + ahead_ms);
}

/* What is settled is taken as it stands in the rollup that is to be replaced, the rest is read: so
 * the cost is that of what has changed, not of what there is. */
static void begin_fold(const struct rollups *r, struct rollup_item *item)
{
    struct rollup *fresh = &item->fresh;
    const struct rollup *stored = &item->stored;
    rollup_init(fresh, level_of(r), stored->start_ms);
    if (!item->whole)
        rollup_resume(fresh, stored);
    item->places = item->whole ? all_places(r, fresh) : 0;
    item->places |= rollup_places(stored) | item->changed;
    item->places &= ~fresh->settled.places;
    item->sources = 0;
}

static int phase_fold(struct rollups *r, struct err *e)
{
    for (size_t i = 0; i < r->items; i++)
        begin_fold(r, &r->item[i]);
    int rc = r->items ? r->store.read_sources(r->store.self, r->kind, r->item, r->items, e) : 0;
    if (rc)
        return rc;
    filter(r, is_newer);
    r->phase = PHASE_WRITE;
    return 1;
}

static bool has_lost(struct rollups *r, struct rollup_item *item)
{
    atomic_fetch_add(&r->stats.written[r->kind], !item->lost);
    atomic_fetch_add(&r->stats.lost_races, item->lost);
    return item->lost;
}

static int phase_write(struct rollups *r, struct err *e)
{
    int rc = r->items ? r->store.write_rollups(r->store.self, r->kind, r->item, r->items,
                                               store_now(r), e)
                      : 0;
    if (rc)
        return rc;
    filter(r, has_lost);
    if (r->items > 0) {
        r->phase = PHASE_READ;
        return ++r->races < RACES_MAX ? 1 : err_set(e, ERR_CONFLICT, "lost too many races");
    }
    if (!r->sweeping)
        advance(r, r->change[r->changes - 1].updated_ms);
    r->phase = PHASE_SAVE;
    return 1;
}

/* --- the machine ------------------------------------------------------------------------------ */

static int (*const phases[PHASE_COUNT])(struct rollups *r, struct err *e) = {
    [PHASE_LEASE] = phase_lease, [PHASE_STATE] = phase_state, [PHASE_OPEN] = phase_open,
    [PHASE_PAGE] = phase_page,   [PHASE_READ] = phase_read,   [PHASE_FOLD] = phase_fold,
    [PHASE_WRITE] = phase_write, [PHASE_SAVE] = phase_save,
};

static void give_up_pass(struct rollups *r)
{
    if (r->streaming)
        r->store.close(r->store.self);
    r->streaming = r->sweeping = r->ended = false;
    r->phase = PHASE_LEASE;
}

int rollups_step(struct rollups *r, struct err *e)
{
    int rc = phases[r->phase](r, e);
    if (rc < 0)
        give_up_pass(r);
    return rc;
}

void rollups_retire(struct rollups *r)
{
    bool held;
    struct err e = {0};
    give_up_pass(r);
    int64_t now_ms = store_now(r);
    if (atomic_load(&r->stats.leading) &&
        r->store.lease(r->store.self, r->holder, now_ms, now_ms, &held, &e) == 0)
        atomic_store(&r->stats.leading, false);
}

const struct rollups_stats *rollups_stats(const struct rollups *r)
{
    return &r->stats;
}

struct rollups *rollups_new(const struct rollups_config *config, const struct rollup_store *store,
                            const struct clock *clock)
{
    struct rollups *r = xcalloc(1, sizeof *r);
    r->config = *config;
    r->holder = xstrdup(config->holder);
    r->store = *store;
    r->clock = *clock;
    r->by_id = map_new(config->seed);
    r->change = xcalloc(config->page, sizeof *r->change);
    r->item_of = xcalloc(config->page, sizeof *r->item_of);
    r->item = xcalloc(config->page, sizeof *r->item);
    return r;
}

void rollups_free(struct rollups *r)
{
    if (!r)
        return;
    give_up_pass(r);
    map_free(r->by_id, NULL);
    free(r->holder);
    free(r->change);
    free(r->item_of);
    free(r->item);
    free(r);
}
