/* A store in memory for rollups. */
#include "tests/unit/aggregator/rollup_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static const struct rollup_name name = {.device_id = "dev-1", .sensor = "humidity"};

static struct minute *minute_at(struct rollup_world *w, int64_t start_ms)
{
    return &w->minute[(start_ms - MIDNIGHT) / MINUTE];
}

static struct stored_rollup *rollup_at(struct rollup_world *w, enum rollup_kind kind,
                                       int64_t start_ms)
{
    return kind == ROLLUP_HOURS ? &w->hour[(start_ms - MIDNIGHT) / HOUR]
                                : &w->day[(start_ms - MIDNIGHT) / (24 * HOUR)];
}

void rollup_world_write(struct rollup_world *w, uint32_t from, uint32_t to)
{
    struct minute *m = &w->minute[from + rng_below(&w->rng, to - from)];
    int64_t start_ms = MIDNIGHT + (m - w->minute) * MINUTE;
    if (m->w.rev == 0)
        window_init(&m->w, start_ms);
    window_fold(&m->w, 0, w->offset++, start_ms + rng_below(&w->rng, MINUTE), rng_unit(&w->rng));
    m->w.rev++;
    m->w.final = rng_below(&w->rng, 2);
    m->updated_ms = w->now_ms - SKEW + rng_below(&w->rng, 2 * SKEW);
}

/* Refused, done, or done and the answer is lost. */
static bool fails(struct rollup_node *n, bool *done, struct err *e)
{
    struct rollup_world *w = n->w;
    w->now_ms += rng_below(&w->rng, 400);
    *done = true;
    if (w->calm || rng_below(&w->rng, 100) >= 4)
        return false;
    *done = rng_below(&w->rng, 2);
    err_set(e, ERR_UNAVAILABLE, "injected");
    return true;
}

static int now(void *self, int64_t *now_ms, struct err *e)
{
    bool done;
    struct rollup_node *n = self;
    *now_ms = n->w->now_ms;
    return fails(n, &done, e) ? ERR_UNAVAILABLE : 0;
}

static int lease(void *self, const char *holder, int64_t now_ms, int64_t until_ms, bool *held,
                 struct err *e)
{
    struct rollup_node *n = self;
    struct rollup_world *w = n->w;
    bool done, failed = fails(n, &done, e);
    /* Half of the time the other one does not know: two at once must be harmless. */
    *held = strcmp(w->holder, holder) == 0 || w->until_ms <= now_ms || rng_below(&w->rng, 2);
    if (done && *held) {
        snprintf(w->holder, sizeof w->holder, "%s", holder);
        w->until_ms = until_ms;
    }
    return failed ? ERR_UNAVAILABLE : 0;
}

static int read_state(void *self, enum rollup_kind kind, struct rollup_state *out, struct err *e)
{
    struct rollup_node *n = self;
    bool done;
    *out = n->w->state[kind];
    return fails(n, &done, e) ? ERR_UNAVAILABLE : 0;
}

static int write_state(void *self, enum rollup_kind kind, const struct rollup_state *state,
                       struct err *e)
{
    struct rollup_node *n = self;
    bool done, failed = fails(n, &done, e);
    if (done)
        n->w->state[kind] = *state;
    return failed ? ERR_UNAVAILABLE : 0;
}

static int by_time(const void *a, const void *b)
{
    const struct rollup_change *x = a, *y = b;
    return (x->updated_ms > y->updated_ms) - (x->updated_ms < y->updated_ms);
}

static void offer(struct rollup_node *n, int64_t start_ms, int64_t rev, int64_t updated_ms)
{
    n->change[n->changes++] = (struct rollup_change){
        .name = name, .start_ms = start_ms, .rev = rev, .updated_ms = updated_ms};
}

static int open_changes(void *self, enum rollup_kind kind, int64_t from_ms, struct err *e)
{
    struct rollup_node *n = self;
    struct rollup_world *w = n->w;
    bool done;
    n->changes = n->given = 0;
    for (int i = 0; i < MINUTES && kind == ROLLUP_HOURS; i++)
        if (w->minute[i].w.rev > 0 && w->minute[i].updated_ms >= from_ms)
            offer(n, w->minute[i].w.start_ms, w->minute[i].w.rev, w->minute[i].updated_ms);
    for (int i = 0; i < HOURS && kind == ROLLUP_DAYS; i++)
        if (w->hour[i].r.rev > 0 && w->hour[i].updated_ms >= from_ms)
            offer(n, w->hour[i].r.start_ms, w->hour[i].r.rev, w->hour[i].updated_ms);
    qsort(n->change, n->changes, sizeof *n->change, by_time);
    return fails(n, &done, e) ? ERR_UNAVAILABLE : 0;
}

static int open_unclosed(void *self, enum rollup_kind kind, int64_t from_ms, int64_t to_ms,
                         struct err *e)
{
    struct rollup_node *n = self;
    bool done;
    n->changes = n->given = 0;
    const struct stored_rollup *all = kind == ROLLUP_HOURS ? n->w->hour : n->w->day;
    for (int i = 0; i < (kind == ROLLUP_HOURS ? HOURS : 2); i++) {
        const struct rollup *r = &all[i].r;
        if (r->rev > 0 && !r->final && r->start_ms >= from_ms && r->start_ms < to_ms)
            offer(n, r->start_ms, r->rev, all[i].updated_ms);
    }
    return fails(n, &done, e) ? ERR_UNAVAILABLE : 0;
}

static int next_changes(void *self, struct rollup_change *out, size_t max, size_t *count,
                        struct err *e)
{
    struct rollup_node *n = self;
    bool done;
    size_t left = n->changes - n->given;
    *count = left < max ? left : max;
    memcpy(out, n->change + n->given, *count * sizeof *out);
    n->given += *count;
    return fails(n, &done, e) ? ERR_UNAVAILABLE : 0;
}

static void close_stream(void *self)
{
    struct rollup_node *n = self;
    n->changes = n->given = 0;
}

static int read_rollups(void *self, enum rollup_kind kind, struct rollup_item *items, size_t count,
                        struct err *e)
{
    struct rollup_node *n = self;
    bool done;
    for (size_t i = 0; i < count; i++) {
        const struct stored_rollup *s = rollup_at(n->w, kind, items[i].stored.start_ms);
        if (s->r.rev > 0)
            items[i].stored = s->r;
    }
    return fails(n, &done, e) ? ERR_UNAVAILABLE : 0;
}

static int read_sources(void *self, enum rollup_kind kind, struct rollup_item *items, size_t count,
                        struct err *e)
{
    struct rollup_node *n = self;
    bool done;
    for (size_t i = 0; i < count; i++) {
        struct rollup *r = &items[i].fresh;
        for (unsigned k = 0; k < rollup_sources(r->level); k++) {
            int64_t start_ms = rollup_source_start(r->level, r->start_ms, k);
            struct rollup_source s = {0};
            if (!(items[i].places >> k & 1))
                continue;
            if (start_ms >= MIDNIGHT + HOURS * (int64_t)HOUR)
                break;
            if (kind == ROLLUP_HOURS)
                rollup_source_of_window(&minute_at(n->w, start_ms)->w, &s);
            else
                rollup_source_of_rollup(&rollup_at(n->w, ROLLUP_HOURS, start_ms)->r, &s);
            items[i].sources += s.rev > 0;
            bool folded = rollup_fold(r, &s);
            items[i].unreadable = items[i].unreadable || (s.rev > 0 && !folded);
        }
        n->w->read_sources++;
    }
    return fails(n, &done, e) ? ERR_UNAVAILABLE : 0;
}

static int write_rollups(void *self, enum rollup_kind kind, struct rollup_item *items, size_t count,
                         int64_t now_ms, struct err *e)
{
    struct rollup_node *n = self;
    bool done, failed = fails(n, &done, e);
    for (size_t i = 0; i < count; i++) {
        struct stored_rollup *s = rollup_at(n->w, kind, items[i].stored.start_ms);
        bool takes = done || rng_below(&n->w->rng, 2);
        items[i].lost = s->r.rev != items[i].stored.rev;
        if (!takes || items[i].lost)
            continue;
        *s = (struct stored_rollup){.r = items[i].fresh, .updated_ms = now_ms};
        s->r.rev = items[i].stored.rev + 1;
        n->w->written++;
    }
    return failed ? ERR_UNAVAILABLE : 0;
}

/* --- instances */

static int64_t wall_ms(void *self)
{
    const struct rollup_node *n = self;
    return n->w->now_ms + 100000; /* a clock that is wrong: the store's counts */
}

void rollup_node_start(struct rollup_world *w, struct rollup_node *n, int i)
{
    const struct rollup_store store = {.self = n,
                                       .now = now,
                                       .lease = lease,
                                       .read_state = read_state,
                                       .write_state = write_state,
                                       .open_changes = open_changes,
                                       .open_unclosed = open_unclosed,
                                       .next_changes = next_changes,
                                       .close = close_stream,
                                       .read_rollups = read_rollups,
                                       .read_sources = read_sources,
                                       .write_rollups = write_rollups};
    const struct rollups_config config = {.overlap_ms = 2 * SKEW,
                                          .grace_ms = GRACE,
                                          .lease_ms = 60000,
                                          .holder = i ? "b" : "a",
                                          .page = 1 + rng_below(&w->rng, 20),
                                          .seed = 1};
    const struct clock clock = {.self = n, .wall_ms = wall_ms};
    n->w = w;
    n->rollups = rollups_new(&config, &store, &clock);
}

void rollup_node_pass(struct rollup_node *n)
{
    struct err e = {0};
    int rc = rollups_step(n->rollups, &e);
    while (rc != 0) {
        err_clear(&e);
        rc = rollups_step(n->rollups, &e);
    }
}

struct rollup_world *rollup_world_new(struct rollup_node node[NODES], uint64_t seed)
{
    struct rollup_world *w = calloc(1, sizeof *w);
    ck_assert(w != NULL);
    rng_seed(&w->rng, seed);
    w->now_ms = MIDNIGHT + INT64_C(3) * 24 * HOUR;
    for (int i = 0; i < NODES; i++)
        rollup_node_start(w, &node[i], i);
    return w;
}

void rollup_world_free(struct rollup_world *w, struct rollup_node node[NODES])
{
    for (int i = 0; i < NODES; i++)
        rollups_free(node[i].rollups);
    for (int i = 0; i < MINUTES; i++)
        window_deinit(&w->minute[i].w);
    free(w);
}

void rollup_world_check(struct rollup_world *w)
{
    for (int d = 0; d < 2; d++) {
        struct window_stats day = {.count = 0};
        for (int h = d * 24; h < HOURS && h < (d + 1) * 24; h++) {
            struct window_stats hour = {.count = 0}, minute;
            bool final = true;
            for (int m = h * 60; m < (h + 1) * 60; m++) {
                window_total(&w->minute[m].w, &minute);
                window_stats_merge(&hour, &minute);
                final = final && (w->minute[m].w.final || minute.count == 0);
            }
            window_stats_merge(&day, &hour);
            ck_assert_msg(window_stats_equal(&w->hour[h].r.stats, &hour), "hour %d", h);
            ck_assert_msg(hour.count == 0 || w->hour[h].r.final == final, "hour %d", h);
        }
        ck_assert_msg(window_stats_equal(&w->day[d].r.stats, &day), "day %d", d);
    }
}
