/* Whether the store and the log are still those that the memory speaks of. A store that was
 * replaced by an empty one knows nothing of what was counted before, and offsets mean nothing in a
 * topic that was made anew: both are noticed before anything is written on top of them. */
#include <string.h>

#include "aggregator/pipeline_state.h"

enum { IDLE_MS = 10000 };

void identity_begin(struct pipeline *p, enum phase next)
{
    p->identify_next = next;
    p->phase = PHASE_IDENTIFY;
}

bool identity_due(const struct pipeline *p, uint64_t now_ms)
{
    return p->accounts && now_ms - p->identity_ms >= IDLE_MS && !accounts_behind(p);
}

/* Between a look and the writes after it the store may still change: then the compare-and-set of
 * the ledger fails, but windows are in the new store already that count, of a reading that stands
 * twice in the log, the place that the old store took it from. No order of the writes closes that,
 * nor would a token in the ledger, since a write of one document can ask nothing of another: it
 * takes a transaction, which costs a round trip to the journal for each flush, or the identity in
 * each window and last state, to be compared by whoever reads them. A second in which an operator
 * has to replace the store, and a reading that was sent twice, do not pay for either; weirctl
 * verify
 * --repair puts such a window right. */
bool identity_stale(const struct pipeline *p)
{
    uint64_t now_ms = clock_monotonic_ms(&p->ports.clock);
    return now_ms - p->identity_ms >= (uint64_t)p->config.identity_ms;
}

/* Whatever is in memory speaks of another store. It is dropped, as in a crash; the new store has no
 * accounts, so the log is read again from its start (phase_rewind). */
static void store_replaced(struct pipeline *p)
{
    if (p->ports.observer.store_replaced)
        p->ports.observer.store_replaced(p->ports.observer.self);
    group_start_over(p);
}

int phase_identify(struct pipeline *p, struct err *e)
{
    char found[SINK_IDENTITY_MAX];
    int rc = p->ports.sink.identity(p->ports.sink.self, found, e);
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    err_clear(e);
    p->identity_ms = clock_monotonic_ms(&p->ports.clock);
    if (rc == 0 && !p->identity[0])
        memcpy(p->identity, found, sizeof found);
    if (rc || strcmp(found, p->identity) != 0) {
        store_replaced(p);
        return 0;
    }
    p->identity_confirmed = true;
    p->phase = p->identify_next;
    return 0;
}

/* --- the log ---------------------------------------------------------------------------------- */

static int refuse_log(const struct pipeline *p, const struct account *a, struct err *e)
{
    return err_set(e, ERR_UNAVAILABLE,
                   "%s/%d holds another record at %lld than its ledger: was the topic made anew? "
                   "Give it another name, or the store another database",
                   p->config.topic, a->partition, (long long)a->ledger.last_offset);
}

/* The record that each ledger accounts for last must be the one that the log holds there. One that
 * is gone (retention, compaction) says nothing. */
int phase_verify_log(struct pipeline *p, struct err *e)
{
    struct stream_peek items[STREAM_PARTITIONS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < p->accounts && n < STREAM_PARTITIONS_MAX; i++) {
        const struct ledger *l = &p->account[i].ledger;
        if (p->account[i].ledger_exists && l->last_hash)
            items[n++] = (struct stream_peek){.partition = p->account[i].partition,
                                              .offset = l->last_offset};
    }
    int rc = n ? p->ports.stream.peek(p->ports.stream.self, items, n, e) : 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        const struct account *a = accounts_find(p, items[i].partition);
        if (items[i].found && items[i].hash != a->ledger.last_hash)
            rc = refuse_log(p, a, e);
    }
    if (rc == 0)
        group_verified(p);
    return rc;
}

void identity_log_went_back(struct pipeline *p, int32_t partition, int64_t offset)
{
    struct err *e = &p->poll.err;
    err_clear(e);
    err_set(e, ERR_UNAVAILABLE, "%s/%d went back to %lld: was the topic made anew?",
            p->config.topic, partition, (long long)offset);
    if (p->ports.observer.stream_error)
        p->ports.observer.stream_error(p->ports.observer.self, e);
    group_start_over(p);
}
