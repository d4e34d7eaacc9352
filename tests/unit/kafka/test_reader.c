/* Reading the log from outside: all of it, in order, and never waiting for ever. */
#include "common/kafka/reader.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/kafka/mock.h"
#include "tests/unit/unit.h"

struct seen {
    int64_t next[MOCK_PARTITIONS];
    unsigned records, stop_after;
};

static bool see(void *arg, const struct kafka_reader_record *r)
{
    struct seen *s = arg;
    ck_assert_int_eq(r->offset, s->next[r->partition]);
    ck_assert(r->key.len > 0 && r->timestamp_ms > 0 && r->header_count == 0);
    s->next[r->partition]++;
    return ++s->records != s->stop_after;
}

static struct kafka_reader *open_reader(const struct mock *broker)
{
    struct kafka_config config = mock_config(broker);
    struct kafka_reader *r = NULL;
    struct err e = {0};
    ck_assert_msg(kafka_reader_new(&r, &config, "group", MOCK_PATIENCE_MS, &e) == 0, "%s",
                  e.message);
    return r;
}

static struct kafka_partition *partitions(struct kafka_reader *r, size_t *count)
{
    struct kafka_partition *p = NULL;
    struct err e = {0};
    ck_assert_msg(kafka_reader_topic(r, "readings", &p, count, &e) == 0, "%s", e.message);
    ck_assert_msg(kafka_reader_borders(r, "readings", p, *count, &e) == 0, "%s", e.message);
    return p;
}

START_TEST(every_record_is_visited_once_in_order)
{
    struct mock broker;
    mock_start(&broker);
    mock_fill(&broker, 500);
    struct kafka_reader *r = open_reader(&broker);
    size_t count;
    struct kafka_partition *p = partitions(r, &count);
    ck_assert_uint_eq(count, MOCK_PARTITIONS);
    int64_t all = 0;
    for (size_t i = 0; i < count; i++)
        all += p[i].end - p[i].start;
    ck_assert_int_eq(all, 500);
    struct err e = {0};
    struct seen seen = {.stop_after = 0};
    ck_assert_msg(kafka_reader_each(r, "readings", p, count, see, &seen, &e) == 0, "%s", e.message);
    ck_assert_uint_eq(seen.records, 500);
    struct seen few = {.stop_after = 7}; /* a second reading, which is ended early */
    ck_assert_int_eq(kafka_reader_each(r, "readings", p, count, see, &few, &e), 0);
    ck_assert_uint_eq(few.records, 7);
    free(p);
    kafka_reader_free(r);
    mock_stop(&broker);
}
END_TEST

START_TEST(no_position_of_a_group_is_told_as_none)
{
    struct mock broker;
    mock_start(&broker);
    struct kafka_reader *r = open_reader(&broker);
    size_t count;
    struct err e = {0};
    struct kafka_partition *p = partitions(r, &count);
    ck_assert_msg(kafka_reader_committed(r, "readings", p, count, &e) == 0, "%s", e.message);
    ck_assert_int_eq(p[0].committed, -1);
    free(p);
    kafka_reader_free(r);
    mock_stop(&broker);
}
END_TEST

START_TEST(without_a_broker_it_gives_up_in_time)
{
    struct kafka_config config = {.bootstrap_servers = "127.0.0.1:1", .client_id = "test"};
    struct kafka_reader *r = NULL;
    struct kafka_partition *p = NULL;
    struct err e = {0};
    size_t count;
    uint64_t began = mock_now_ms();
    ck_assert_int_eq(kafka_reader_new(&r, &config, NULL, 300, &e), 0);
    ck_assert_int_eq(kafka_reader_topic(r, "readings", &p, &count, &e), ERR_UNAVAILABLE);
    ck_assert_uint_lt(mock_now_ms() - began, 3000);
    kafka_reader_free(r);
}
END_TEST

UNIT_CASE(reader)
{
    tcase_add_test(tc, every_record_is_visited_once_in_order);
    tcase_add_test(tc, no_position_of_a_group_is_told_as_none);
    tcase_add_test(tc, without_a_broker_it_gives_up_in_time);
}
