/* What happens to the calls of the simulated store. */
#include "tests/sim/agg_fault.h"

#include "tests/sim/agg_world.h"

enum fault fault_draw(struct node *n)
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

bool fault_takes_effect(struct node *n, enum fault f)
{
    return f == FAULT_NONE || f == FAULT_ANSWER_LOST ||
           (f == FAULT_HALF && rng_below(&n->world->rng, 2));
}

bool fault_comes_late(struct node *n, enum fault f, unsigned one_in)
{
    return f != FAULT_NONE && f != FAULT_ANSWER_LOST && rng_below(&n->world->rng, one_in) == 0;
}

int fault_answer(enum fault f, struct err *e)
{
    return f == FAULT_NONE ? 0 : err_set(e, ERR_UNAVAILABLE, "injected");
}

/* An answer from the journal tells of all that came before it; that there is none may be because
 * the store is dead. */
int fault_written(struct node *n, enum fault f, struct err *e)
{
    if (f != FAULT_NONE && rng_below(&n->world->rng, 4) == 0)
        journal_crash(n->world);
    if (f == FAULT_NONE && n->world->reality.journaled)
        journal_sync(n->world);
    return fault_answer(f, e);
}

/* By now others may have joined; but whoever is between its look at the store's identity and a
 * write is protected by the time that passes alone, which is not simulated. */
void fault_change_store(struct node *n)
{
    if (!n->world->replace_store)
        return;
    node_kill_others(n->world, n);
    world_new_store(n->world);
}
