/* Raw readings on their way into the simulated store. */
#include "tests/sim/agg_insertion.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "tests/sim/agg_world.h"

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

static enum opinion opinion_of(const struct world *w, const struct insertion_part *part)
{
    return w->log[part->partition][part->offset].opinion;
}

static bool is_spoiled(const struct world *w, const struct sim_insertion *s)
{
    for (size_t i = 0; i < s->count && s->count > 1; i++)
        if (opinion_of(w, &s->part[i]) == OPINION_SPOILS)
            return true;
    return false;
}

static enum part_fate draw_fate(struct node *n, const struct insertion_part *part)
{
    const struct sim_insertion *s = &n->insertion;
    bool good = opinion_of(n->world, part) == OPINION_GOOD;
    if (s->spoiled && (!good || rng_below(&n->world->rng, 2)))
        return PART_IS_LOST;
    if (fault_takes_effect(n, s->fault))
        return PART_GOES_IN;
    return good && fault_comes_late(n, s->fault, 4) ? PART_COMES_LATE : PART_IS_LOST;
}

void insertion_begun(void *node, const struct sink_raw *items, size_t count)
{
    struct node *n = node;
    struct world *w = n->world;
    struct sim_insertion *s = &n->insertion;
    if (s->under_way && !w->broken[0])
        snprintf(w->broken, sizeof w->broken, "a second insertion beside the first");
    if (s->under_way)
        return;
    fault_change_store(n);
    *s = (struct sim_insertion){.under_way = true,
                                .fault = fault_draw(n),
                                .count = count,
                                .first = rng_below(&w->rng, (uint32_t)count)};
    for (size_t i = 0; i < count; i++)
        s->part[i] = (struct insertion_part){.effect = raw_effect(&items[i]),
                                             .partition = items[i].partition,
                                             .offset = items[i].offset};
    s->spoiled = is_spoiled(w, s);
    for (size_t i = 0; i < count; i++)
        s->part[i].fate = draw_fate(n, &s->part[i]);
}

/* What the store says of the document itself. */
static bool document_fails(struct world *w, struct insertion_part *part)
{
    enum opinion o = opinion_of(w, part);
    bool flaky = o == OPINION_FLAKY && w->failures[part->partition][part->offset]++ < 2;
    if (!flaky && !opinion_is_dead(o))
        return false;
    part->outcome = o == OPINION_REFUSED                      ? RAW_REFUSED
                    : w->sabotage == SABOTAGE_FAILED_FORGIVEN ? RAW_STORED
                                                              : RAW_FAILED;
    return true;
}

static void go_in(struct world *w, struct insertion_part *part)
{
    bool exists = map_get(w->raw, span_str(part->effect.key)) != NULL;
    if (exists)
        part->outcome = RAW_EXISTS;
    if (exists || document_fails(w, part)) {
        effect_drop(&part->effect);
        return;
    }
    effect_apply(w, &part->effect);
    part->outcome = RAW_STORED;
}

/* The next document, whatever becomes of it. */
static void go_on(struct world *w, struct sim_insertion *s)
{
    struct insertion_part *part = &s->part[(s->first + s->done++) % s->count];
    if (part->fate == PART_GOES_IN)
        go_in(w, part);
    else if (part->fate == PART_COMES_LATE)
        effect_delay(w, &part->effect);
    else
        effect_drop(&part->effect);
}

void insertions_go_on(struct world *w)
{
    unsigned first = rng_below(&w->rng, WORLD_NODES_MAX);
    for (unsigned i = 0; i < WORLD_NODES_MAX; i++) {
        struct sim_insertion *s = &w->node[(first + i) % WORLD_NODES_MAX].insertion;
        if (!s->under_way || s->done == s->count)
            continue;
        for (uint32_t parts = 1 + rng_below(&w->rng, 3); parts > 0 && s->done < s->count; parts--)
            go_on(w, s);
        return;
    }
}

/* Whatever is not in yet may come late, from a client or a server that nobody asks any more. */
static void tear(struct world *w, struct sim_insertion *s)
{
    s->torn = true;
    for (size_t i = s->done; i < s->count; i++) {
        struct insertion_part *part = &s->part[(s->first + i) % s->count];
        bool good = opinion_of(w, part) == OPINION_GOOD;
        if (part->fate == PART_GOES_IN)
            part->fate = good && rng_below(&w->rng, 2) ? PART_COMES_LATE : PART_IS_LOST;
    }
}

void insertions_tear(struct world *w)
{
    for (int i = 0; i < WORLD_NODES_MAX; i++)
        if (w->node[i].insertion.under_way)
            tear(w, &w->node[i].insertion);
}

void insertion_abandoned(void *node)
{
    struct node *n = node;
    struct sim_insertion *s = &n->insertion;
    if (!s->under_way)
        return;
    for (uint32_t parts = rng_below(&n->world->rng, 3); parts > 0 && s->done < s->count; parts--)
        go_on(n->world, s);
    tear(n->world, s);
    while (s->done < s->count)
        go_on(n->world, s);
    s->under_way = false;
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

static void tell(const struct sim_insertion *s, struct sink_raw *items)
{
    for (size_t i = 0; i < s->count; i++) {
        items[i].outcome = s->part[i].outcome;
        items[i].store_code = 8;
        items[i].store_error = "UnknownError";
    }
}

int insertion_finished(void *node, struct sink_raw *items, size_t count, int wait_ms, struct err *e)
{
    struct node *n = node;
    struct world *w = n->world;
    struct sim_insertion *s = &n->insertion;
    fault_change_store(n);
    n->crash |= !w->calm && rng_below(&w->rng, 200) == 0;
    if (!w->calm && rng_below(&w->rng, 4) == 0) {
        w->now_ms += wait_ms;
        return ERR_TIMEOUT;
    }
    while (s->done < s->count)
        go_on(w, s);
    s->under_way = false;
    tell(s, items);
    enum fault f = s->torn ? FAULT_ANSWER_LOST : s->fault;
    if (blame_trouble(n, items, count, f))
        return 0;
    if (f == FAULT_NONE && s->spoiled)
        return err_set(e, ERR_FAILED, "somebody in there");
    return fault_written(n, f, e);
}
