/* Creating the topics that are missing, with the admin part of librdkafka. */
#include "common/kafka/topics.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/base/xmalloc.h"
#include "common/kafka/client.h"

static int remaining_ms(uint64_t end)
{
    struct clock clock = clock_system();
    uint64_t now = clock_monotonic_ms(&clock);
    return now < end ? (int)(end - now) : 0;
}

static bool exists(const struct rd_kafka_metadata *md, const char *name)
{
    for (int i = 0; i < md->topic_cnt; i++) {
        if (md->topics[i].err == RD_KAFKA_RESP_ERR_NO_ERROR &&
            strcmp(md->topics[i].topic, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The list of all topics, because asking for one by name may create it. */
static int list_topics(rd_kafka_t *rk, const struct rd_kafka_metadata **md, int timeout_ms,
                       struct err *e)
{
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 1, NULL, md, timeout_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(e, ERR_UNAVAILABLE, "list of topics: %s", rd_kafka_err2str(code));
    }
    return 0;
}

/* What a broker's refusal means: those that time or another broker may heal are no error of ours.
 */
static int verdict(const rd_kafka_topic_result_t *result, struct err *e)
{
    rd_kafka_resp_err_t code = rd_kafka_topic_result_error(result);
    const char *why = rd_kafka_topic_result_error_string(result);
    int kind = ERR_UNAVAILABLE;
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
        return 0;
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        kind = ERR_INVALID;
        break;
    default:
        break;
    }
    return err_set(e, kind, "topic %s cannot be created: %s", rd_kafka_topic_result_name(result),
                   why ? why : rd_kafka_err2str(code));
}

static int read_results(rd_kafka_event_t *event, struct err *e)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(e, ERR_UNAVAILABLE, "topics cannot be created: %s",
                       rd_kafka_event_error_string(event));
    }
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    int first = 0;
    for (size_t i = 0; i < count; i++) {
        int rc = verdict(results[i], e);
        first = first ? first : rc;
    }
    return first;
}

static void send_request(rd_kafka_t *rk, rd_kafka_NewTopic_t **topics, size_t count,
                         rd_kafka_queue_t *queue, int timeout_ms)
{
    char why[128];
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, why, sizeof why);
    rd_kafka_AdminOptions_set_operation_timeout(options, timeout_ms, why, sizeof why);
    rd_kafka_CreateTopics(rk, topics, count, options, queue);
    rd_kafka_AdminOptions_destroy(options);
}

static int create(rd_kafka_t *rk, rd_kafka_NewTopic_t **topics, size_t count, uint64_t end,
                  struct err *e)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    send_request(rk, topics, count, queue, remaining_ms(end) + 1);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, remaining_ms(end) + 1);
    int rc;
    if (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT) {
        rc = read_results(event, e);
    } else {
        rc = err_set(e, ERR_UNAVAILABLE, "topics cannot be created: no answer from a broker");
    }
    if (event) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    return rc;
}

/* Describes the missing ones in `out`. Returns how many, or a negative code. */
/* 0 leaves it to the broker. */
static void set_number(rd_kafka_NewTopic_t *topic, const char *name, int64_t value)
{
    char text[NUM_TEXT_MAX];
    if (value != 0) {
        num_format_i64(value, text);
        rd_kafka_NewTopic_set_config(topic, name, text);
    }
}

static int find_missing(const struct rd_kafka_metadata *md, const struct kafka_topic *topics,
                        size_t count, rd_kafka_NewTopic_t **out, struct err *e)
{
    int n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct kafka_topic *t = &topics[i];
        char why[200];
        if (exists(md, t->name)) {
            continue;
        }
        out[n] =
            rd_kafka_NewTopic_new(t->name, t->partitions, t->replication_factor, why, sizeof why);
        if (!out[n]) {
            rd_kafka_NewTopic_destroy_array(out, (size_t)n);
            return err_set(e, ERR_INVALID, "topic %s: %s", t->name, why);
        }
        set_number(out[n], "max.message.bytes", t->max_message_bytes);
        set_number(out[n], "retention.ms", t->retention_ms);
        n++;
    }
    return n;
}

static int ensure(rd_kafka_t *rk, const struct kafka_topic *topics, size_t count, int timeout_ms,
                  struct err *e)
{
    struct clock clock = clock_system();
    uint64_t end = clock_monotonic_ms(&clock) + (uint64_t)timeout_ms;
    const struct rd_kafka_metadata *md;
    int rc = list_topics(rk, &md, timeout_ms, e);
    if (rc < 0) {
        return rc;
    }
    rd_kafka_NewTopic_t **missing = xcalloc(count, sizeof(rd_kafka_NewTopic_t *));
    int n = find_missing(md, topics, count, missing, e);
    rc = n > 0 ? create(rk, missing, (size_t)n, end, e) : n;
    if (n > 0) {
        rd_kafka_NewTopic_destroy_array(missing, (size_t)n);
    }
    free(missing);
    rd_kafka_metadata_destroy(md);
    return rc;
}

int kafka_topics_ensure(const struct kafka_config *kafka, const struct kafka_topic *topics,
                        size_t count, int timeout_ms, struct err *e)
{
    rd_kafka_conf_t *conf = kafka_client_conf(kafka, NULL, 0, e);
    if (!conf) {
        return ERR_INVALID;
    }
    struct kafka_link *link = kafka_link_new(kafka->log, kafka->log_arg);
    rd_kafka_t *rk;
    int rc = kafka_client_new(&rk, RD_KAFKA_PRODUCER, conf, link, e);
    if (rc == 0) {
        rc = ensure(rk, topics, count, timeout_ms, e);
        rd_kafka_destroy(rk);
    }
    kafka_link_unref(link);
    rd_kafka_conf_destroy(conf);
    return rc;
}
