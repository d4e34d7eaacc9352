/* Asking the brokers where the group stands and where the log of a partition begins and ends. */
#include "common/kafka/lookup.h"

#include "common/base/clock.h"

enum {
    FRESH_MS = 1000,     /* how old the borders may be */
    BORDER_MS = 1500,    /* how long one question may take */
    COMMITTED_MS = 2000, /* likewise */
};

int lookup_borders(struct group_client *g, struct positions *positions,
                   const rd_kafka_topic_partition_list_t *list, int timeout_ms, struct err *e)
{
    rd_kafka_topic_partition_list_t *starts = rd_kafka_topic_partition_list_copy(list);
    rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_copy(list);
    int rc = group_client_starts(g, starts, timeout_ms, e);
    if (rc == 0) {
        rc = group_client_ends(g, ends, timeout_ms, e);
    }
    for (int i = 0; i < starts->cnt && rc == 0; i++) {
        const rd_kafka_topic_partition_t *end = rd_kafka_topic_partition_list_find(
            ends, starts->elems[i].topic, starts->elems[i].partition);
        positions_borders(positions, starts->elems[i].partition, starts->elems[i].offset,
                          end->offset);
    }
    rd_kafka_topic_partition_list_destroy(starts);
    rd_kafka_topic_partition_list_destroy(ends);
    return rc;
}

static int refresh_ours(struct group_client *g, struct positions *positions, struct err *e)
{
    struct clock clock = clock_system();
    uint64_t now = clock_monotonic_ms(&clock);
    if (positions->borders_at != 0 && now - positions->borders_at < FRESH_MS) {
        return 0;
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    int32_t p = -1;
    while ((p = positions_next(positions, p + 1)) >= 0) {
        rd_kafka_topic_partition_list_add(list, g->topic, p);
    }
    int rc = lookup_borders(g, positions, list, BORDER_MS, e);
    if (rc == 0) {
        positions->borders_at = clock_monotonic_ms(&clock);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}

static int ask_stranger(struct group_client *g, int32_t partition, struct position *out,
                        struct err *e)
{
    struct positions strangers = {0};
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, g->topic, partition);
    int rc = lookup_borders(g, &strangers, list, BORDER_MS, e);
    if (rc == 0) {
        *out = strangers.list[partition];
        rc = group_client_committed(g, list, COMMITTED_MS, e);
        out->acked = list->elems[0].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    positions_deinit(&strangers);
    return rc;
}

int lookup_position(struct group_client *g, struct positions *positions, int32_t partition,
                    struct position *out, struct err *e)
{
    if (!g->rk) {
        return err_set(e, ERR_UNAVAILABLE, "no Kafka client could be made");
    }
    if (partition < 0) {
        return err_set(e, ERR_INVALID, "partition %d", (int)partition);
    }
    if (!positions_ours(positions, partition)) {
        return ask_stranger(g, partition, out, e);
    }
    int rc = refresh_ours(g, positions, e);
    *out = positions->list[partition];
    return rc;
}
