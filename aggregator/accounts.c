/* The accounts of the partitions that are ours, all of them together. */
#include "aggregator/pipeline_state.h"

struct account *accounts_find(struct pipeline *p, int32_t partition)
{
    for (size_t i = 0; i < p->accounts; i++)
        if (p->account[i].partition == partition)
            return &p->account[i];
    return NULL;
}

bool accounts_behind(const struct pipeline *p)
{
    return p->first_unwritten_ms != 0;
}

void accounts_note_behind(struct pipeline *p)
{
    if (!p->first_unwritten_ms) {
        p->first_unwritten_ms = clock_monotonic_ms(&p->ports.clock);
        atomic_store_explicit(&p->stats.oldest_unwritten_ms, (int64_t)p->first_unwritten_ms,
                              memory_order_relaxed);
    }
}

size_t accounts_unwritten(const struct pipeline *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->accounts; i++)
        n += account_unwritten(&p->account[i]);
    return n;
}

void accounts_publish(struct pipeline *p)
{
    struct ledger sum = {0};
    int64_t unaccounted = 0;
    for (size_t i = 0; i < p->accounts; i++) {
        const struct ledger *l = &p->account[i].ledger;
        sum.stored += l->stored;
        sum.duplicate += l->duplicate;
        sum.dead += l->dead;
        sum.gap += l->gap;
        unaccounted += ledger_unaccounted(l);
    }
    struct pipeline_stats *s = &p->stats;
    atomic_store_explicit(&s->ledger_stored, sum.stored, memory_order_relaxed);
    atomic_store_explicit(&s->ledger_duplicate, sum.duplicate, memory_order_relaxed);
    atomic_store_explicit(&s->ledger_dead, sum.dead, memory_order_relaxed);
    atomic_store_explicit(&s->ledger_gap, sum.gap, memory_order_relaxed);
    atomic_store_explicit(&s->unaccounted, unaccounted, memory_order_relaxed);
    atomic_store_explicit(&s->partitions, p->accounts, memory_order_relaxed);
    atomic_store_explicit(&s->windows_in_memory, p->cache.windows.table.count,
                          memory_order_relaxed);
    atomic_store_explicit(&s->devices_in_memory, p->cache.devices.table.count,
                          memory_order_relaxed);
    atomic_store_explicit(&s->oldest_unwritten_ms, (int64_t)p->first_unwritten_ms,
                          memory_order_relaxed);
}
