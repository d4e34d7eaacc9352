/* The aggregator's commit protocol as a step machine: every step has at most one effect on the
 * world, through a port, so it runs the same in the daemon and in the deterministic simulator.
 *
 *   poll -> decode -> insert raw -> read origins -> load -> fold -> dead letters -.
 *    ^        ^_______________________next slice______________|            |
 *    |                                                                     v
 *    '-- commit <- ledger <- write last states <- write windows <-- flush due
 *
 * A batch is cut into slices, of which one is being inserted while the one before it is folded and
 * flushed and the one after it decoded (slices.c).
 *
 * The order is the proof: raw documents before what is counted from them, counts before the ledger,
 * the ledger before Kafka's offset. A crash anywhere repeats work and changes no result, because
 * each effect is keyed by what it is (reading id, window and share, partition) and carries the
 * offset it includes. docs/explanation/architecture.md tells the whole story. */
#ifndef WEIR_AGGREGATOR_PIPELINE_H
#define WEIR_AGGREGATOR_PIPELINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "aggregator/letters.h"
#include "aggregator/sink.h"
#include "common/base/clock.h"
#include "common/model/stream_port.h"

struct pipeline_config {
    const char *topic, *group; /* borrowed; named in dead letters */
    int64_t window_ms;         /* length of a window */
    int64_t grace_ms;          /* a window is final when the watermark is this far past its end */
    int64_t flush_ms; /* under load, windows are written at most this often, and, down to a fifth
                         of that, seldom enough to take no more than a tenth of the time */
    int64_t window_writes; /* ... and so many a second, while memory allows; 0 = no limit */
    int64_t max_future_skew_ms;
    size_t slice_records; /* records decoded, inserted and folded at a time; 1 to 1000 */
    size_t max_windows;   /* windows (and devices) kept in memory when nothing needs them */
    size_t max_unwritten; /* records folded but not yet in the ledger before a flush is forced */
    int64_t identity_ms;  /* how old a look at the store's identity may be when memory is written */
    unsigned max_retries; /* attempts for a record that the store fails on, before it is given up */
    uint64_t seed;        /* for the hash tables and the jitter of retries */
};

struct pipeline_config pipeline_config_defaults(void);

/* Counters for the metrics; written by the pipeline's thread, read by any. */
struct pipeline_stats {
    _Atomic uint64_t records, stored, replayed, duplicates, conflicts, dead;
    _Atomic uint64_t folded_temperature, folded_humidity,
        folded_other; /* samples by kind of sensor */
    _Atomic uint64_t flushed_temperature, flushed_humidity, flushed_other; /* window writes */
    _Atomic uint64_t store_errors, stream_errors, retries, lost_races;
    _Atomic uint64_t windows_in_memory, devices_in_memory, partitions;
    _Atomic uint64_t ledger_stored, ledger_duplicate, ledger_dead,
        ledger_gap;                      /* owned partitions */
    _Atomic int64_t unaccounted;         /* must be 0 */
    _Atomic int64_t blocked_since_ms;    /* monotonic; 0 = not blocked */
    _Atomic int64_t oldest_unwritten_ms; /* monotonic; 0 = all written */
};

/* Told of what deserves a line in the log or a sample; called on the pipeline's thread. Any
 * function may be NULL. */
struct pipeline_observer {
    void *self;
    /* Two readings with one id and different contents: the stored one stays. */
    void (*conflict)(void *self, const struct sink_raw *r);
    void (*dead)(void *self, const struct dead_letter *d);
    /* An effect failed and will be repeated in `retry_ms`. */
    void (*blocked)(void *self, const char *effect, const struct err *e, unsigned attempt,
                    int64_t retry_ms);
    void (*unblocked)(void *self, const char *effect, int64_t blocked_ms);
    void (*assigned)(void *self, size_t partitions);
    /* Position and ledger of every partition are read; records come next. */
    void (*adopted)(void *self, size_t partitions, int64_t duration_ms);
    /* The store is another one than before, and is not set up. It must be, before the next step.
     */
    void (*store_replaced)(void *self);
    /* The store is behind the group: emptied, or restored from an older copy. So many records are
     * read again; those before them are not in the store, and no longer in the log. */
    void (*store_behind)(void *self, size_t partitions, int64_t records, int64_t gone);
    void (*revoked)(void *self, bool lost);
    void (*stream_error)(void *self, const struct err *e);
    /* A batch from poll to fold. */
    void (*batch)(void *self, size_t records, uint64_t duration_ns);
};

struct pipeline_ports {
    struct stream_port stream;
    struct sink sink;
    struct letters letters;
    struct clock clock;
    struct pipeline_observer observer;
};

struct pipeline;

/* Copies the ports and the configuration; what they point to is borrowed. */
struct pipeline *pipeline_new(const struct pipeline_config *config,
                              const struct pipeline_ports *ports);
void pipeline_free(struct pipeline *p); /* at any moment: nothing is written, as in a crash */

/* Does the next thing. May wait in a port for up to about 100 ms when there is nothing to do. False
 * when it was asked to stop and everything is written and committed. */
bool pipeline_step(struct pipeline *p);

/* Asks it to write what it holds and stop; from any thread. */
void pipeline_stop(struct pipeline *p);

const struct pipeline_stats *pipeline_stats(const struct pipeline *p);

/* Whose trouble an effect waits for. */
enum pipeline_blocker {
    PIPELINE_NOT_BLOCKED,
    PIPELINE_BLOCKED_BY_STORE,
    PIPELINE_BLOCKED_BY_KAFKA
};

/* For readiness; `why` gets a sentence when blocked. From any thread. */
enum pipeline_blocker pipeline_blocked(struct pipeline *p, char *why, size_t why_size);

#endif
