/* Members that come, go, and die: nothing is lost, and the caller always knows what is its own. */
#include "common/kafka/consumer.h"

#include <string.h>

#include "tests/unit/kafka/member.h"
#include "tests/unit/unit.h"

/* The second member gets its share, nothing is lost, and after it left the first has all again. */
START_TEST(two_members_share_and_give_back)
{
    struct member a, b;
    mock_fill(&members_broker, 1000);
    member_join(&a, &members_broker, "g");
    member_live_until_records(&a, 1000);
    member_join(&b, &members_broker, "g");
    uint64_t end = mock_now_ms() + MOCK_PATIENCE_MS;
    while (member_owned(&b) == 0 && mock_now_ms() < end) {
        member_live(&a, 20);
        member_live(&b, 20);
    }
    ck_assert_int_eq(member_owned(&b), MOCK_PARTITIONS / 2);
    ck_assert_uint_ge(a.revoked, 1);
    while (member_owned(&a) == 0 && mock_now_ms() < end) {
        member_live(&a, 20);
    }
    ck_assert_int_eq(member_owned(&a), MOCK_PARTITIONS / 2);
    mock_fill(&members_broker, 1000);
    while (members_seen() < 2000 && mock_now_ms() < end) {
        member_live(&a, 20);
        member_live(&b, 20);
    }
    ck_assert_uint_eq(members_seen(), 2000);
    ck_assert_uint_gt(b.records, 0);
    member_leave(&b);
    member_live_until_owned(&a, MOCK_PARTITIONS);
    member_leave(&a);
}
END_TEST

/* The first member had all, and is told to give back what it has not given back yet. */
static void revoke_by_another(struct member *a, struct member *b, uint64_t end)
{
    member_join(a, &members_broker, "g");
    member_live_until_owned(a, MOCK_PARTITIONS);
    member_join(b, &members_broker, "g");
    while (a->revoked == 0 && mock_now_ms() < end) {
        member_step(a, true, 20);
        member_live(b, 20);
    }
    ck_assert_uint_eq(a->revoked, 1);
}

START_TEST(between_revoked_and_done_no_records_come)
{
    struct member a, b;
    uint64_t end = mock_now_ms() + MOCK_PATIENCE_MS;
    revoke_by_another(&a, &b, end);
    mock_fill(&members_broker, 100);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(member_step(&a, true, 10), STREAM_NOTHING);
    }
    memset(a.ours, 0, sizeof a.ours);
    a.port.revoke_done(a.port.self);
    a.port.revoke_done(a.port.self);
    while (members_seen() < 100 && mock_now_ms() < end) {
        member_live(&a, 20);
        member_live(&b, 20);
    }
    ck_assert_uint_eq(members_seen(), 100);
    member_leave(&b);
    member_leave(&a);
}
END_TEST

/* The records in the caller's hands stay readable, and what was not committed comes again. */
START_TEST(a_fatal_error_is_survived_with_records_in_hand)
{
    struct member m;
    mock_fill(&members_broker, 3000);
    member_join(&m, &members_broker, "g");
    while (member_step(&m, true, MOCK_PATIENCE_MS) != STREAM_RECORDS) {
        ck_assert_int_ne(m.last.event, STREAM_NOTHING);
    }
    struct stream_record *records = m.last.records;
    size_t count = m.last.count;
    rd_kafka_test_fatal_error(kafka_consumer_handle(m.consumer),
                              RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "test");
    ck_assert_int_eq(member_step(&m, false, MOCK_PATIENCE_MS), STREAM_LOST);
    ck_assert_int_eq(member_owned(&m), 0);
    ck_assert_int_eq(member_step(&m, false, MOCK_PATIENCE_MS), STREAM_ERROR);
    ck_assert_msg(strstr(m.last.err.message, "replaced") != NULL, "%s", m.last.err.message);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(records[i].value.p[0], '{');
    }
    m.port.release(m.port.self);
    m.records = 0;
    member_live_until_records(&m, 3000);
    ck_assert_uint_eq(m.assigned, 2);
    member_leave(&m);
}
END_TEST

START_TEST(a_fatal_error_while_revoking_ends_the_revocation)
{
    struct member a, b;
    uint64_t end = mock_now_ms() + MOCK_PATIENCE_MS;
    revoke_by_another(&a, &b, end);
    rd_kafka_test_fatal_error(kafka_consumer_handle(a.consumer),
                              RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "test");
    while (a.lost == 0 && mock_now_ms() < end) {
        member_step(&a, true, 20);
    }
    ck_assert_uint_eq(a.lost, 1);
    a.port.revoke_done(a.port.self); /* too late, harmless */
    while (member_owned(&a) + member_owned(&b) < MOCK_PARTITIONS && mock_now_ms() < end) {
        member_live(&a, 20);
        member_live(&b, 20);
    }
    ck_assert_int_eq(member_owned(&a) + member_owned(&b), MOCK_PARTITIONS);
    member_leave(&b);
    member_leave(&a);
}
END_TEST

UNIT_CASE(rebalance)
{
    tcase_add_checked_fixture(tc, members_begin, members_end);
    tcase_add_test(tc, two_members_share_and_give_back);
    tcase_add_test(tc, between_revoked_and_done_no_records_come);
    tcase_add_test(tc, a_fatal_error_is_survived_with_records_in_hand);
    tcase_add_test(tc, a_fatal_error_while_revoking_ends_the_revocation);
}
