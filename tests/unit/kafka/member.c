/* A member of a consumer group in a test: it answers the port and notes what it was told. */
#include "tests/unit/kafka/member.h"

#include <check.h>
#include <string.h>

enum { OFFSETS_MAX = 10000 };
static bool seen[MOCK_PARTITIONS][OFFSETS_MAX];
static unsigned distinct;

struct mock members_broker;

unsigned members_seen(void)
{
    return distinct;
}

void members_begin(void)
{
    memset(seen, 0, sizeof seen);
    distinct = 0;
    mock_start(&members_broker);
}

void members_end(void)
{
    mock_stop(&members_broker);
}

void member_join(struct member *m, const struct mock *broker, const char *group)
{
    struct kafka_consumer_options o = mock_consumer_options(broker, group);
    struct err e = {0};
    memset(m, 0, sizeof *m);
    ck_assert_msg(kafka_consumer_new(&m->consumer, &o, &e) == 0, "%s", e.message);
    m->port = kafka_consumer_port(m->consumer);
}

static void on_partitions(struct member *m, bool ours)
{
    for (size_t i = 0; i < m->last.count; i++) {
        int32_t p = m->last.partitions[i];
        ck_assert_int_lt(p, MOCK_PARTITIONS);
        ck_assert_msg(m->ours[p] != ours, "partition %d: %d twice", (int)p, ours);
        m->ours[p] = ours;
        m->next[p] = -1;
    }
}

static void on_records(struct member *m)
{
    for (size_t i = 0; i < m->last.count; i++) {
        const struct stream_record *r = &m->last.records[i];
        ck_assert_msg(m->ours[r->partition], "a record of partition %d", (int)r->partition);
        ck_assert(m->next[r->partition] < 0 || m->next[r->partition] == r->offset);
        m->next[r->partition] = r->offset + 1;
        distinct += !seen[r->partition][r->offset];
        seen[r->partition][r->offset] = true;
    }
    m->records += (unsigned)m->last.count;
}

enum stream_event member_step(struct member *m, bool want_records, int timeout_ms)
{
    m->port.poll(m->port.self, want_records, timeout_ms, &m->last);
    switch (m->last.event) {
    case STREAM_NOTHING:
        break;
    case STREAM_RECORDS:
        on_records(m);
        break;
    case STREAM_ASSIGNED:
        on_partitions(m, true);
        m->assigned++;
        break;
    case STREAM_REVOKED:
        m->revoked++;
        break;
    case STREAM_LOST:
        on_partitions(m, false);
        m->lost++;
        break;
    case STREAM_ERROR:
        ck_assert_int_ne(m->last.err.code, 0);
        m->errors++;
        break;
    }
    return m->last.event;
}

enum stream_event member_live(struct member *m, int timeout_ms)
{
    enum stream_event event = member_step(m, true, timeout_ms);
    if (event == STREAM_RECORDS) {
        m->port.release(m->port.self);
        for (int32_t p = 0; p < MOCK_PARTITIONS; p++) {
            if (m->ours[p] && m->next[p] >= 0) {
                m->port.commit(m->port.self, p, m->next[p]);
            }
        }
    } else if (event == STREAM_REVOKED) {
        on_partitions(m, false);
        m->port.revoke_done(m->port.self);
    }
    return event;
}

int member_owned(const struct member *m)
{
    int n = 0;
    for (int p = 0; p < MOCK_PARTITIONS; p++) {
        n += m->ours[p];
    }
    return n;
}

void member_live_until_records(struct member *m, unsigned count)
{
    uint64_t end = mock_now_ms() + MOCK_PATIENCE_MS;
    while (m->records < count && mock_now_ms() < end) {
        member_live(m, 100);
    }
    ck_assert_uint_eq(m->records, count);
}

void member_live_until_owned(struct member *m, int count)
{
    uint64_t end = mock_now_ms() + MOCK_PATIENCE_MS;
    while (member_owned(m) != count && mock_now_ms() < end) {
        member_live(m, 100);
    }
    ck_assert_int_eq(member_owned(m), count);
}

void member_leave(struct member *m)
{
    ck_assert(kafka_consumer_free(m->consumer));
}
