/* weirctl verify, in parts: accounts against the log (verify_ledger.c), one pass over readings and
 * views (verify_scan.c), a second look at what seemed to differ (verify_settle.c), and accounts
 * against the dead letters (verify_letters.c). */
#ifndef WEIR_CTL_VERIFY_H
#define WEIR_CTL_VERIFY_H

#include "common/base/clock.h"
#include "common/model/ledger.h"
#include "tools/ctl/findings.h"
#include "tools/ctl/reach.h"
#include "tools/ctl/recount.h"

#define VERIFY_GROUP "aggregator_worker" /* whose ledgers and letters are looked at */

enum { VERIFY_DIFFERS = 3, VERIFY_REPAIRED = 4 }; /* exit statuses beside the usual ones */

struct verify {
    struct ctl_settings settings;
    struct reach reach;
    struct clock clock;
    const char *device; /* borrowed; NULL = all */
    int64_t from_ms,
        to_ms; /* event time, half-open, on borders of windows; INT64_MIN, _MAX = all */
    bool repair;
    int64_t expired_ms; /* readings received before may be gone; INT64_MIN = nothing has expired */

    struct recount recount;
    struct ledger *ledger; /* owned; one for each partition of the topic, ... */
    bool *has_ledger;      /* ... if it has one */
    uint64_t unprocessed;  /* records that no ledger has yet */

    struct progress progress;
    struct findings findings;
    uint64_t readings, windows, rollups, devices, letters;
    uint64_t expired; /* views that can no longer be recomputed */
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

/* All return 0, or a negative code: it could not be checked. Differences are findings. */

/* Reads the ledgers and compares them with the log; fills recount, which the others need. */
WEIR_MUST_CHECK int verify_ledgers(struct verify *v, struct err *e);
/* Learns which readings may have expired. */
WEIR_MUST_CHECK int verify_learn_expiry(struct verify *v, struct err *e);
/* One pass over all readings, windows and last states. */
WEIR_MUST_CHECK int verify_scan(struct verify *v, struct err *e);
/* After a whole scan: as many readings as the ledgers say. */
WEIR_MUST_CHECK int verify_stored(struct verify *v, struct err *e);

/* After verify_ledgers: as many dead letters as they say. */
WEIR_MUST_CHECK int verify_letters(struct verify *v, struct err *e);

/* Looks again at the windows of a device and a start, and at the last state of a device, each read
 * before its readings; what differs then is a finding, and repaired if that was asked for. */
WEIR_MUST_CHECK int verify_settle_minute(struct verify *v, struct span device, int64_t start_ms,
                                         struct err *e);
WEIR_MUST_CHECK int verify_settle_device(struct verify *v, struct span device, struct err *e);

/* Hours against windows and days against hours; only worth while when the windows are right. */
WEIR_MUST_CHECK int verify_rollups(struct verify *v, struct err *e);

/* --- for the parts --- */

#define VERIFY_GRACE_MS INT64_C(60000) /* what is made anew is final so long after its end */

struct document_window_key {
    struct span device, sensor; /* point into the document */
    int64_t start_ms;
    bool right_id; /* _id is the one that belongs to them */
};
/* False when the document does not say whose it is. */
bool verify_window_key(const bson_t *doc, struct document_window_key *key);
/* Puts a stored window into the minute. */
void verify_take_window(struct minute *m, const bson_t *doc, const struct document_window_key *key);

/* As the store sorts strings. */
int verify_compare(struct span a, struct span b);

/* {device_id: device (if any), FIELD: {$gte: from, $lt: to}}, parts that bound nothing left out. */
bson_t *verify_filter(struct span device, const char *field, int64_t from_ms, int64_t to_ms);

#endif
