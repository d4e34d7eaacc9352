/* The inside of the pipeline, shared by its parts, from the ground up: accounts.c (of the
 * partitions), blocked.c (what has failed and is repeated), slices.c and insertion.c (which records
 * when, and how they get into the store), group.c (partitions coming and going), identity.c (is it
 * still that store?), flush.c (windows to offsets), folding.c (readings into windows), intake.c
 * (records to verdicts), reopen.c (windows that nobody knows of) and pipeline.c (the machine). */
#ifndef WEIR_AGGREGATOR_PIPELINE_STATE_H
#define WEIR_AGGREGATOR_PIPELINE_STATE_H

#include <pthread.h>

#include "aggregator/account.h"
#include "aggregator/pipeline.h"
#include "aggregator/window_cache.h"
#include "common/base/random.h"

enum {
    SLICE_MAX = 1000,   /* records decoded, inserted and folded at a time */
    SLICES = 2,         /* one is inserted while another is decoded or folded */
    CHUNK_MAX = 1000,   /* documents in one read or write */
    POLL_IDLE_MS = 100, /* longest wait for a record when everything is written */
};

enum phase {
    PHASE_POLL,
    PHASE_ADOPT_POSITION,
    PHASE_ADOPT_LEDGER,
    PHASE_VERIFY_LOG,
    PHASE_REWIND,
    PHASE_IDENTIFY,
    PHASE_FIND_OPEN,
    PHASE_LOAD_OPEN,
    PHASE_DECODE,
    PHASE_BEGIN_INSERT,
    PHASE_INSERT_RAW,
    PHASE_READ_ORIGINS,
    PHASE_LOAD_WINDOWS,
    PHASE_LOAD_DEVICES,
    PHASE_FOLD,
    PHASE_LETTERS,
    PHASE_WRITE_WINDOWS,
    PHASE_REREAD_WINDOWS,
    PHASE_WRITE_DEVICES,
    PHASE_REREAD_DEVICES,
    PHASE_LEDGER,
    PHASE_REREAD_LEDGER,
    PHASE_COMMIT,
    PHASE_STOPPED,
    PHASE_COUNT,
};

/* What became of one record of the slice. */
struct slice_record {
    size_t account; /* index into account[] */
    int64_t offset;
    size_t record; /* index into poll.records[] */
    int raw;       /* index into raw[] and reading[]; -1 = poison */
    enum verdict verdict;
};

/* One sample on its way into a window. */
struct fold_target {
    struct window_key key;
    struct window_entry *entry; /* borrowed; NULL = it is folded in already */
};

/* Where a reading of the slice goes. */
struct fold_plan {
    bool counted;                /* it is ours; else nothing below is filled */
    uint64_t hash;               /* of its device */
    struct device_entry *device; /* borrowed; NULL = it is folded in already */
    size_t target;               /* its first one; there are as many as sensors */
};

/* Samples or windows by their sensor: counted apart, and published once a slice or a write. */
struct samples {
    uint64_t temperature, humidity, other;
};

struct insert_range {
    unsigned from, to; /* of raw[] */
};

/* What is left to insert of a slice, the top first. */
struct insertion {
    struct insert_range todo[SLICE_MAX + 16]; /* halves of halves, or single records */
    unsigned todos;
    unsigned round;    /* pauses taken for records that failed */
    unsigned deferred; /* records in a row that waited for a witness */
    bool witnessed;    /* the store took a record of this slice */
};

struct slice {
    bool in_use; /* holds records, and is not folded yet */
    struct slice_record record[SLICE_MAX];
    size_t records;
    struct reading *reading; /* owned array of slice_records */
    struct sink_raw raw[SLICE_MAX];
    size_t raws;
    struct fold_target *target; /* owned */
    size_t targets, targets_cap;
    struct fold_plan plan[SLICE_MAX]; /* of raw[i] */
    struct entry_list load_windows, load_devices;
    size_t load_at;
    struct insertion insertion;
};

struct pipeline {
    struct pipeline_config config;
    struct pipeline_ports ports;
    struct pipeline_stats stats;
    struct rng rng;
    enum phase phase;

    /* partitions */
    struct account *account; /* owned */
    size_t accounts, accounts_cap, adopted;
    char identity[SINK_IDENTITY_MAX]; /* of the store that the accounts are in; "" = not asked */
    uint64_t identity_ms;             /* monotonic; when it was asked last */
    bool identity_confirmed;          /* since the flush began */
    enum phase identify_next;
    uint64_t assigned_ms; /* monotonic */
    bool revoking;
    uint64_t revoking_ms; /* monotonic; since when */

    /* the batch in hand */
    struct stream_poll poll;
    bool holding; /* records are owed back to the stream */
    size_t next_record;
    uint64_t batch_started_ns;
    struct slice slices[SLICES];
    struct slice *slice;        /* the older of those in use: the next to be folded */
    struct slice *inserting;    /* whose insertion was begun; NULL = none */
    struct dead_letter *letter; /* owned array; the bytes belong to the batch */
    size_t letters, letters_cap;

    /* what is in memory and not yet in the store */
    struct window_cache cache;
    struct window *work_window;       /* owned, CHUNK_MAX: unpacked for one call of the store */
    struct device_state *work_device; /* the same */
    struct entry_list lost_windows, lost_devices;
    size_t flush_at;
    uint64_t first_unwritten_ms; /* monotonic; 0 = nothing */
    uint64_t paid_us;            /* monotonic; until then the windows written so far suffice */
    uint64_t flush_began_ms, flush_rest_until_ms; /* monotonic; until then readings come first */
    uint64_t swept_ms;   /* monotonic; last look for windows that became final */
    uint64_t drained_ms; /* monotonic; when the stream last had nothing for us */

    /* the search for windows that nobody in memory knows to be open */
    size_t open_at;          /* index into account[]; accounts = done for now */
    uint64_t open_search_ms; /* monotonic; of the next search */
    size_t open_found;       /* in the last step */

    /* retrying */
    unsigned attempt;
    uint64_t blocked_since_ms, blocked_until_ms; /* monotonic; 0 = not blocked */
    enum phase blocked_phase;                    /* the one that has to succeed */
    uint64_t pause_until_ms; /* monotonic; before a record is tried again; 0 = go on */
    pthread_mutex_t why_lock;
    char why[ERR_MESSAGE_MAX]; /* under why_lock, as the next */
    enum pipeline_blocker blocker;

    _Atomic bool stopping;
};

/* Each does one phase: 0 and the next phase set, or a negative code: the same phase again later, or
 * PHASE_WAITS: what it waits for is under way. */
enum { PHASE_WAITS = 1 };
int phase_adopt_position(struct pipeline *p, struct err *e);
int phase_adopt_ledger(struct pipeline *p, struct err *e);
int phase_verify_log(struct pipeline *p, struct err *e);
int phase_rewind(struct pipeline *p, struct err *e);
int phase_identify(struct pipeline *p, struct err *e);
int phase_find_open(struct pipeline *p, struct err *e);
int phase_load_open(struct pipeline *p, struct err *e);
int phase_decode(struct pipeline *p, struct err *e);
int phase_begin_insert(struct pipeline *p, struct err *e);
int phase_insert_raw(struct pipeline *p, struct err *e);
int phase_read_origins(struct pipeline *p, struct err *e);
int phase_load_windows(struct pipeline *p, struct err *e);
int phase_load_devices(struct pipeline *p, struct err *e);
int phase_fold(struct pipeline *p, struct err *e);
int phase_letters(struct pipeline *p, struct err *e);
int phase_write_windows(struct pipeline *p, struct err *e);
int phase_reread_windows(struct pipeline *p, struct err *e);
int phase_write_devices(struct pipeline *p, struct err *e);
int phase_reread_devices(struct pipeline *p, struct err *e);
int phase_ledger(struct pipeline *p, struct err *e);
int phase_reread_ledger(struct pipeline *p, struct err *e);
int phase_commit(struct pipeline *p, struct err *e);

/* accounts.c */
struct account *accounts_find(struct pipeline *p, int32_t partition); /* NULL = not ours */
bool accounts_behind(const struct pipeline *p); /* something is not written yet */
void accounts_note_behind(struct pipeline *p);
size_t accounts_unwritten(const struct pipeline *p); /* records that are in no ledger yet */
void accounts_publish(struct pipeline *p);           /* into the stats */

/* blocked.c */
/* The phase has failed, and is to be repeated after a while; or it has succeeded, perhaps at last.
 */
void blocked_note(struct pipeline *p, enum phase phase, const char *name,
                  enum pipeline_blocker blocker, const struct err *e);
void blocked_over(struct pipeline *p, enum phase phase, const char *name);
void blocked_clear(struct pipeline *p);

/* identity.c */
void identity_begin(struct pipeline *p, enum phase next); /* is it the same store? then `next` */
bool identity_stale(const struct pipeline *p);            /* to be asked before memory is written */
bool identity_due(const struct pipeline *p, uint64_t now_ms);
void identity_log_went_back(struct pipeline *p, int32_t partition, int64_t offset);

/* group.c */
void group_verified(struct pipeline *p); /* after the last adoption: the log is the ledgers' */
void group_assigned(struct pipeline *p, const struct stream_poll *event);
void group_drop(struct pipeline *p);       /* forget everything that is not written */
void group_start_over(struct pipeline *p); /* and join the group anew */

/* flush.c */
void flush_begin(struct pipeline *p);
bool flush_due(const struct pipeline *p, uint64_t now_ms);
/* How long to wait for more records before what is there is written. */
int flush_wait_ms(const struct pipeline *p, uint64_t now_ms);
void flush_sweep(struct pipeline *p, uint64_t now_ms); /* windows that became final */
/* Event time of a partition, as windows become final by it; INT64_MIN = unknown, or not ours. */
int64_t flush_watermark(void *pipeline, int32_t partition);
struct window_clock flush_window_clock(struct pipeline *p);
/* What the store is asked about, or told, as the n-th of a call: it points into work_window and
 * work_device. */
struct sink_window flush_window_item(struct pipeline *p, const struct window_entry *w, size_t n);
struct sink_device flush_device_item(struct pipeline *p, const struct device_entry *d, size_t n);

/* slices.c */
struct slice *slices_empty(struct pipeline *p);      /* to decode into; NULL while all are in use */
struct slice *slices_uninserted(struct pipeline *p); /* the oldest; NULL when there is none */
void slices_settled(struct pipeline *p);             /* p->slice is folded: the next one's turn */
bool slices_over(const struct pipeline *p);          /* nothing of the batch is left to be folded */
void slices_next(struct pipeline *p);    /* chooses the phase that is next in the batch */
void slices_release(struct pipeline *p); /* gives the batch back */

/* insertion.c */
void insertion_begin(struct slice *s); /* all of the slice is to be inserted */
static inline bool insertion_done(const struct slice *s)
{
    return s->insertion.todos == 0;
}
/* Whether the document in the store is of this record, so that it counts. */
bool insertion_is_ours(const struct sink_raw *r);
void insertion_again(struct slice *s, size_t raw); /* this one is to be inserted once more */

/* folding.c */
/* Finds where the slice goes, puts it there as far as that is loaded, and lists what is to be. */
void folding_plan(struct pipeline *p);
void samples_count(struct samples *n, struct span sensor);
void folding_fold(struct pipeline *p); /* the rest, once all is loaded */

/* reopen.c */
bool reopen_due(struct pipeline *p, uint64_t now_ms);

/* intake.c */
/* Reads the windows of the list that are not loaded, a chunk a call; *at goes on to list->count. */
int intake_load_windows(struct pipeline *p, const struct entry_list *list, size_t *at,
                        struct err *e);
void intake_deinit(struct pipeline *p);

#endif
