/* What is well, what deserves a look, and what is broken. */
#include "tools/ctl/doctor.h"

static struct verdict is(enum health_grade grade, const char *todo)
{
    return (struct verdict){.grade = grade, .todo = todo};
}

struct verdict doctor_judge_topic(const struct kafka_partition *p, size_t count, int64_t wanted,
                                  int brokers)
{
    bool behind = false, single = false;
    for (size_t i = 0; i < count; i++) {
        if (!p[i].has_leader)
            return is(GRADE_FAIL, "a partition has no leader: bring its brokers back");
        behind = behind || p[i].in_sync < p[i].replicas;
        single = single || (brokers > 1 && p[i].replicas < 2);
    }
    if (behind)
        return is(GRADE_WARN, "copies are behind: a broker is away or slow");
    if (single)
        return is(GRADE_WARN, "one copy only: raise the replication factor, or losing one broker "
                              "loses readings");
    if ((int64_t)count != wanted)
        return is(GRADE_WARN, "not as many partitions as TOPIC_PARTITIONS says; that is used when "
                              "a topic is created, so set it to what there is, or add partitions");
    return is(GRADE_OK, NULL);
}

struct verdict doctor_judge_lag(int64_t lag, int64_t max_lag)
{
    if (lag < 0)
        return is(GRADE_WARN, "nobody of this group has ever read: start the daemon");
    if (lag > max_lag)
        return is(GRADE_WARN, "it does not keep up, or stands still: see its log and /readyz");
    return is(GRADE_OK, NULL);
}

struct verdict doctor_judge_schema(int64_t version, int64_t ours)
{
    if (version == 0)
        return is(GRADE_WARN,
                  "nobody has set this store up: start weir-aggregator, or look whether "
                  "MONGO_DB is the right one");
    if (version > ours)
        return is(GRADE_FAIL, "the store was written by a newer Weir: use that version");
    if (version < ours)
        return is(GRADE_WARN,
                  "weir-aggregator of this version brings it up to date when it starts");
    return is(GRADE_OK, NULL);
}

struct verdict doctor_judge_clock(int64_t ahead_ms)
{
    int64_t off = ahead_ms < 0 ? -ahead_ms : ahead_ms;
    if (off > 60000)
        return is(GRADE_FAIL, "set the clocks (NTP): readings may be refused for their time");
    if (off > 2000)
        return is(GRADE_WARN, "set the clocks (NTP)");
    return is(GRADE_OK, NULL);
}

struct verdict doctor_judge_disk(double used, double total)
{
    double left = total > 0 ? 1 - used / total : 1;
    if (left < 0.05)
        return is(GRADE_FAIL, "make room now: a full disk stops the store");
    if (left < 0.2)
        return is(GRADE_WARN, "make room, or shorten RAW_TTL");
    return is(GRADE_OK, NULL);
}
