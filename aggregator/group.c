/* Partitions coming and going. Assignment is eager: all of them go and come together, so whatever
 * is in memory belongs to the partitions owned now, and one drop forgets it all. */
#include <stdlib.h>

#include "aggregator/pipeline_state.h"
#include "common/base/sabotage.h"
#include "common/base/xmalloc.h"

void group_assigned(struct pipeline *p, const struct stream_poll *event)
{
    for (size_t i = 0; i < event->count; i++) {
        if (accounts_find(p, event->partitions[i]))
            continue;
        if (p->accounts == p->accounts_cap) {
            p->accounts_cap = p->accounts_cap ? p->accounts_cap * 2 : 16;
            p->account = xreallocarray(p->account, p->accounts_cap, sizeof *p->account);
        }
        account_init(&p->account[p->accounts++], event->partitions[i], 0);
    }
    if (p->adopted == 0)
        p->identity[0] = '\0';
    p->assigned_ms = clock_monotonic_ms(&p->ports.clock);
    if (p->ports.observer.assigned)
        p->ports.observer.assigned(p->ports.observer.self, p->accounts);
    atomic_store_explicit(&p->stats.partitions, p->accounts, memory_order_relaxed);
}

int phase_adopt_position(struct pipeline *p, struct err *e)
{
    struct account *a = &p->account[p->adopted];
    int64_t next, start, end;
    int rc = p->ports.stream.position(p->ports.stream.self, a->partition, &next, &start, &end, e);
    if (rc)
        return rc;
    int32_t partition = a->partition;
    account_deinit(a);
    account_init(a, partition, next);
    a->last_record_ms = clock_monotonic_ms(&p->ports.clock);
    a->log_start = start;
    a->log_end = end;
    p->phase = PHASE_ADOPT_LEDGER;
    return 0;
}

/* A log that ends before what its ledger accounts for is another log: the topic was made anew, or
 * it lost its end. What comes now would be taken for a replay; better to stand still and say so. */
static int refuse_foreign_log(struct pipeline *p, const struct account *a, struct err *e)
{
    p->phase = PHASE_ADOPT_POSITION; /* where it ends may have been an old answer */
    return err_set(
        e, ERR_UNAVAILABLE,
        "%s/%d ends at %lld, but its ledger is at %lld: was the topic made anew? Give it "
        "another name, or the store another database",
        p->config.topic, a->partition, (long long)a->log_end, (long long)a->ledger.next_offset);
}

int phase_adopt_ledger(struct pipeline *p, struct err *e)
{
    struct account *a = &p->account[p->adopted];
    struct ledger stored;
    int rc = p->ports.sink.read_ledger(p->ports.sink.self, a->partition, &stored, e);
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    account_set_ledger(a, rc ? NULL : &stored);
    err_clear(e);
    if (a->ledger_exists && a->ledger.next_offset > a->log_end)
        return refuse_foreign_log(p, a, e);
    p->adopted++;
    p->phase = p->adopted == p->accounts ? PHASE_VERIFY_LOG : PHASE_ADOPT_POSITION;
    return 0;
}

static void adopted(struct pipeline *p)
{
    p->phase = PHASE_POLL;
    accounts_publish(p);
    if (p->ports.observer.adopted)
        p->ports.observer.adopted(p->ports.observer.self, p->accounts,
                                  (int64_t)(clock_monotonic_ms(&p->ports.clock) - p->assigned_ms));
}

/* Where the partition is to be read from: what the store accounts for decides. Kafka's offset of
 * the group only follows the ledger; it is ahead when the store was emptied or is an older copy. */
static int64_t reading_start(const struct account *a)
{
    if (SABOTAGED(BREAK_RESET_TO_LATEST))
        return a->position;
    int64_t next = a->ledger_exists ? a->ledger.next_offset : a->log_start;
    if (next < a->log_start)
        next = a->log_start; /* the rest is gone: a gap */
    return next < a->position ? next : a->position;
}

/* What is read again is no harm: it is taken as a replay. */
int phase_rewind(struct pipeline *p, struct err *e)
{
    struct stream_place places[STREAM_PARTITIONS_MAX];
    size_t n = 0;
    int64_t records = 0, gone = 0;
    for (size_t i = 0; i < p->accounts && n < STREAM_PARTITIONS_MAX; i++) {
        const struct account *a = &p->account[i];
        int64_t start = reading_start(a);
        if (start >= a->position)
            continue;
        places[n++] = (struct stream_place){.partition = a->partition, .next_offset = start};
        records += a->position - start;
        gone += a->ledger_exists ? start - a->ledger.next_offset : start;
    }
    int rc = p->ports.stream.rewind(p->ports.stream.self, places, n, e);
    if (rc)
        return rc;
    if (p->ports.observer.store_behind)
        p->ports.observer.store_behind(p->ports.observer.self, n, records, gone);
    group_start_over(p);
    return 0;
}

void group_verified(struct pipeline *p)
{
    for (size_t i = 0; i < p->accounts; i++) {
        if (reading_start(&p->account[i]) < p->account[i].position) {
            p->phase = PHASE_REWIND;
            return;
        }
    }
    adopted(p);
}

static void drop_accounts(struct pipeline *p)
{
    for (size_t i = 0; i < p->accounts; i++)
        account_deinit(&p->account[i]);
    p->accounts = p->adopted = 0;
}

void group_drop(struct pipeline *p)
{
    blocked_clear(p);
    slices_release(p);
    if (!SABOTAGED(BREAK_STATE_KEPT_AFTER_REVOKE))
        drop_accounts(p);
    window_cache_deinit(&p->cache);
    window_cache_init(&p->cache, p->config.seed);
    p->lost_windows.count = p->lost_devices.count = 0;
    p->flush_at = 0;
    p->first_unwritten_ms = 0;
    p->open_at = 0; /* whoever owned the next partitions may have left windows open */
    p->open_search_ms = 0;
    p->revoking = false;
    p->phase = PHASE_POLL;
    accounts_publish(p);
}

void group_start_over(struct pipeline *p)
{
    group_drop(p);
    p->ports.stream.rejoin(p->ports.stream.self);
}
