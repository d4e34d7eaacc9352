/* The account of one partition: what became of each offset since the ledger was last written. Pure.
 */
#ifndef WEIR_AGGREGATOR_ACCOUNT_H
#define WEIR_AGGREGATOR_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/model/ledger.h"

enum verdict {
    VERDICT_GAP, /* the log holds no record there: transaction markers, compaction, retention */
    VERDICT_STORED,
    VERDICT_DUPLICATE,
    VERDICT_DEAD,
};

struct account {
    int32_t partition;
    int64_t base;     /* verdicts are known from here ... */
    int64_t position; /* ... up to here: the next offset to be noted */
    int64_t taken;    /* >= position: the next offset to come; those between are in hand */
    uint8_t *verdict; /* owned; position - base entries */
    size_t cap;
    int64_t watermark_ms; /* highest event time seen, capped by the clock; INT64_MIN = none */
    struct ledger ledger; /* as last read or written */
    bool ledger_exists;
    bool ledger_lost;           /* somebody else moved the stored one: to be read again */
    uint64_t last_record_ms;    /* monotonic; when the partition last brought something */
    int64_t log_start, log_end; /* the borders of the log when the partition was adopted */
    int64_t last_offset;        /* of the record noted last ... */
    uint64_t last_hash;         /* ... and what it is known by; 0 = none yet */
    int64_t committed;          /* handed to the log as committed */
};

/* A partition that was just assigned: `next_offset` is where the log goes on. */
void account_init(struct account *a, int32_t partition, int64_t next_offset);
void account_deinit(struct account *a);

/* The stored ledger was read; NULL when there is none yet: it then begins at the base. */
void account_set_ledger(struct account *a, const struct ledger *stored);

/* Takes a record in hand, to be noted later, in the order of offsets. False when it was taken
 * before, in this assignment. */
bool account_take(struct account *a, int64_t offset);

/* Notes what became of the offset (>= position); offsets skipped before it are gaps. */
void account_note(struct account *a, int64_t offset, enum verdict v);

/* The record that was noted last is known again by this. */
void account_mark(struct account *a, int64_t offset, uint64_t hash);

/* Raises the watermark; event times ahead of the clock count as the clock. */
void account_see_time(struct account *a, int64_t ts_ms, int64_t now_ms);

/* The ledger as it has to be written next. False when the stored one is at or past the position
 * already (another owner wrote it, or there is nothing new). */
bool account_next_ledger(const struct account *a, struct ledger *next);

/* The ledger was written: the verdicts are no longer needed. */
void account_written(struct account *a, const struct ledger *written);

size_t account_unwritten(const struct account *a); /* offsets not yet in the ledger */

#endif
