/* A place in a consumer group: what was assigned, what the caller is told of it, and the client
 * that is replaced when it dies. Internal. */
#ifndef WEIR_KAFKA_MEMBERSHIP_H
#define WEIR_KAFKA_MEMBERSHIP_H

#include <stdatomic.h>

#include "common/kafka/commits.h"
#include "common/kafka/group.h"
#include "common/kafka/positions.h"

/* What the caller is still to be told about partitions; given out in chunks that fit. */
struct notice {
    enum stream_event event;
    rd_kafka_topic_partition_list_t *list; /* owned; NULL = none */
    int at;
};

struct membership {
    struct group_client client;
    struct positions positions;
    struct commits commits;

    rd_kafka_topic_partition_list_t *pending; /* assigned, but the positions are not read yet */
    uint64_t pending_at;                      /* when to try again */
    struct notice notice;
    struct err error;   /* to be told as STREAM_ERROR */
    bool fatal;         /* the client is dead */
    bool revoking;      /* told STREAM_REVOKED, not answered yet: no records until then */
    atomic_bool joined; /* read by any thread */

    bool holding;                    /* the caller holds records of the client, or of ... */
    struct kafka_companion *retired; /* ... a dead one */
};

/* Deinit after a failure too. */
WEIR_MUST_CHECK int membership_init(struct membership *m,
                                    const struct kafka_consumer_options *options, struct err *e);
/* Commits, leaves the group and waits up to 5 s for that; false when it takes longer. No record may
 * be held. */
bool membership_deinit(struct membership *m);

/* Serves the group. True when `out` holds an event for the caller. */
bool membership_serve(struct membership *m, struct stream_poll *out);
/* Sleeps from `now` to `until` (monotonic ms) at most: until a queue has something or a timer of
 * ours is due. */
void membership_rest(struct membership *m, bool want_records, uint64_t now, uint64_t until);
void membership_revoke_done(struct membership *m);
/* The group stands at these places from now on, as far as Kafka is concerned. Waits up to 4 s. */
WEIR_MUST_CHECK int membership_rewind(struct membership *m, const struct stream_place *items,
                                      size_t count, struct err *e);
/* Leaves the group and begins anew with another client; what was assigned is lost. */
void membership_rejoin(struct membership *m);
/* The records taken from the client are given back. */
void membership_released(struct membership *m);

/* Notes an error that came among the records. */
void membership_error(struct membership *m, rd_kafka_resp_err_t code, const char *why);
/* Any thread. */
bool membership_ready(struct membership *m, char *why, size_t why_size);

#endif
