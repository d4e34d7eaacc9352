/* Reading the log from outside: partitions, borders, positions of a group, and records. */
#include "common/kafka/reader.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/xmalloc.h"
#include "common/kafka/client.h"

struct kafka_reader {
    rd_kafka_t *rk;
    struct kafka_link *link;
    int timeout_ms;
};

int kafka_reader_new(struct kafka_reader **out, const struct kafka_config *kafka, const char *group,
                     int timeout_ms, struct err *e)
{
    const struct kafka_property ours[] = {
        {"group.id", group ? group : "weir-reader"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"enable.partition.eof", "true"},
        {"fetch.wait.max.ms", "50"},
        {"fetch.error.backoff.ms", "100"},
    };
    rd_kafka_conf_t *conf = kafka_client_conf(kafka, ours, sizeof ours / sizeof *ours, e);
    if (!conf)
        return ERR_INVALID;
    struct kafka_reader *r = xcalloc(1, sizeof *r);
    r->timeout_ms = timeout_ms;
    r->link = kafka_link_new(kafka->log, kafka->log_arg);
    int rc = kafka_client_new(&r->rk, RD_KAFKA_CONSUMER, conf, r->link, e);
    rd_kafka_conf_destroy(conf);
    if (rc) {
        kafka_link_unref(r->link);
        free(r);
        return rc;
    }
    rd_kafka_poll_set_consumer(r->rk);
    *out = r;
    return 0;
}

void kafka_reader_free(struct kafka_reader *r)
{
    if (!r)
        return;
    rd_kafka_destroy_flags(r->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); /* no group was joined */
    kafka_link_unref(r->link);
    free(r);
}

/* --- questions -------------------------------------------------------------------------------- */

static int unavailable(struct err *e, const char *what, const char *topic, rd_kafka_resp_err_t code)
{
    return err_set(e, ERR_UNAVAILABLE, "%s%s: %s", what, topic, rd_kafka_err2str(code));
}

static int take_partitions(const rd_kafka_metadata_topic_t *t, struct kafka_partition **out,
                           size_t *count, struct err *e)
{
    if (t->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || t->partition_cnt == 0)
        return err_set(e, ERR_NOT_FOUND, "there is no topic %s", t->topic);
    if (t->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return unavailable(e, "topic ", t->topic, t->err);
    *count = (size_t)t->partition_cnt;
    *out = xcalloc(*count, sizeof **out);
    for (int i = 0; i < t->partition_cnt; i++) {
        const rd_kafka_metadata_partition_t *from = &t->partitions[i];
        if (from->id < 0 || from->id >= t->partition_cnt)
            continue;
        (*out)[from->id] = (struct kafka_partition){
            .partition = from->id,
            .has_leader = from->leader >= 0,
            .replicas = from->replica_cnt,
            .in_sync = from->isr_cnt,
            .committed = -1,
        };
    }
    return 0;
}

int kafka_reader_topic(struct kafka_reader *r, const char *topic, struct kafka_partition **out,
                       size_t *count, struct err *e)
{
    const struct rd_kafka_metadata *md;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(r->rk, topic, NULL);
    if (!handle)
        return unavailable(e, "topic ", topic, rd_kafka_last_error());
    rd_kafka_resp_err_t code = rd_kafka_metadata(r->rk, 0, handle, &md, r->timeout_ms);
    rd_kafka_topic_destroy(handle);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return unavailable(e, "topic ", topic, code);
    int rc = md->topic_cnt == 1 ? take_partitions(&md->topics[0], out, count, e)
                                : err_set(e, ERR_NOT_FOUND, "there is no topic %s", topic);
    rd_kafka_metadata_destroy(md);
    return rc;
}

int kafka_reader_brokers(struct kafka_reader *r, int *count, struct err *e)
{
    const struct rd_kafka_metadata *md;
    rd_kafka_resp_err_t code = rd_kafka_metadata(r->rk, 0, NULL, &md, r->timeout_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return unavailable(e, "brokers", "", code);
    *count = md->broker_cnt;
    rd_kafka_metadata_destroy(md);
    return 0;
}

static rd_kafka_topic_partition_list_t *list_of(const char *topic, const struct kafka_partition *p,
                                                size_t count, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic, p[i].partition)->offset = offset;
    return list;
}

static rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return list->elems[i].err;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* ListOffsets takes _BEGINNING and _END in place of a time; see group.c. */
static int border(struct kafka_reader *r, const char *topic, struct kafka_partition *p,
                  size_t count, bool end, struct err *e)
{
    rd_kafka_topic_partition_list_t *list =
        list_of(topic, p, count, end ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING);
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(r->rk, list, r->timeout_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = first_error(list);
    for (size_t i = 0; i < count && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
        *(end ? &p[i].end : &p[i].start) = list->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : unavailable(e, "the borders of ", topic, code);
}

int kafka_reader_borders(struct kafka_reader *r, const char *topic, struct kafka_partition *p,
                         size_t count, struct err *e)
{
    int rc = border(r, topic, p, count, false, e);
    return rc ? rc : border(r, topic, p, count, true, e);
}

int kafka_reader_committed(struct kafka_reader *r, const char *topic, struct kafka_partition *p,
                           size_t count, struct err *e)
{
    rd_kafka_topic_partition_list_t *list = list_of(topic, p, count, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_resp_err_t code = rd_kafka_committed(r->rk, list, r->timeout_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = first_error(list);
    for (size_t i = 0; i < count && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
        p[i].committed = list->elems[i].offset >= 0 ? list->elems[i].offset : -1;
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR
               ? 0
               : unavailable(e, "the group's position in ", topic, code);
}

/* --- records ---------------------------------------------------------------------------------- */

/* What is left of each partition; index as in the caller's array. */
struct reading_on {
    const struct kafka_partition *p;
    bool *done;
    size_t count, left;
    bool (*visit)(void *arg, const struct kafka_reader_record *record);
    void *arg;
};

static void finish(struct reading_on *on, int32_t partition)
{
    for (size_t i = 0; i < on->count; i++) {
        if (on->p[i].partition != partition || on->done[i])
            continue;
        on->done[i] = true;
        on->left--;
    }
}

static unsigned read_headers(const rd_kafka_message_t *m,
                             struct kafka_header out[KAFKA_READER_HEADERS_MAX])
{
    rd_kafka_headers_t *headers;
    unsigned n = 0;
    const void *value;
    size_t size;
    if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    while (n < KAFKA_READER_HEADERS_MAX &&
           rd_kafka_header_get_all(headers, n, &out[n].name, &value, &size) ==
               RD_KAFKA_RESP_ERR_NO_ERROR) {
        out[n].value = span_of(value, value ? size : 0);
        n++;
    }
    return n;
}

/* False: the visitor has seen enough. */
static bool take_message(struct reading_on *on, const rd_kafka_message_t *m)
{
    struct kafka_header headers[KAFKA_READER_HEADERS_MAX];
    rd_kafka_timestamp_type_t type;
    int64_t end = INT64_MIN;
    for (size_t i = 0; i < on->count; i++)
        if (on->p[i].partition == m->partition && !on->done[i])
            end = on->p[i].end;
    if (m->offset + 1 >= end)
        finish(on, m->partition);
    if (m->offset >= end)
        return true; /* came after the border was asked */
    struct kafka_reader_record record = {
        .partition = m->partition,
        .offset = m->offset,
        .timestamp_ms = rd_kafka_message_timestamp(m, &type),
        .key = span_of(m->key, m->key ? m->key_len : 0),
        .value = span_of(m->payload, m->payload ? m->len : 0),
        .headers = headers,
        .header_count = read_headers(m, headers),
    };
    return on->visit(on->arg, &record);
}

static int read_all(struct kafka_reader *r, struct reading_on *on, struct err *e)
{
    struct clock clock = clock_system();
    uint64_t heard = clock_monotonic_ms(&clock);
    bool go_on = true;
    while (on->left > 0 && go_on) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(r->rk, 100);
        if (!m) {
            if (clock_monotonic_ms(&clock) - heard > (uint64_t)r->timeout_ms)
                return err_set(e, ERR_UNAVAILABLE, "no record came for %d ms", r->timeout_ms);
            continue;
        }
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            finish(on, m->partition);
        else if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            go_on = take_message(on, m);
        /* other errors pass, or nothing comes until the time is up */
        if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR || m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            heard = clock_monotonic_ms(&clock);
        rd_kafka_message_destroy(m);
    }
    return 0;
}

int kafka_reader_each(struct kafka_reader *r, const char *topic, const struct kafka_partition *p,
                      size_t count,
                      bool (*visit)(void *arg, const struct kafka_reader_record *record), void *arg,
                      struct err *e)
{
    struct reading_on on = {.p = p, .count = count, .visit = visit, .arg = arg};
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    on.done = xcalloc(count + 1, sizeof *on.done);
    for (size_t i = 0; i < count; i++) {
        on.done[i] = p[i].start >= p[i].end;
        on.left += !on.done[i];
        if (!on.done[i])
            rd_kafka_topic_partition_list_add(list, topic, p[i].partition)->offset = p[i].start;
    }
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (on.left > 0)
        code = rd_kafka_assign(r->rk, list);
    int rc = code == RD_KAFKA_RESP_ERR_NO_ERROR ? read_all(r, &on, e)
                                                : unavailable(e, "reading ", topic, code);
    rd_kafka_assign(r->rk, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    free(on.done);
    return rc;
}
