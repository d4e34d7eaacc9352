/* The sink port: what the aggregator needs of the store. Every call may be repeated: each effect
 * has a deterministic key, and a call whose outcome is unknown is simply made again. */
#ifndef WEIR_AGGREGATOR_SINK_H
#define WEIR_AGGREGATOR_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/model/device_state.h"
#include "common/model/ledger.h"
#include "common/model/reading.h"
#include "common/model/window.h"

enum raw_outcome {
    RAW_UNKNOWN, /* not tried yet */
    RAW_STORED,  /* the document is there, inserted by this call */
    RAW_EXISTS,  /* E11000: a document with this id was there; read_origins tells whose */
    RAW_REFUSED, /* the store refuses this document for ever (too large, ...) */
    RAW_FAILED,  /* the store failed on this document for a reason that may pass, or may not */
};

struct sink_raw {
    const struct reading *reading; /* borrowed */
    struct reading_id id;
    int32_t partition; /* origin: where in the log the reading stands */
    int64_t offset;
    /* filled by insert_finish */
    enum raw_outcome outcome;
    bool too_large;          /* with RAW_REFUSED: that is why */
    int store_code;          /* with RAW_REFUSED and RAW_FAILED; 0 = the driver refused it */
    const char *store_error; /* its name; constant */
    /* kept by the pipeline */
    unsigned attempts; /* calls in which the store took or refused this document itself */
    bool exhausted;    /* with RAW_REFUSED: given up after so many */
    /* filled by read_origins */
    int32_t found_partition;
    int64_t found_offset;
    bool same_contents; /* the stored reading equals this one (reading_same_contents) */
};

struct sink_window {
    struct span device_id, sensor; /* borrowed */
    struct window *window;         /* read: filled; write: what to store. start_ms is the key too */
    bool found;                    /* read: the document exists */
    bool lost;                     /* write: somebody else wrote first */
};

/* A stored window by its key. */
struct sink_key {
    char device_id[READING_DEVICE_ID_MAX + 1];
    char sensor[READING_SENSOR_NAME_MAX + 1];
    int64_t start_ms;
};

enum { SINK_IDENTITY_MAX = 32 };

struct sink_device {
    struct device_state *state;
    bool found; /* read */
    bool lost;  /* write */
};

struct sink_ledger {
    struct ledger ledger;
    int64_t expected_next; /* next_offset of the stored one; -1 = there is none */
    bool lost;             /* filled: somebody else moved it, or it is not there */
};

/* All functions return 0, or ERR_UNAVAILABLE with *e when the outcome is unknown or the store is
 * away (call again later; partial effects are fine); other codes where they are named. They block
 * for a bounded time. */
struct sink {
    void *self; /* borrowed */

    /* Begins an unordered bulk insertion, one at a time, and does not wait for it. Takes what it
     * needs before it returns: the items may change or go, and the insertion touches none of them.
     */
    void (*insert_begin)(void *self, const struct sink_raw *items, size_t count);

    /* Waits up to wait_ms for the end of what was begun, with the same items: fills every outcome.
     * ERR_TIMEOUT, without *e: it goes on, ask again. After any other answer it is over.
     * received_at 0 in the reading is stored as the time the record came into Kafka, which the
     * caller has put there. ERR_FAILED with *e when the store refused the whole call for something
     * it holds and does not say what: ask again with fewer; some may be stored. A call with one
     * item only says so when it may be the call. */
    int (*insert_finish)(void *self, struct sink_raw *items, size_t count, int wait_ms,
                         struct err *e);

    /* Nobody wants to know any more what becomes of it; another may be begun. It may still happen,
     * now or much later, as a whole or in part: a call whose answer is lost. Nothing may be begun.
     */
    void (*insert_abandon)(void *self);

    /* For items with RAW_EXISTS: fills found_* and same_contents. A document that is gone meanwhile
     * (expired) gives RAW_UNKNOWN: insert it again. */
    int (*read_origins)(void *self, struct sink_raw *const *items, size_t count, struct err *e);

    /* Fills windows (initialised, with start_ms) of those that exist. */
    int (*read_windows)(void *self, struct sink_window *items, size_t count, struct err *e);

    /* Windows that are not final, hold a share of the partition and start at or before `until_ms`:
     * *count of them, at most `max`, in any order. */
    int (*find_open)(void *self, int32_t partition, int64_t until_ms, struct sink_key *out,
                     size_t max, size_t *count, struct err *e);

    /* Compare-and-set on rev: rev 0 inserts, else replaces the document whose rev is window->rev;
     * the stored document gets rev + 1. On success window->rev is raised; else `lost` is set. */
    int (*write_windows)(void *self, struct sink_window *items, size_t count, int64_t now_ms,
                         struct err *e);

    /* The same for `devices`. */
    int (*read_devices)(void *self, struct sink_device *items, size_t count, struct err *e);
    int (*write_devices)(void *self, struct sink_device *items, size_t count, struct err *e);

    /* What the store is known by, the same from one call to the next unless it was replaced by
     * another one. ERR_NOT_FOUND when it has no identity: nobody has set it up. */
    int (*identity)(void *self, char out[SINK_IDENTITY_MAX], struct err *e);

    /* ERR_NOT_FOUND when the partition has no account yet. */
    int (*read_ledger)(void *self, int32_t partition, struct ledger *out, struct err *e);
    /* Compare-and-set on next_offset, all partitions in one call. */
    int (*write_ledgers)(void *self, struct sink_ledger *items, size_t count, int64_t now_ms,
                         struct err *e);
};

#endif
