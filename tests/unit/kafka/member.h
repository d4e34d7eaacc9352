/* A member of a consumer group in a test: it answers the port and notes what it was told. */
#ifndef WEIR_TESTS_KAFKA_MEMBER_H
#define WEIR_TESTS_KAFKA_MEMBER_H

#include "tests/unit/kafka/mock.h"

/* One member, and what it was told. */
struct member {
    struct kafka_consumer *consumer;
    struct stream_port port;
    struct stream_poll last;
    bool ours[MOCK_PARTITIONS];
    int64_t next[MOCK_PARTITIONS]; /* the offset that must come next; -1 = any */
    unsigned records, assigned, revoked, lost, errors;
};

extern struct mock members_broker;

/* For fixtures: a broker, and nobody has seen anything of it. */
void members_begin(void);
void members_end(void);

/* How many different records some member has seen since then. */
unsigned members_seen(void);

void member_join(struct member *m, const struct mock *broker, const char *group);
void member_leave(struct member *m); /* must not take long */

/* One poll. Checks offsets and ownership; answers nothing. */
enum stream_event member_step(struct member *m, bool want_records, int timeout_ms);
/* One poll that answers everything at once, and commits what it took. */
enum stream_event member_live(struct member *m, int timeout_ms);
void member_live_until_records(struct member *m, unsigned count);
void member_live_until_owned(struct member *m, int count);
int member_owned(const struct member *m);

#endif
