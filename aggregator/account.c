/* The account of one partition: verdicts by offset, and the ledger that follows from them. */
#include "aggregator/account.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/sabotage.h"
#include "common/base/xmalloc.h"

void account_init(struct account *a, int32_t partition, int64_t next_offset)
{
    *a = (struct account){
        .partition = partition,
        .base = next_offset,
        .position = next_offset,
        .taken = next_offset,
        .watermark_ms = INT64_MIN,
        .committed = next_offset,
    };
    a->ledger = (struct ledger){
        .partition = partition,
        .first = next_offset,
        .next_offset = next_offset,
        .watermark_ms = INT64_MIN,
    };
}

void account_deinit(struct account *a)
{
    free(a->verdict);
    a->verdict = NULL;
    a->cap = 0;
}

void account_set_ledger(struct account *a, const struct ledger *stored)
{
    a->ledger_exists = stored != NULL;
    if (!stored)
        return;
    a->ledger = *stored;
    if (stored->watermark_ms > a->watermark_ms)
        a->watermark_ms = stored->watermark_ms;
    if (stored->next_offset >= a->position)
        a->base = a->position; /* all of it is in there already */
}

bool account_take(struct account *a, int64_t offset)
{
    if (offset < a->taken)
        return false;
    a->taken = offset + 1;
    return true;
}

void account_note(struct account *a, int64_t offset, enum verdict v)
{
    size_t need = (size_t)(offset + 1 - a->base);
    if (need > a->cap) {
        size_t cap = a->cap ? a->cap : 1024;
        while (cap < need)
            cap *= 2;
        a->verdict = xrealloc(a->verdict, cap);
        a->cap = cap;
    }
    memset(a->verdict + (a->position - a->base), VERDICT_GAP, (size_t)(offset - a->position));
    a->verdict[offset - a->base] = (uint8_t)v;
    a->position = offset + 1;
    if (a->taken < a->position)
        a->taken = a->position;
}

void account_mark(struct account *a, int64_t offset, uint64_t hash)
{
    a->last_offset = offset;
    a->last_hash = hash;
}

void account_see_time(struct account *a, int64_t ts_ms, int64_t now_ms)
{
    int64_t t = ts_ms < now_ms || SABOTAGED(BREAK_FUTURE_WATERMARK) ? ts_ms : now_ms;
    if (t > a->watermark_ms)
        a->watermark_ms = t;
}

static void count_verdict(struct ledger *l, enum verdict v)
{
    switch (v) {
    case VERDICT_GAP:
        l->gap++;
        break;
    case VERDICT_STORED:
        l->stored++;
        break;
    case VERDICT_DUPLICATE:
        l->duplicate++;
        break;
    case VERDICT_DEAD:
        l->dead++;
        break;
    }
}

bool account_next_ledger(const struct account *a, struct ledger *next)
{
    *next = a->ledger;
    if (a->ledger_exists && a->ledger.next_offset >= a->position)
        return false;
    if (!a->ledger_exists && a->position == a->base)
        return false;
    /* A stored ledger behind our base: what lies between is no longer in the log. */
    if (next->next_offset < a->base)
        next->gap += (uint64_t)(a->base - next->next_offset);
    int64_t from = next->next_offset > a->base ? next->next_offset : a->base;
    for (int64_t o = from; o < a->position; o++)
        count_verdict(next, (enum verdict)a->verdict[o - a->base]);
    next->next_offset = a->position;
    next->watermark_ms = a->watermark_ms;
    if (a->last_hash) {
        next->last_offset = a->last_offset;
        next->last_hash = a->last_hash;
    }
    return true;
}

void account_written(struct account *a, const struct ledger *written)
{
    a->ledger = *written;
    a->ledger_exists = true;
    a->base = a->position;
}

size_t account_unwritten(const struct account *a)
{
    return (size_t)(a->position - a->base);
}
