/* weirctl doctor, in parts: Kafka (doctor_kafka.c), the store (doctor_store.c), daemons and the
 * command (doctor.c), and what they print (doctor_say.c). A check says in one line what it found
 * and, if that is not well, what to do.
 */
#ifndef WEIR_CTL_DOCTOR_H
#define WEIR_CTL_DOCTOR_H

#include "common/base/clock.h"
#include "common/kafka/reader.h"
#include "tools/ctl/reach.h"

enum health_grade { GRADE_OK, GRADE_WARN, GRADE_FAIL };

enum { DOCTOR_WARNS = 3 }; /* exit status beside the usual ones */

struct doctor {
    const struct call *call;
    struct ctl_settings settings;
    struct clock clock;
    struct reach reach;
    int64_t max_lag; /* records */
    bool json;
    unsigned count[GRADE_FAIL + 1];
};

/* Prints a line. `todo` is NULL when all is well. */
void doctor_say(struct doctor *d, enum health_grade grade, const char *check, const char *todo,
                const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The store comes first: it fills `reach`, also when it does not answer. */
void doctor_kafka(struct doctor *d);
void doctor_store(struct doctor *d);

/* --- judgements; pure --- */

struct verdict {
    enum health_grade grade;
    const char *todo; /* constant; NULL when all is well */
};

/* A topic of a cluster of so many brokers; `wanted` = TOPIC_PARTITIONS. */
struct verdict doctor_judge_topic(const struct kafka_partition *p, size_t count, int64_t wanted,
                                  int brokers);
/* `lag` -1 = the group has no position at all, though the log holds records. */
struct verdict doctor_judge_lag(int64_t lag, int64_t max_lag);
/* 0 = the store has no version. */
struct verdict doctor_judge_schema(int64_t version, int64_t ours);
struct verdict doctor_judge_clock(int64_t ahead_ms);
struct verdict doctor_judge_disk(double used, double total);

#endif
