/* What weirctl verify is asked, and what it has found so far. */
#ifndef WEIR_CTL_VERIFY_STATE_H
#define WEIR_CTL_VERIFY_STATE_H

#include "common/base/clock.h"
#include "common/model/ledger.h"
#include "tools/ctl/findings.h"
#include "tools/ctl/progress.h"
#include "tools/ctl/reach.h"
#include "tools/ctl/recount.h"
#include "tools/ctl/settings.h"

#define VERIFY_GROUP    "aggregator_worker" /* whose ledgers and letters are looked at */
#define VERIFY_GRACE_MS INT64_C(60000)      /* what is made anew is final so long after its end */

struct verify {
    struct ctl_settings settings;
    struct reach reach;
    struct clock clock;
    const char *device; /* borrowed; NULL = all */
    /* Event time, half-open, on borders of windows; INT64_MIN, INT64_MAX = all. */
    int64_t from_ms, to_ms;
    bool repair;
    int64_t expired_ms; /* readings received before may be gone; INT64_MIN = nothing has expired */

    struct recount recount;
    struct ledger *ledger; /* owned; one for each partition of the topic, ... */
    bool *has_ledger;      /* ... if it has one */
    uint64_t unprocessed;  /* records that no ledger has yet */

    struct progress progress;
    struct findings findings;
    uint64_t readings, windows, rollups, devices, letters;
    uint64_t expired;      /* views that can no longer be recomputed */
    uint64_t second_looks; /* at a view alone, each with queries of its own */
};

/* Readings of every device and time are looked at. */
static inline bool verify_is_whole(const struct verify *v)
{
    return !v->device && v->from_ms == INT64_MIN && v->to_ms == INT64_MAX;
}
/* Readings of every time are: last states can be recomputed. */
static inline bool verify_has_all_times(const struct verify *v)
{
    return v->from_ms == INT64_MIN && v->to_ms == INT64_MAX;
}

#endif
