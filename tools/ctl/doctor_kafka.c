/* Kafka: brokers, topics, and how far the groups are. */
#include <stdlib.h>

#include "tools/ctl/doctor.h"

/* Kafka's questions are asked once more of a reader of the group. */
static void check_lag(struct doctor *d, const char *group, const char *daemon)
{
    const char *topic = d->settings.kafka.telemetry_topic;
    struct kafka_reader *reader = NULL;
    struct kafka_partition *p = NULL;
    struct err e = {0};
    size_t count = 0;
    char name[64];
    snprintf(name, sizeof name, "lag of %s", daemon);
    int rc = kafka_reader_new(&reader, &d->reach.kafka, group, REACH_KAFKA_MS, &e);
    rc = rc ? rc : kafka_reader_topic(reader, topic, &p, &count, &e);
    rc = rc ? rc : kafka_reader_committed(reader, topic, p, count, &e);
    rc = rc ? rc : kafka_reader_borders(reader, topic, p, count, &e);
    int64_t lag = 0;
    bool read = false;
    for (size_t i = 0; i < count && rc == 0; i++) {
        read = read || p[i].committed >= 0;
        int64_t from = p[i].committed > p[i].start ? p[i].committed : p[i].start;
        lag += p[i].end > from ? p[i].end - from : 0;
    }
    struct verdict v = doctor_judge_lag(lag > 0 && !read ? -1 : lag, d->max_lag);
    if (rc)
        doctor_say(d, GRADE_FAIL, name, "see whether the brokers are well", "%s", e.message);
    else
        doctor_say(d, v.grade, name, v.todo, "%lld records behind the log", (long long)lag);
    free(p);
    kafka_reader_free(reader);
}

static void check_topic(struct doctor *d, struct kafka_reader *reader, const char *topic,
                        int brokers)
{
    struct kafka_partition *p = NULL;
    struct err e = {0};
    size_t count = 0;
    char name[300];
    snprintf(name, sizeof name, "topic %s", topic);
    int rc = kafka_reader_topic(reader, topic, &p, &count, &e);
    if (rc == ERR_NOT_FOUND)
        doctor_say(d, GRADE_WARN, name,
                   "daemons create it when they start (CREATE_TOPICS), else create it by hand",
                   "it is not there");
    else if (rc)
        doctor_say(d, GRADE_FAIL, name, "see whether the brokers are well", "%s", e.message);
    if (rc == 0) {
        struct verdict v = doctor_judge_topic(p, count, d->settings.kafka.partitions, brokers);
        doctor_say(d, v.grade, name, v.todo, "%zu partitions, %d cop%s of each", count,
                   p[0].replicas, p[0].replicas == 1 ? "y" : "ies");
    }
    free(p);
}

void doctor_kafka(struct doctor *d)
{
    const struct settings_kafka *k = &d->settings.kafka;
    struct kafka_reader *reader = NULL;
    struct err e = {0};
    int brokers = 0;
    int rc = kafka_reader_new(&reader, &d->reach.kafka, NULL, REACH_KAFKA_MS, &e);
    rc = rc ? rc : kafka_reader_brokers(reader, &brokers, &e);
    if (rc) {
        doctor_say(d, GRADE_FAIL, "kafka",
                   "is it running, and is KAFKA_BOOTSTRAP_SERVERS right as seen from here?",
                   "%s at %s", e.message, k->bootstrap_servers);
    } else {
        doctor_say(d, GRADE_OK, "kafka", NULL, "%d broker%s at %s", brokers,
                   brokers == 1 ? "" : "s", k->bootstrap_servers);
        check_topic(d, reader, k->telemetry_topic, brokers);
        check_topic(d, reader, k->dlq_topic, brokers);
        check_topic(d, reader, k->alerts_topic, brokers);
        check_lag(d, "aggregator_worker", "weir-aggregator");
        check_lag(d, "alerts_worker", "weir-alerter");
    }
    kafka_reader_free(reader);
}
