/* The store as rollups use it: what changed, what is stored, what it is folded from. A port, so
 * that they run against a real store as well as interleaved, step by step, in a test. */
#ifndef WEIR_AGGREGATOR_ROLLUP_STORE_H
#define WEIR_AGGREGATOR_ROLLUP_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/model/reading.h"
#include "common/model/rollup.h"

enum rollup_kind { ROLLUP_HOURS, ROLLUP_DAYS, ROLLUP_KINDS };

struct rollup_name {
    char device_id[READING_DEVICE_ID_MAX + 1];
    char sensor[READING_SENSOR_NAME_MAX + 1];
};

/* A stored document that rollups have to look at. */
struct rollup_change {
    struct rollup_name name;
    int64_t start_ms, rev;
    int64_t updated_ms; /* its last_updated */
};

/* One rollup on its way. */
struct rollup_item {
    struct rollup_name name;
    struct rollup stored; /* rev 0: there is none */
    struct rollup fresh;
    uint64_t changed; /* places (rollup_place) of the sources that have changed */
    bool whole;       /* all sources are to be folded anew, whatever is settled */
    uint64_t places;  /* of the sources to be folded into `fresh` */
    unsigned sources; /* how many of those there were */
    bool unreadable;  /* what is stored for it, or for one of its sources, is not ours to read */
    bool lost;        /* the store holds something newer than `stored` */
};

/* How far a kind has come. */
struct rollup_state {
    int64_t through_ms; /* every change up to then is folded in; 0 = nothing yet */
    int64_t closed_ms;  /* rollups that start before were looked at after their end */
};

/* Each returns 0 or ERR_UNAVAILABLE; times are those of the store's clock. Streams: one at a time,
 * opened by one of the two, read by next_changes until it gives 0, and closed in any case. */
struct rollup_store {
    void *self;
    int (*now)(void *self, int64_t *now_ms, struct err *e);
    /* Takes or renews the lease of `holder`, unless somebody else has one that is not over. */
    int (*lease)(void *self, const char *holder, int64_t now_ms, int64_t until_ms, bool *held,
                 struct err *e);
    int (*read_state)(void *self, enum rollup_kind kind, struct rollup_state *out, struct err *e);
    int (*write_state)(void *self, enum rollup_kind kind, const struct rollup_state *state,
                       struct err *e);
    /* Sources written at or after from_ms, in the order of their writing. */
    int (*open_changes)(void *self, enum rollup_kind kind, int64_t from_ms, struct err *e);
    /* Stored rollups that start in [from_ms, to_ms) and are not final. */
    int (*open_unclosed)(void *self, enum rollup_kind kind, int64_t from_ms, int64_t to_ms,
                         struct err *e);
    int (*next_changes)(void *self, struct rollup_change *out, size_t max, size_t *count,
                        struct err *e);
    void (*close)(void *self);
    /* Fills `stored` and `unreadable`; `stored` comes initialised and empty. */
    int (*read_rollups)(void *self, enum rollup_kind kind, struct rollup_item *items, size_t count,
                        struct err *e);
    /* Folds the sources at `places` into `fresh`, as far as they are there, and fills `unreadable`
     * and `sources`, which come as false and 0. */
    int (*read_sources)(void *self, enum rollup_kind kind, struct rollup_item *items, size_t count,
                        struct err *e);
    /* Replaces `stored` by `fresh` where the revision is still that of `stored`. Fills `lost`. */
    int (*write_rollups)(void *self, enum rollup_kind kind, struct rollup_item *items, size_t count,
                         int64_t now_ms, struct err *e);
};

#endif
