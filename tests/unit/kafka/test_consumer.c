/* The consumer against the mock broker: every record in order, the group's events apart from the
 * records, and positions that survive. */
#include "common/kafka/consumer.h"

#include <string.h>

#include "tests/unit/kafka/member.h"
#include "tests/unit/unit.h"

START_TEST(all_records_come_in_order)
{
    struct member m;
    mock_fill(&members_broker, 8000);
    member_join(&m, &members_broker, "g");
    member_live_until_records(&m, 8000);
    ck_assert_uint_eq(m.assigned, 1);
    ck_assert_int_eq(member_owned(&m), MOCK_PARTITIONS);
    ck_assert(kafka_consumer_ready(m.consumer, NULL, 0));
    mock_fill(&members_broker, 100);
    member_live_until_records(&m, 8100);
    ck_assert_uint_eq(m.assigned, 1);
    member_leave(&m);
}
END_TEST

START_TEST(a_record_has_all_its_parts)
{
    struct member m;
    struct kafka_producer_options o = mock_producer_options(&members_broker);
    struct kafka_producer *p;
    static struct tally tally;
    struct kafka_header header[] = {{"traceparent", span_str("00-ab-cd-01")},
                                    {"weir-replay", span_str("1 x")}};
    struct kafka_message message = {.partition = 2,
                                    .key = span_str("device-1"),
                                    .value = span_str("{}"),
                                    .headers = header,
                                    .header_count = 2,
                                    .opaque = &tally.reports[0]};
    ck_assert_int_eq(kafka_producer_new(&p, &o, tally_delivery, &tally, NULL), 0);
    ck_assert_int_eq(kafka_producer_send(p, &message, NULL), 0);
    ck_assert_uint_eq(kafka_producer_flush(p, MOCK_PATIENCE_MS), 0);
    kafka_producer_free(p);
    member_join(&m, &members_broker, "g");
    while (member_step(&m, true, MOCK_PATIENCE_MS) != STREAM_RECORDS) {
        ck_assert_int_ne(m.last.event, STREAM_NOTHING);
    }
    const struct stream_record *r = &m.last.records[0];
    ck_assert_uint_eq(m.last.count, 1);
    ck_assert_int_eq(r->partition, 2);
    ck_assert_int_eq(r->offset, 0);
    ck_assert(span_is(r->key, "device-1"));
    ck_assert(span_is(r->value, "{}"));
    struct stream_headers headers = m.port.headers(m.port.self, r);
    ck_assert(span_is(headers.traceparent, "00-ab-cd-01"));
    ck_assert(span_is(headers.replay, "1 x"));
    ck_assert_int_gt(r->timestamp_ms, 1500000000000);
    m.port.release(m.port.self);
    member_leave(&m);
}
END_TEST

START_TEST(without_want_records_none_come_and_none_are_lost)
{
    struct member m;
    mock_fill(&members_broker, 1000);
    member_join(&m, &members_broker, "g");
    while (m.assigned == 0) {
        ck_assert_int_ne(member_step(&m, false, MOCK_PATIENCE_MS), STREAM_RECORDS);
    }
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(member_step(&m, false, 10), STREAM_NOTHING);
    }
    member_live_until_records(&m, 1000);
    member_leave(&m);
}
END_TEST

static void expect_position(struct member *m, int32_t p, int64_t next, int64_t start, int64_t end)
{
    int64_t n = -5, s = -5, e = -5;
    struct err err = {0};
    ck_assert_msg(m->port.position(m->port.self, p, &n, &s, &e, &err) == 0, "%s", err.message);
    ck_assert_int_eq(n, next);
    ck_assert_int_eq(s, start);
    ck_assert_int_eq(e, end);
}

/* How many records lie in each partition, learned by a group of its own. */
static void count_records(int count, int64_t out[MOCK_PARTITIONS])
{
    struct member m;
    member_join(&m, &members_broker, "counter");
    member_live_until_records(&m, (unsigned)count);
    for (int p = 0; p < MOCK_PARTITIONS; p++) {
        out[p] = m.next[p] < 0 ? 0 : m.next[p];
    }
    member_leave(&m);
}

START_TEST(commits_survive_the_consumer)
{
    struct member m;
    int64_t end[MOCK_PARTITIONS];
    mock_fill(&members_broker, 2000);
    count_records(2000, end);
    member_join(&m, &members_broker, "g");
    member_live_until_owned(&m, MOCK_PARTITIONS);
    for (int32_t p = 0; p < MOCK_PARTITIONS; p++) {
        expect_position(&m, p, 0, 0, end[p]);
    }
    m.port.commit(m.port.self, 0, 11);
    m.port.commit(m.port.self, 1, 22);
    m.port.commit(m.port.self, 1, 21);
    m.port.commit(m.port.self, 999, 5);
    member_leave(&m);

    member_join(&m, &members_broker, "g");
    member_live_until_owned(&m, MOCK_PARTITIONS);
    expect_position(&m, 0, 11, 0, end[0]);
    expect_position(&m, 1, 22, 0, end[1]);
    expect_position(&m, 2, 0, 0, end[2]);
    struct member stranger; /* of the group, without a partition: it asks the broker */
    member_join(&stranger, &members_broker, "g");
    int64_t unused;
    uint64_t until = mock_now_ms() + MOCK_PATIENCE_MS;
    while (stranger.port.position(stranger.port.self, 1, &unused, &unused, &unused, NULL) < 0) {
        ck_assert_uint_lt(mock_now_ms(), until); /* it has to find the group first */
    }
    expect_position(&stranger, 1, 22, 0, end[1]);
    member_leave(&stranger);
    member_live_until_records(&m, 2000 - 33);
    member_leave(&m);
}
END_TEST

/* What the broker holds for the group, asked beside the port. */
static int64_t committed(struct member *m, int32_t partition)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, "readings", partition);
    rd_kafka_resp_err_t code =
        rd_kafka_committed(kafka_consumer_handle(m->consumer), list, MOCK_PATIENCE_MS);
    ck_assert_int_eq(code, RD_KAFKA_RESP_ERR_NO_ERROR);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return offset;
}

START_TEST(commits_go_out_while_running)
{
    struct member m;
    mock_fill(&members_broker, 1000);
    member_join(&m, &members_broker, "g");
    member_live_until_records(&m, 1000);
    uint64_t end = mock_now_ms() + MOCK_PATIENCE_MS;
    while (committed(&m, 0) != m.next[0] && mock_now_ms() < end) {
        member_live(&m, 50);
    }
    ck_assert_int_eq(committed(&m, 0), m.next[0]);
    member_leave(&m);
}
END_TEST

/* The library would never ask again, and the partitions would stand still for ever. */
START_TEST(an_error_while_reading_positions_is_tried_again)
{
    struct member m;
    mock_fill(&members_broker, 100);
    rd_kafka_mock_push_request_errors(
        members_broker.cluster, MOCK_OFFSET_FETCH, 3, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_UNKNOWN);
    member_join(&m, &members_broker, "g");
    member_live_until_records(&m, 100);
    ck_assert_uint_ge(m.errors, 1);
    member_leave(&m);
}
END_TEST

START_TEST(a_broker_that_comes_later_is_found)
{
    struct member m;
    mock_fill(&members_broker, 100);
    mock_down(&members_broker);
    member_join(&m, &members_broker, "g");
    uint64_t end = mock_now_ms() + MOCK_PATIENCE_MS;
    while (m.errors == 0 && mock_now_ms() < end) {
        member_step(&m, true, 100);
    }
    char why[200] = "";
    ck_assert_uint_ge(m.errors, 1);
    ck_assert(!kafka_consumer_ready(m.consumer, why, sizeof why));
    ck_assert_str_ne(why, "");
    mock_up(&members_broker);
    member_live_until_records(&m, 100);
    ck_assert(kafka_consumer_ready(m.consumer, NULL, 0));
    member_leave(&m);
}
END_TEST

START_TEST(without_any_broker_new_and_free_do_not_wait)
{
    struct member m;
    struct mock nowhere = members_broker;
    nowhere.bootstrap = "127.0.0.1:1";
    struct kafka_consumer_options o = mock_consumer_options(&nowhere, "g");
    uint64_t began = mock_now_ms();
    memset(&m, 0, sizeof m);
    ck_assert_int_eq(kafka_consumer_new(&m.consumer, &o, NULL), 0);
    m.port = kafka_consumer_port(m.consumer);
    ck_assert_uint_lt(mock_now_ms() - began, 1000);
    member_step(&m, true, 300);
    int64_t unused;
    struct err e = {0};
    ck_assert_int_eq(m.port.position(m.port.self, 0, &unused, &unused, &unused, &e),
                     ERR_UNAVAILABLE);
    began = mock_now_ms();
    kafka_consumer_free(m.consumer);
    ck_assert_uint_lt(mock_now_ms() - began, 5500);
}
END_TEST

START_TEST(a_refused_property_is_invalid)
{
    struct kafka_consumer_options o = mock_consumer_options(&members_broker, "g");
    struct kafka_property property = {"auto.offset.reset", "latest"};
    o.kafka.properties = &property;
    struct kafka_consumer *c;
    struct err e = {0};
    ck_assert_int_eq(kafka_consumer_new(&c, &o, &e), ERR_INVALID);
    ck_assert_msg(strstr(e.message, "auto.offset.reset") != NULL, "%s", e.message);
}
END_TEST

START_TEST(single_records_are_looked_at_beside_the_reading)
{
    struct member m;
    struct err e = {0};
    struct stream_peek items[] = {{.partition = 0, .offset = 2},
                                  {.partition = 0, .offset = 1},
                                  {.partition = 3, .offset = 0},
                                  {.partition = 1, .offset = 5000}};
    mock_fill(&members_broker, 400);
    member_join(&m, &members_broker, "g");
    member_live_until_records(&m, 400);
    uint64_t hash[3];
    for (int round = 0; round < 2; round++) {
        ck_assert_msg(m.port.peek(m.port.self, &items[round], 1, &e) == 0, "%s", e.message);
        ck_assert_msg(m.port.peek(m.port.self, &items[2], 2, &e) == 0, "%s", e.message);
        ck_assert(items[round].found && items[2].found && !items[3].found);
        ck_assert(!round || items[2].hash == hash[2]);
        hash[round] = items[round].hash;
        hash[2] = items[2].hash;
    }
    ck_assert(hash[0] != hash[1] && hash[1] != hash[2]);
    mock_fill(&members_broker, 10);
    member_live_until_records(&m, 410);
    member_leave(&m);
}
END_TEST

START_TEST(a_group_set_back_reads_again)
{
    struct member m;
    struct err e = {0};
    struct stream_place start[MOCK_PARTITIONS];
    mock_fill(&members_broker, 400);
    member_join(&m, &members_broker, "g");
    member_live_until_records(&m, 400);
    for (int32_t p = 0; p < MOCK_PARTITIONS; p++) {
        int64_t from = m.next[p] > 10 ? m.next[p] - 10 : 0;
        start[p] = (struct stream_place){.partition = p, .next_offset = from};
    }
    ck_assert_msg(m.port.rewind(m.port.self, start, MOCK_PARTITIONS, &e) == 0, "%s", e.message);
    m.port.rejoin(m.port.self);
    memset(m.ours, 0, sizeof m.ours);
    member_live_until_records(&m, 400 + 10 * MOCK_PARTITIONS);
    ck_assert_uint_eq(m.assigned, 2);
    ck_assert_uint_eq(members_seen(), 400);
    member_leave(&m);
}
END_TEST

UNIT_CASE(consumer)
{
    tcase_add_checked_fixture(tc, members_begin, members_end);
    tcase_add_test(tc, all_records_come_in_order);
    tcase_add_test(tc, single_records_are_looked_at_beside_the_reading);
    tcase_add_test(tc, a_group_set_back_reads_again);
    tcase_add_test(tc, a_record_has_all_its_parts);
    tcase_add_test(tc, without_want_records_none_come_and_none_are_lost);
    tcase_add_test(tc, commits_survive_the_consumer);
    tcase_add_test(tc, commits_go_out_while_running);
    tcase_add_test(tc, an_error_while_reading_positions_is_tried_again);
    tcase_add_test(tc, a_broker_that_comes_later_is_found);
    tcase_add_test(tc, without_any_broker_new_and_free_do_not_wait);
    tcase_add_test(tc, a_refused_property_is_invalid);
}
