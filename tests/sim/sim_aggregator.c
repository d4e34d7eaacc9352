/* Simulates aggregators over a shared log and store: seeded schedules with crashes between any two
 * effects, lost answers, half-done bulks, rebalances, zombies, doubled readings, poison, gaps, and
 * a device that changes its partition. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/num.h"
#include "common/base/timestamp.h"
#include "tests/sim/agg_check.h"
#include "tests/sim/agg_world.h"
#include "tests/sim/sim.h"

struct run {
    struct world world;
    unsigned made;
    bool replaced; /* in this run the store may be replaced */
    bool moved;    /* the number of partitions "changed": devices sit elsewhere now */
    struct log_entry recent[4];
};

static void start_node(struct world *w, struct node *n)
{
    struct pipeline_config config = pipeline_config_defaults();
    config.seed = rng_u64(&w->rng);
    config.identity_ms = 0;
    config.flush_ms = rng_below(&w->rng, 2) ? 5 : 200;
    static const int64_t writes[] = {0, 3, 50, 10000};
    config.window_writes = writes[rng_below(&w->rng, 4)];
    config.max_windows = rng_below(&w->rng, 4) ? 100 : 2;
    config.slice_records = 1 + rng_below(&w->rng, 6);
    struct pipeline_ports ports = node_ports(n);
    n->pipeline = pipeline_new(&config, &ports);
    n->crash = false;
}

static void crash(struct node *n)
{
    n->world->mishaps->crashes++;
    node_kill(n);
}

static struct node *free_slot(struct world *w)
{
    for (int i = 0; i < WORLD_NODES_MAX; i++)
        if (!w->node[i].pipeline)
            return &w->node[i];
    node_kill(&w->node[0]);
    return &w->node[0];
}

static bool has_partitions(const struct node *n)
{
    for (int p = 0; p < WORLD_PARTITIONS; p++)
        if (n->assigned[p])
            return true;
    return false;
}

/* One that has no partitions, or gives its own up now. */
static struct node *find_idle(struct world *w)
{
    for (int i = 0; i < WORLD_NODES_MAX; i++) {
        struct node *n = &w->node[i];
        if (n->pipeline && !n->granted_generation && !n->tell_assigned &&
            (n->tell_revoked || !has_partitions(n)))
            return n;
    }
    return NULL;
}

/* The member `index` of `members`. */
static void join_node(struct world *w, unsigned index, unsigned members)
{
    struct node *n = rng_below(&w->rng, 2) ? find_idle(w) : NULL;
    if (!n) {
        n = free_slot(w);
        start_node(w, n);
    }
    n->granted_generation = w->generation;
    for (unsigned p = 0; p < WORLD_PARTITIONS; p++)
        n->granted[p] = p % members == index;
    if (!has_partitions(n))
        node_take_grant(n);
}

/* Those that ran die, are asked for their partitions, or are not told: zombies. */
static void rebalance(struct world *w)
{
    w->generation++;
    w->mishaps->rebalances++;
    for (int i = 0; i < WORLD_NODES_MAX; i++) {
        struct node *n = &w->node[i];
        if (!n->pipeline)
            continue;
        uint32_t x = rng_below(&w->rng, 10);
        if (x < 4)
            crash(n);
        else if (x < 7)
            n->tell_revoked = true;
    }
    unsigned members = 1 + rng_below(&w->rng, 4);
    for (unsigned i = 0; i < members; i++)
        join_node(w, i, members);
}

static void write_reading(struct run *r, struct log_entry *entry, unsigned device)
{
    struct rng *rng = &r->world.rng;
    char ts[TIMESTAMP_TEXT_MAX], received[TIMESTAMP_TEXT_MAX];
    timestamp_format(1763719200000 + rng_below(rng, 120) * 1000, ts);
    timestamp_format(r->world.now_ms, received);
    char humidity[64] = "";
    if (rng_below(rng, 2))
        snprintf(humidity, sizeof humidity, ",\"humidity\":%u.%u", rng_below(rng, 100),
                 rng_below(rng, 10));
    snprintf(entry->value, sizeof entry->value,
             "{\"device_id\":\"dev-%u\",\"ts\":\"%s\",\"temperature_c\":%d.%u%s,\"seq\":%u,"
             "\"received_at\":\"%s\"}",
             device, ts, (int)rng_below(rng, 200) - 100, rng_below(rng, 1000), humidity, r->made,
             received);
}

static enum opinion draw_opinion(struct rng *rng)
{
    uint32_t x = rng_below(rng, 40);
    return x < 4 ? (enum opinion)(OPINION_FLAKY + x) : OPINION_GOOD;
}

static void produce(struct run *r)
{
    struct world *w = &r->world;
    unsigned device = rng_below(&w->rng, WORLD_PARTITIONS);
    int32_t partition = (int32_t)((device + (r->moved ? 1 : 0)) % WORLD_PARTITIONS);
    struct log_entry entry = {.timestamp_ms = w->now_ms};
    snprintf(entry.key, sizeof entry.key, "dev-%u", device);
    if (rng_below(&w->rng, 12) == 0) {
        entry.poison = true;
        snprintf(entry.value, sizeof entry.value, "{\"device_id\":%u", r->made);
    } else {
        write_reading(r, &entry, device);
        entry.opinion = draw_opinion(&w->rng);
        r->recent[r->made % 4] = entry;
    }
    if (rng_below(&w->rng, 20) == 0)
        world_append(w, partition, &(struct log_entry){.gap = true});
    r->made++;
    world_append(w, partition, &entry);
    const struct log_entry *again = &r->recent[rng_below(&w->rng, 4)];
    if (rng_below(&w->rng, 3) == 0 && again->value[0])
        world_append(w, rng_below(&w->rng, 4) ? partition : (partition + 1) % WORLD_PARTITIONS,
                     again);
}

static void step_node(struct node *n)
{
    pipeline_step(n->pipeline);
    if (n->crash)
        crash(n);
}

static struct node *some_node(struct world *w)
{
    unsigned first = rng_below(&w->rng, WORLD_NODES_MAX);
    for (unsigned i = 0; i < WORLD_NODES_MAX; i++) {
        struct node *n = &w->node[(first + i) % WORLD_NODES_MAX];
        if (n->pipeline && !n->asleep)
            return n;
    }
    return NULL;
}

/* Buffered writes reach the disk at last, in the sabotage that has them. */
static bool write_through(void *arg, struct span key, void *value)
{
    struct node *n = arg;
    void *old = map_put(n->world->windows, key, window_copy(value));
    if (old)
        window_drop(old);
    return true;
}

/* The store is to be replaced by an empty one. Only one aggregator is left then: between a zombie
 * and a new store nothing but the time that passes can decide. */
static void replace_store(struct world *w)
{
    for (int p = 0; p < WORLD_PARTITIONS; p++)
        if (!w->ledger_exists[p])
            return;
    bool kept = false;
    for (int i = 0; i < WORLD_NODES_MAX; i++) {
        struct node *n = &w->node[i];
        if (n->pipeline && (kept || n->generation != w->generation))
            node_kill(n);
        kept |= n->pipeline != NULL;
    }
    w->replace_store = true;
}

static void wake_all(struct world *w)
{
    for (int i = 0; i < WORLD_NODES_MAX; i++)
        w->node[i].asleep = false;
}

/* What happens to the store and to those that run, beside their own calls. */
static void disturb(struct world *w, struct node *n)
{
    switch (rng_below(&w->rng, 5)) {
    case 0:
        effect_deliver(w);
        break;
    case 1:
        journal_crash(w);
        break;
    case 2:
        journal_sync(w); /* it is written some time, whether anybody waits or not */
        break;
    case 3:
        if (n)
            n->asleep = true;
        break;
    case 4:
        w->node[rng_below(&w->rng, WORLD_NODES_MAX)].asleep = false;
        break;
    }
}

static void storm(struct run *r)
{
    struct world *w = &r->world;
    unsigned turns = 200 + rng_below(&w->rng, 700);
    for (unsigned i = 0; i < turns && !w->broken[0]; i++) {
        uint32_t x = rng_below(&w->rng, 1000);
        struct node *n = some_node(w);
        if (rng_below(&w->rng, 2))
            insertions_go_on(w);
        if (x < 150 && r->made < 60)
            produce(r);
        else if (x < 160)
            r->moved = true;
        else if (x < 175)
            rebalance(w);
        else if (x < 190 && n)
            crash(n);
        else if (x < 200 && n && n->generation != w->generation)
            n->tell_lost = true;
        else if (x < 210)
            w->now_ms += rng_below(&w->rng, 40000);
        else if (x < 215 && n && n->buffered)
            map_each(n->buffered, write_through, n);
        else if (x < 217 && r->replaced)
            replace_store(w);
        else if (x < 245)
            disturb(w, n);
        else if (n)
            step_node(n);
    }
}

static bool caught_up(const struct world *w)
{
    for (int p = 0; p < WORLD_PARTITIONS; p++)
        if (w->committed[p] != w->log_end[p])
            return false;
    return true;
}

/* Long enough for every window to become final; a search for those left open comes each minute. */
static bool grow_old(struct world *w, struct node *owner)
{
    for (int64_t until_ms = w->now_ms + 10 * 60000; w->now_ms < until_ms; w->now_ms += 500)
        step_node(owner);
    return true;
}

/* Longer than any pause before something is tried again. */
enum { REST_MS = 120000 };

/* No more faults; one new owner of everything, and the zombies still twitching for a while. */
static bool settle(struct run *r)
{
    struct world *w = &r->world;
    w->calm = true;
    journal_crash(w);
    if (w->replace_store) {
        node_kill_others(w, NULL);
        world_new_store(w);
    }
    struct log_entry last = {.timestamp_ms = w->now_ms};
    for (int32_t p = 0; p < WORLD_PARTITIONS; p++) {
        write_reading(r, &last, (unsigned)p);
        r->made++;
        world_append(w, p, &last);
    }
    int64_t calm_ms = w->now_ms;
    w->generation++;
    struct node *owner = free_slot(w);
    start_node(w, owner);
    owner->generation = w->generation;
    memset(owner->assigned, true, sizeof owner->assigned);
    owner->tell_assigned = true;
    for (int i = 0; i < 5000 && !w->broken[0]; i++) {
        step_node(owner);
        struct node *other = some_node(w);
        if (i == 200)
            wake_all(w);
        effect_deliver(w);
        if (i < 400)
            step_node(other);
        else if (caught_up(w))
            return w->now_ms - calm_ms < REST_MS && grow_old(w, owner);
    }
    return false;
}

static const char *outcome(struct run *r)
{
    static char wrong[sizeof r->world.broken];
    storm(r);
    bool rests = !r->world.broken[0] && settle(r);
    snprintf(wrong, sizeof wrong, "%s", r->world.broken);
    if (wrong[0])
        return wrong;
    return rests ? world_check(&r->world) : "did not come to rest";
}

static const char *run_seed(uint64_t seed, enum sabotage sabotage, struct reality reality,
                            struct mishaps *mishaps)
{
    static struct run r;
    memset(&r, 0, sizeof r);
    world_init(&r.world, seed, sabotage, reality);
    r.world.mishaps = mishaps;
    r.replaced = rng_below(&r.world.rng, 4) == 0;
    rebalance(&r.world);
    const char *wrong = outcome(&r);
    for (int i = 0; i < WORLD_NODES_MAX; i++)
        if (r.world.node[i].pipeline)
            node_kill(&r.world.node[i]);
    world_deinit(&r.world);
    return wrong;
}

static int run_seeds(uint64_t first, uint64_t seeds, enum sabotage sabotage)
{
    const struct reality reality = reality_read();
    struct mishaps m = {0};
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        const char *wrong = run_seed(seed, sabotage, reality, &m);
        if (wrong) {
            printf("aggregator %s: seed %" PRIu64 ": %s\n", sabotage_name(sabotage), seed, wrong);
            sim_print_replay("aggregator", sabotage_name(sabotage), seed);
            return sabotage == SABOTAGE_NONE ? 1 : 0;
        }
    }
    printf("aggregator %s: %" PRIu64 " seeds hold: %" PRIu64 " crashes, %" PRIu64
           " rebalances, %" PRIu64 " disturbed calls, %" PRIu64 " late writes, %" PRIu64
           " deaths of the store, %" PRIu64 " writes beside an insertion\n",
           sabotage_name(sabotage), seeds, m.crashes, m.rebalances, m.failed_calls, m.late_writes,
           m.store_deaths, m.beside);
    return sabotage == SABOTAGE_NONE ? 0 : 1;
}

int sim_aggregator(int argc, char **argv)
{
    int64_t seeds = 500, first = 0;
    if (argc > 1 && !num_parse_i64(span_str(argv[1]), 1, 100000000, &seeds))
        return fprintf(stderr, "SEEDS must be a number from 1 to 100000000\n"), 2;
    if (argc > 3 && !num_parse_i64(span_str(argv[3]), 0, INT64_MAX / 2, &first))
        return fprintf(stderr, "FIRST_SEED must be a number\n"), 2;
    for (enum sabotage s = SABOTAGE_NONE; s < SABOTAGE_COUNT; s++)
        if (strcmp(argc > 2 ? argv[2] : "none", sabotage_name(s)) == 0)
            return run_seeds((uint64_t)first, (uint64_t)seeds, s);
    fprintf(stderr, "SABOTAGE is one of:");
    for (enum sabotage s = SABOTAGE_NONE; s < SABOTAGE_COUNT; s++)
        fprintf(stderr, " %s", sabotage_name(s));
    fprintf(stderr, "\n");
    return 2;
}
