/* Seeded schedules for the alerter: kill -9 between any two effects, lost replies, half-done bulks,
 * rebalances, zombies; then calm, and the checks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/num.h"
#include "tests/sim/sim.h"
#include "tests/sim/sim_alerter_world.h"

enum { CALM_ROUNDS = 4000 };

static const char *const sabotage_names[SIM_SABOTAGES] = {
    [SIM_HONEST] = "none",
    [SIM_NO_CAS] = "no_cas",
    [SIM_COMMIT_FIRST] = "commit_first",
    [SIM_NO_OUTBOX_RESEND] = "no_outbox_resend",
    [SIM_IGNORE_SRC] = "ignore_src",
    [SIM_UNTOLD_REBALANCE] = "untold_rebalance",
    [SIM_STALE_DOCUMENTS] = "stale_documents",
    [SIM_LATE_FENCE] = "late_fence",
    [SIM_FALSE_ACK] = "false_ack",
    [SIM_HALF_BULK] = "half_bulk",
};

bool sim_mishap(struct sim_world *w, unsigned n)
{
    return !w->calm && rng_below(&w->rng, n) == 0;
}

static void world_init(struct sim_world *w, uint64_t seed, enum sim_sabotage sabotage)
{
    *w = (struct sim_world){.sabotage = sabotage, .now_ms = 1000};
    rng_seed(&w->rng, seed);
    const struct alert_thresholds thresholds = {
        .temp_min = -10, .temp_max = 50, .humidity_min = 20, .humidity_max = 80};
    if (alert_rules_init(&w->rules, &thresholds, NULL) != 0)
        abort();
    for (unsigned i = 0; i < SIM_PARTITIONS; i++)
        w->partition[i].owner = -1;
    for (unsigned i = 0; i < SIM_DEVICES; i++)
        w->device_ts_ms[i] = INT64_C(1795255200000) + i;
    for (unsigned i = 0; i < SIM_MEMBERS; i++)
        w->member[i].world = w;
    for (unsigned i = 0; i < 1 + seed % 3; i++)
        sim_member_start(&w->member[i], w);
    sim_rebalance(w);
}

static void world_deinit(struct sim_world *w)
{
    for (unsigned i = 0; i < SIM_MEMBERS; i++)
        sim_member_kill(&w->member[i]);
    for (unsigned i = 0; i < SIM_PARTITIONS; i++)
        free(w->partition[i].record);
    sim_store_deinit(w);
}

static struct alert_next run_member(struct sim_member *m)
{
    struct alert_next next = alert_pipeline_step(m->pipeline, m->world->now_ms);
    sim_hand_over_go_on(m->world);
    return next;
}

/* Somebody is gone or comes back; the group notices now or later. */
static void disturb(struct sim_world *w)
{
    struct sim_member *m = &w->member[rng_below(&w->rng, SIM_MEMBERS)];
    switch (rng_below(&w->rng, 7)) {
    case 0:
        sim_rebalance(w);
        break;
    case 1:
        sim_hand_over(w);
        break;
    case 2:
        sim_member_kill(m);
        break;
    case 3:
        if (!m->pipeline)
            sim_member_start(m, w);
        break;
    case 4:
        m->frozen = !m->frozen && m->pipeline;
        break;
    case 5:
        w->now_ms += 31000; /* every backoff ends, caches grow old */
        break;
    case 6:
        w->outage_until_ms = w->now_ms + rng_below(&w->rng, 10000);
        break;
    }
}

static void storm(struct sim_world *w)
{
    unsigned ticks = 200 + rng_below(&w->rng, 1200);
    for (unsigned i = 0; i < ticks && !w->broken; i++) {
        uint32_t draw = rng_below(&w->rng, 100);
        w->now_ms += rng_below(&w->rng, 200);
        if (draw < 15)
            sim_produce(w);
        else if (draw < 20)
            disturb(w);
        struct sim_member *m = &w->member[rng_below(&w->rng, SIM_MEMBERS)];
        for (unsigned steps = rng_below(&w->rng, 7); steps > 0 && m->pipeline && !m->frozen;
             steps--)
            run_member(m);
    }
}

static bool at_the_end(const struct sim_world *w)
{
    for (unsigned i = 0; i < SIM_PARTITIONS; i++)
        if (w->partition[i].committed != (int64_t)w->partition[i].records)
            return false;
    return true;
}

/* No faults any more, and nobody sleeps: everything must come to rest by itself. */
static const char *calm_down(struct sim_world *w)
{
    w->calm = true;
    bool anybody = false;
    for (unsigned i = 0; i < SIM_MEMBERS; i++) {
        w->member[i].frozen = false;
        anybody |= w->member[i].pipeline != NULL;
    }
    if (!anybody)
        sim_member_start(&w->member[0], w);
    sim_rebalance(w);
    unsigned quiet = 0;
    for (unsigned i = 0; i < CALM_ROUNDS && quiet < 3; i++) {
        bool idle = true;
        w->now_ms += 500;
        for (unsigned k = 0; k < SIM_MEMBERS; k++)
            if (w->member[k].pipeline)
                idle &= run_member(&w->member[k]).step == ALERT_STEP_IDLE;
        quiet = idle && at_the_end(w) ? quiet + 1 : 0;
    }
    return quiet < 3 ? "it does not come to rest" : NULL;
}

static const char *run_seed(uint64_t seed, enum sim_sabotage sabotage, uint64_t *told)
{
    static struct sim_world w;
    world_init(&w, seed, sabotage);
    storm(&w);
    const char *wrong = w.broken ? w.broken : calm_down(&w);
    if (!wrong)
        wrong = sim_check(&w);
    *told += w.events;
    world_deinit(&w);
    return wrong;
}

static int run_seeds(uint64_t first, uint64_t seeds, enum sim_sabotage sabotage)
{
    const char *name = sabotage_names[sabotage];
    uint64_t told = 0;
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        const char *wrong = run_seed(seed, sabotage, &told);
        if (wrong) {
            printf("alerter %s: seed %" PRIu64 ": %s\n", name, seed, wrong);
            sim_print_replay("alerter", name, seed);
            return sabotage == SIM_HONEST ? 1 : 0;
        }
    }
    printf("alerter %s: %" PRIu64 " seeds hold, %" PRIu64 " events told\n", name, seeds, told);
    return sabotage == SIM_HONEST ? 0 : 1;
}

int sim_alerter(int argc, char **argv)
{
    int64_t seeds = 500, first = 0;
    if (argc > 1 && !num_parse_i64(span_str(argv[1]), 1, 100000000, &seeds))
        return fprintf(stderr, "SEEDS must be a number from 1 to 100000000\n"), 2;
    if (argc > 3 && !num_parse_i64(span_str(argv[3]), 0, INT64_MAX / 2, &first))
        return fprintf(stderr, "FIRST_SEED must be a number\n"), 2;
    for (enum sim_sabotage s = SIM_HONEST; s < SIM_SABOTAGES; s++)
        if (strcmp(argc > 2 ? argv[2] : "none", sabotage_names[s]) == 0)
            return run_seeds((uint64_t)first, (uint64_t)seeds, s);
    fprintf(stderr, "SABOTAGE is one of:");
    for (enum sim_sabotage s = SIM_HONEST; s < SIM_SABOTAGES; s++)
        fprintf(stderr, " %s", sabotage_names[s]);
    fputc('\n', stderr);
    return 2;
}
