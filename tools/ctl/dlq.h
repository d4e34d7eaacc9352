/* weirctl dlq: the dead letters, as a stream that can be chosen from. */
#ifndef WEIR_CTL_DLQ_H
#define WEIR_CTL_DLQ_H

#include "common/base/map.h"
#include "common/kafka/reader.h"
#include "common/model/dead_letter_read.h"
#include "tools/ctl/reach.h"

extern const struct command command_dlq_list, command_dlq_show, command_dlq_replay;

/* Which letters are wanted. Everything is borrowed. */
struct dlq_filter {
    const char *reason, *device; /* NULL = any */
    int64_t from_ms, to_ms;      /* when it became a dead letter; half-open */
    const char *const *ids;      /* "3/17": partition and offset in the DLQ; ... */
    unsigned id_count;           /* ... 0 = any */
};

#define DLQ_FILTER_FLAGS                                                                      \
    {.name = "reason",                                                                        \
     .value = "CODE",                                                                         \
     .help = "Only letters with this code, such as type, missing, future or store_refused."}, \
        {.name = "device",                                                                    \
         .value = "ID",                                                                       \
         .help = "Only letters of this device (the key of the record)."},                     \
        {.name = "from",                                                                      \
         .value = "TIME",                                                                     \
         .help = "Only what became a dead letter at that time or later: " WHEN_HELP},         \
    {                                                                                         \
        .name = "to", .value = "TIME", .help = "Only what became one before."                 \
    }

/* From the flags of DLQ_FILTER_FLAGS and the operands. ERR_INVALID for what cannot be meant. */
WEIR_MUST_CHECK int dlq_filter_read(struct dlq_filter *f, const struct call *c, int64_t now_ms,
                                    struct err *e);

/* Whether it is PARTITION/OFFSET; ERR_INVALID when not. */
WEIR_MUST_CHECK int dlq_check_id(const char *id, struct err *e);

/* One letter; borrowed until the visitor returns. */
struct dlq_letter {
    char id[40];                              /* "3/17": where it stands in the DLQ */
    const struct kafka_reader_record *record; /* as it stands there */
    struct dead_letter_read body;
    struct span replay; /* header DLQ_REPLAY_HEADER; may be empty */
    int64_t round;      /* how often it was replayed already */
};

/* "2 telemetry.raw/3/17": how often the record was replayed, and where it stood first. The
 * aggregator hands it on unread when the record is a dead letter again. */
#define DLQ_REPLAY_HEADER "weir-replay"
enum { DLQ_REPLAY_MAX = 320 };

/* The round that a header tells; 0 when it is empty or makes no sense. */
int64_t dlq_round_of(struct span replay);
/* Where the record stood when it was not a replay yet, as "telemetry.raw/3/17". Returns its
 * length. */
size_t dlq_first_origin(const struct dlq_letter *letter, char out[DLQ_REPLAY_MAX]);
/* The header of the next round. `letter` has an origin. Returns its length. */
size_t dlq_next_round(const struct dlq_letter *letter, char out[DLQ_REPLAY_MAX]);

/* Whether the filter wants it; pure. */
bool dlq_wants(const struct dlq_filter *f, const struct dlq_letter *letter);

/* Appends text that somebody else wrote so that it cannot steer a terminal: control characters, and
 * what is no UTF-8, become '?'. */
void dlq_put_plain(struct buf *out, struct span text);

struct dlq {
    struct ctl_settings settings;
    struct kafka_config kafka;
    struct kafka_reader *reader;
    uint64_t letters;    /* that the filter wants, each origin once */
    uint64_t repeats;    /* of an origin that came before */
    uint64_t unreadable; /* records that are no letters */
};

/* CTL_OK, or a status after the error was told. Close it in either case. */
int dlq_open(struct dlq *d, const struct call *c);
void dlq_close(struct dlq *d);

/* Visits every wanted letter that is in the topic now; a letter that was written twice counts once.
 * Stops early when the visitor says false. */
WEIR_MUST_CHECK int dlq_each(struct dlq *d, const struct dlq_filter *f,
                             bool (*visit)(void *arg, const struct dlq_letter *letter), void *arg,
                             struct err *e);

#endif
