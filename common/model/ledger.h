/* The account of one partition of the log: what became of every offset. Pure values. */
#ifndef WEIR_MODEL_LEDGER_H
#define WEIR_MODEL_LEDGER_H

#include <stdint.h>

/* One partition's account: next_offset - first = stored + duplicate + dead + gap. */
struct ledger {
    int32_t partition;
    int64_t first, next_offset;
    uint64_t stored, duplicate, dead, gap;
    int64_t watermark_ms; /* event time; INT64_MIN = none yet */
    /* The record accounted for last, by which its log is known again; hash 0 = none. */
    int64_t last_offset;
    uint64_t last_hash; /* stream_record_hash */
};

/* next_offset - first - (stored + duplicate + dead + gap): 0, or something is wrong. */
int64_t ledger_unaccounted(const struct ledger *l);

#endif
