/* The step machine in a world that does what the test says: what the simulator's random schedules
 * do not look at. */
#include "aggregator/pipeline.h"

#include <stdio.h>
#include <string.h>

#include "common/base/timestamp.h"
#include "tests/unit/unit.h"

#define EPOCH_MS INT64_C(1763719200000)

/* One partition, one member, and a store that takes everything unless it is away. */
struct stage {
    int64_t now_ms;
    bool away;      /* the store takes and gives nothing */
    bool read_only; /* it takes no windows */
    bool assigned;
    enum stream_event event; /* told once, before records */
    struct stream_record record[8];
    char value[8][192];
    size_t records, given;
    int64_t account; /* next_offset of the stored ledger; 0 = there is none */
    unsigned finals; /* windows that came to the store as final */
    uint64_t late;   /* of the window written last */
    struct pipeline *pipeline;
};

static void poll_stream(void *self, bool want_records, int timeout_ms, struct stream_poll *out)
{
    struct stage *s = self;
    out->event = s->event;
    out->count = 0;
    s->event = STREAM_NOTHING;
    if (out->event != STREAM_NOTHING) {
        s->assigned = out->event == STREAM_ASSIGNED;
        out->partitions[out->count++] = 0;
    } else if (want_records && s->assigned && s->given < s->records) {
        out->event = STREAM_RECORDS;
        out->records = &s->record[s->given];
        out->count = s->records - s->given;
        s->given = s->records;
    } else {
        s->now_ms += timeout_ms;
    }
}

static void nothing(void *self)
{
    (void)self;
}

static void commit(void *self, int32_t partition, int64_t next_offset)
{
    (void)self;
    (void)partition;
    (void)next_offset;
}

static int position(void *self, int32_t partition, int64_t *next_offset, int64_t *log_start,
                    int64_t *log_end, struct err *e)
{
    const struct stage *s = self;
    (void)partition;
    (void)e;
    *next_offset = *log_start = 0;
    *log_end = (int64_t)s->records;
    return 0;
}

static int answer(const struct stage *s, struct err *e)
{
    return s->away ? err_set(e, ERR_UNAVAILABLE, "the store is away") : 0;
}

static int insert_raw(void *self, struct sink_raw *items, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++)
        items[i].outcome = RAW_STORED;
    return answer(self, e);
}

static int read_origins(void *self, struct sink_raw *const *items, size_t count, struct err *e)
{
    (void)items;
    (void)count;
    return answer(self, e);
}

static int read_windows(void *self, struct sink_window *items, size_t count, struct err *e)
{
    (void)items;
    (void)count;
    return answer(self, e);
}

static int write_windows(void *self, struct sink_window *items, size_t count, int64_t now_ms,
                         struct err *e)
{
    struct stage *s = self;
    (void)now_ms;
    if (s->read_only)
        return err_set(e, ERR_UNAVAILABLE, "the store takes no windows");
    for (size_t i = 0; i < count && !s->away; i++) {
        items[i].window->rev++;
        s->finals += items[i].window->final;
        s->late = items[i].window->late;
    }
    return answer(s, e);
}

static int devices(void *self, struct sink_device *items, size_t count, struct err *e)
{
    (void)items;
    (void)count;
    return answer(self, e);
}

static int read_ledger(void *self, int32_t partition, struct ledger *out, struct err *e)
{
    (void)partition;
    const struct stage *s = self;
    *out = (struct ledger){.next_offset = s->account, .stored = (uint64_t)s->account};
    return s->away ? answer(self, e) : s->account ? 0 : ERR_NOT_FOUND;
}

static int write_ledger(void *self, const struct ledger *ledger, int64_t expected_next,
                        int64_t now_ms, struct err *e)
{
    (void)ledger;
    (void)expected_next;
    (void)now_ms;
    return answer(self, e);
}

static int64_t wall_ms(void *self)
{
    return EPOCH_MS + ((struct stage *)self)->now_ms;
}

static uint64_t monotonic_ns(void *self)
{
    return (uint64_t)(1000 + ((struct stage *)self)->now_ms) * 1000000u;
}

static void stage_open(struct stage *s)
{
    *s = (struct stage){.event = STREAM_ASSIGNED};
    struct pipeline_config config = pipeline_config_defaults();
    struct pipeline_ports ports = {
        .stream = {.self = s,
                   .poll = poll_stream,
                   .release = nothing,
                   .revoke_done = nothing,
                   .commit = commit,
                   .position = position},
        .sink = {.self = s,
                 .insert_raw = insert_raw,
                 .read_origins = read_origins,
                 .read_windows = read_windows,
                 .write_windows = write_windows,
                 .read_devices = devices,
                 .write_devices = devices,
                 .read_ledger = read_ledger,
                 .write_ledger = write_ledger},
        .clock = {.self = s, .wall_ms = wall_ms, .monotonic_ns = monotonic_ns},
    };
    s->pipeline = pipeline_new(&config, &ports);
}

/* A reading that came into the log at `at_ms` and speaks of that moment. */
static void append(struct stage *s, int64_t at_ms)
{
    char ts[TIMESTAMP_TEXT_MAX];
    timestamp_format(EPOCH_MS + at_ms, ts);
    char *value = s->value[s->records];
    snprintf(value, sizeof s->value[0],
             "{\"device_id\":\"a\",\"ts\":\"%s\",\"temperature_c\":20,\"humidity\":40,"
             "\"received_at\":\"%s\"}",
             ts, ts);
    s->record[s->records] = (struct stream_record){
        .offset = (int64_t)s->records, .timestamp_ms = EPOCH_MS + at_ms, .value = span_str(value)};
    s->records++;
}

static void run_until(struct stage *s, int64_t until_ms)
{
    for (int i = 0; i < 100000 && s->now_ms < until_ms; i++)
        ck_assert(pipeline_step(s->pipeline));
}

START_TEST(the_windows_of_an_idle_partition_become_final)
{
    struct stage s;
    stage_open(&s);
    append(&s, 0);
    run_until(&s, 119000);
    ck_assert_uint_eq(s.finals, 0);
    run_until(&s, 123000);
    ck_assert_uint_eq(s.finals, 2);
    pipeline_free(s.pipeline);
}
END_TEST

/* A partition is not idle because nobody could read it. */
START_TEST(readings_that_waited_for_the_store_are_not_late)
{
    struct stage s;
    stage_open(&s);
    append(&s, 0);
    run_until(&s, 1000);
    s.read_only = true;
    append(&s, 1000);
    run_until(&s, 2000);
    append(&s, 3000); /* stays in the log while the store takes nothing */
    run_until(&s, 300000);
    s.read_only = false;
    run_until(&s, 340000);
    ck_assert_uint_eq(s.given, 3);
    ck_assert_uint_eq(s.late, 0);
    pipeline_free(s.pipeline);
}
END_TEST

/* Whoever has no partition any more has nothing that could be blocked. */
START_TEST(a_revoke_ends_the_blocking)
{
    struct stage s;
    char why[64];
    stage_open(&s);
    append(&s, 0);
    s.away = true;
    run_until(&s, 1000);
    ck_assert(pipeline_blocked(s.pipeline, why, sizeof why));
    s.event = STREAM_REVOKED;
    run_until(&s, 60000);
    ck_assert(!pipeline_blocked(s.pipeline, why, sizeof why));
    ck_assert_int_eq(pipeline_stats(s.pipeline)->blocked_since_ms, 0);
    pipeline_free(s.pipeline);
}
END_TEST

/* Its offsets begin anew, so its records would be taken for replays and dropped without a word. */
START_TEST(a_topic_made_anew_is_not_read)
{
    struct stage s;
    char why[256];
    stage_open(&s);
    s.account = 100;
    append(&s, 0);
    run_until(&s, 60000);
    ck_assert_uint_eq(s.given, 0);
    ck_assert_int_eq(pipeline_blocked(s.pipeline, why, sizeof why), PIPELINE_BLOCKED_BY_STORE);
    ck_assert_msg(strstr(why, "its ledger is at 100") != NULL, "%s", why);
    s.account = 0; /* a store without that account */
    run_until(&s, 120000);
    ck_assert_uint_eq(s.given, 1);
    pipeline_free(s.pipeline);
}
END_TEST

UNIT_CASE(pipeline)
{
    tcase_add_test(tc, a_topic_made_anew_is_not_read);
    tcase_add_test(tc, the_windows_of_an_idle_partition_become_final);
    tcase_add_test(tc, readings_that_waited_for_the_store_are_not_late);
    tcase_add_test(tc, a_revoke_ends_the_blocking);
}
