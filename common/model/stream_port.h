/* The stream port: what a consumer needs of Kafka's log, as a struct of functions. Kafka implements
 * it (common/kafka/consumer.h), and so does the simulator. */
#ifndef WEIR_MODEL_STREAM_PORT_H
#define WEIR_MODEL_STREAM_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

/* One record of the topic; everything borrowed from the port until release. */
struct stream_record {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* of the record in Kafka; -1 = none */
    struct span key, value;
    void *handle; /* of the implementation */
};

/* What a record says beside key and value; borrowed as the record is. */
struct stream_headers {
    struct span traceparent; /* W3C Trace Context; may be empty */
    struct span replay;      /* weir-replay of a dead letter sent again; may be empty */
};

enum stream_event {
    STREAM_NOTHING,  /* nothing within the time given */
    STREAM_RECORDS,  /* records[0..count): in offset order within each partition */
    STREAM_ASSIGNED, /* partitions[0..count) are now ours */
    STREAM_REVOKED, /* partitions[0..count) are wanted back: flush, commit, then call revoke_done */
    STREAM_LOST,    /* partitions[0..count) are no longer ours: drop their state, commit nothing */
    STREAM_ERROR, /* err says why; the port goes on by itself (it makes a new client if it must) */
};

enum { STREAM_BATCH_MAX = 5000, STREAM_PARTITIONS_MAX = 1024 };

struct stream_poll {
    enum stream_event event;
    size_t count;
    struct stream_record *records; /* STREAM_RECORDS; borrowed until release */
    int32_t partitions[STREAM_PARTITIONS_MAX];
    struct err err;
};

/* A place in the log: everything before it is done. */
struct stream_place {
    int32_t partition;
    int64_t next_offset;
};

/* A look at one record of the log. */
struct stream_peek {
    int32_t partition;
    int64_t offset;
    bool found;    /* filled: the log holds a record at that offset */
    uint64_t hash; /* filled: stream_record_hash of it */
};

/* Tells records apart: 63 bits of key, value and time stamp, never 0. */
uint64_t stream_record_hash(struct span key, struct span value, int64_t timestamp_ms);

struct stream_port {
    void *self; /* borrowed */

    /* Waits up to timeout_ms. Must be called at least every max.poll.interval, also while blocked:
     * with want_records = false it serves group events only and leaves records where they are.
     * After STREAM_RECORDS the caller owes one release before the next poll with want_records. */
    void (*poll)(void *self, bool want_records, int timeout_ms, struct stream_poll *out);

    /* Looks at the headers of a record in hand. By itself, because hardly any record is asked, and
     * to look costs as much as to take the record. May be NULL where there are none. */
    struct stream_headers (*headers)(void *self, const struct stream_record *r);

    /* Gives the records of the last poll back. */
    void (*release)(void *self);

    /* Answers STREAM_REVOKED. */
    void (*revoke_done)(void *self);

    /* Says that everything below next_offset is durable. Fire and forget: a later call covers a
     * lost one. Commits for partitions that are no longer ours are ignored. */
    void (*commit)(void *self, int32_t partition, int64_t next_offset);

    /* Where this group stood when the partition was assigned: *next_offset = committed offset, or
     * the start of the log when there is none; *log_start, *log_end = the borders of the partition
     * (end = next to be written). Asked once for each assignment and by lag metrics; may block up
     * to 5 s. */
    int (*position)(void *self, int32_t partition, int64_t *next_offset, int64_t *log_start,
                    int64_t *log_end, struct err *e);

    /* Looks at single records, beside what is being read; may block up to 5 s. ERR_UNAVAILABLE:
     * none of it counts. May be NULL where nobody looks. */
    int (*peek)(void *self, struct stream_peek *items, size_t count, struct err *e);

    /* Sets the group back in Kafka to before what it has committed; `rejoin` reads from there on.
     * May block up to 5 s. ERR_UNAVAILABLE: perhaps, call again. May be NULL as peek. */
    int (*rewind)(void *self, const struct stream_place *items, size_t count, struct err *e);

    /* Gives everything up and joins the group anew: partitions come as STREAM_ASSIGNED, from where
     * the group stands in Kafka. STREAM_LOST may come before. No record may be held. May be NULL
     * where nobody asks for it. */
    void (*rejoin)(void *self);
};

#endif
