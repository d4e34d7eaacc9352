/* A world for the step machine that does what the test says. */
#include "tests/unit/aggregator/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/timestamp.h"
#include "tests/unit/unit.h"

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
        out->count = s->read_takes_ms ? 1 : s->records - s->given;
        s->given += out->count;
        s->now_ms += s->read_takes_ms;
    } else {
        s->now_ms += timeout_ms;
    }
}

static void nothing(void *self)
{
    (void)self;
}

static void revoke_done(void *self)
{
    struct stage *s = self;
    s->given_back++;
    s->assigned = false;
}

static void on_dead(void *self, const struct dead_letter *d)
{
    struct stage *s = self;
    (void)d;
    s->dead++;
}

static void commit(void *self, int32_t partition, int64_t next_offset)
{
    struct stage *s = self;
    (void)partition;
    s->committed = next_offset;
}

static int position(void *self, int32_t partition, int64_t *next_offset, int64_t *log_start,
                    int64_t *log_end, struct err *e)
{
    const struct stage *s = self;
    (void)partition;
    (void)e;
    *next_offset = s->committed;
    *log_start = 0;
    *log_end = (int64_t)s->records;
    return 0;
}

static int answer(const struct stage *s, struct err *e)
{
    return s->away ? err_set(e, ERR_UNAVAILABLE, "the store is away") : 0;
}

static void take_raw(struct stage *s, struct sink_raw *raw)
{
    struct stage_fault *f = &s->fault[raw->offset];
    raw->store_code = 8;
    raw->store_error = "UnknownError";
    raw->outcome = f->refused ? RAW_REFUSED : f->fails ? RAW_FAILED : RAW_STORED;
    f->fails -= f->fails > 0;
    s->stored[raw->offset] |= raw->outcome == RAW_STORED;
}

static void insert_begin(void *self, const struct sink_raw *items, size_t count)
{
    struct stage *s = self;
    (void)count;
    ck_assert(!s->inserting);
    s->inserting = true;
    s->begun++;
    s->begun_at = items[0].offset;
}

static void insert_abandon(void *self)
{
    struct stage *s = self;
    ck_assert(s->inserting);
    s->inserting = false;
    s->abandoned++;
}

static int insert_finish(void *self, struct sink_raw *items, size_t count, int wait_ms,
                         struct err *e)
{
    struct stage *s = self;
    ck_assert(s->inserting && items[0].offset == s->begun_at);
    if (s->now_ms < s->slow_until_ms) {
        s->now_ms += wait_ms;
        return ERR_TIMEOUT;
    }
    s->inserting = false;
    if (s->away)
        return answer(s, e);
    bool whole = false;
    for (size_t i = 0; i < count; i++) {
        struct stage_fault *f = &s->fault[items[i].offset];
        f->offered++;
        f->alone += count == 1;
        whole |= f->whole;
    }
    if (whole)
        return err_set(e, ERR_FAILED, "the store refuses the call");
    for (size_t i = 0; i < count; i++)
        take_raw(s, &items[i]);
    return 0;
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

static int find_open(void *self, int32_t partition, int64_t until_ms, struct sink_key *out,
                     size_t max, size_t *count, struct err *e)
{
    (void)partition;
    (void)until_ms;
    (void)out;
    (void)max;
    *count = 0;
    return answer(self, e);
}

static int write_windows(void *self, struct sink_window *items, size_t count, int64_t now_ms,
                         struct err *e)
{
    struct stage *s = self;
    (void)now_ms;
    if (s->read_only)
        return err_set(e, ERR_UNAVAILABLE, "the store takes no windows");
    s->now_ms += s->write_takes_ms;
    for (size_t i = 0; i < count && !s->away; i++) {
        items[i].window->rev++;
        s->window_writes++;
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
    bool kept = s->ledger.next_offset > 0 && s->ledger_store == s->store;
    *out = kept ? s->ledger
                : (struct ledger){.next_offset = s->account, .stored = (uint64_t)s->account};
    return s->away ? answer(self, e) : s->account || kept ? 0 : ERR_NOT_FOUND;
}

static int identity(void *self, char out[SINK_IDENTITY_MAX], struct err *e)
{
    const struct stage *s = self;
    snprintf(out, SINK_IDENTITY_MAX, "store-%d", s->store);
    return s->away ? answer(s, e) : s->store < 0 ? ERR_NOT_FOUND : 0;
}

static int write_ledgers(void *self, struct sink_ledger *items, size_t count, int64_t now_ms,
                         struct err *e)
{
    struct stage *s = self;
    (void)now_ms;
    for (size_t i = 0; i < count && !s->away; i++) {
        bool kept = s->ledger_store == s->store && s->ledger.next_offset > 0;
        items[i].lost = kept ? items[i].expected_next != s->ledger.next_offset
                             : items[i].expected_next > s->account;
        if (!items[i].lost) {
            s->ledger = items[i].ledger;
            s->ledger_store = s->store;
        }
    }
    return answer(s, e);
}

static struct stream_headers headers(void *self, const struct stream_record *r)
{
    const struct stage *s = self;
    return s->headers[r->offset];
}

static int peek(void *self, struct stream_peek *items, size_t count, struct err *e)
{
    const struct stage *s = self;
    (void)e;
    for (size_t i = 0; i < count; i++) {
        const struct stream_record *r = &s->record[items[i].offset];
        items[i].found = items[i].offset < (int64_t)s->records;
        items[i].hash = items[i].found ? stream_record_hash(r->key, r->value, r->timestamp_ms) : 0;
    }
    return 0;
}

static int rewind_group(void *self, const struct stream_place *items, size_t count, struct err *e)
{
    struct stage *s = self;
    (void)e;
    for (size_t i = 0; i < count; i++)
        s->committed = items[i].next_offset;
    s->rewinds++;
    return 0;
}

static void rejoin(void *self)
{
    struct stage *s = self;
    s->rejoins++;
    s->assigned = false;
    s->event = STREAM_ASSIGNED;
    s->given = (size_t)s->committed;
}

static void store_replaced(void *self)
{
    struct stage *s = self;
    s->replaced++;
    s->store = abs(s->store);
}

static int send_letters(void *self, const struct dead_letter *items, size_t count, struct err *e)
{
    struct stage *s = self;
    (void)e;
    for (size_t i = 0; i < count; i++)
        s->letter[s->letters++] = items[i];
    return 0;
}

static int64_t wall_ms(void *self)
{
    return EPOCH_MS + ((struct stage *)self)->now_ms;
}

static uint64_t monotonic_ns(void *self)
{
    return (uint64_t)(1000 + ((struct stage *)self)->now_ms) * 1000000u;
}

static void on_blocked(void *self, const char *effect, const struct err *e, unsigned attempt,
                       int64_t retry_ms)
{
    struct stage *s = self;
    (void)attempt;
    (void)retry_ms;
    s->blocked++;
    snprintf(s->why, sizeof s->why, "%s: %s", effect, e->message);
}

static struct sink own_sink(struct stage *s)
{
    return (struct sink){.self = s,
                         .insert_begin = insert_begin,
                         .insert_finish = insert_finish,
                         .insert_abandon = insert_abandon,
                         .read_origins = read_origins,
                         .read_windows = read_windows,
                         .find_open = find_open,
                         .write_windows = write_windows,
                         .read_devices = devices,
                         .write_devices = devices,
                         .read_ledger = read_ledger,
                         .identity = identity,
                         .write_ledgers = write_ledgers};
}

void stage_open(struct stage *s)
{
    const struct pipeline_config config = pipeline_config_defaults();
    stage_open_as(s, &config);
}

void stage_close(struct stage *s)
{
    pipeline_free(s->pipeline);
}

static void open_over(struct stage *s, const struct pipeline_config *config,
                      const struct sink *sink)
{
    *s = (struct stage){.event = STREAM_ASSIGNED};
    s->ports = (struct pipeline_ports){
        .stream = {.self = s,
                   .poll = poll_stream,
                   .headers = headers,
                   .release = nothing,
                   .revoke_done = revoke_done,
                   .commit = commit,
                   .position = position,
                   .peek = peek,
                   .rewind = rewind_group,
                   .rejoin = rejoin},
        .sink = *sink,
        .letters = {.self = s, .send = send_letters},
        .observer = {.self = s,
                     .blocked = on_blocked,
                     .dead = on_dead,
                     .store_replaced = store_replaced},
        .clock = {.self = s, .wall_ms = wall_ms, .monotonic_ns = monotonic_ns},
    };
    s->pipeline = pipeline_new(config, &s->ports);
}

void stage_open_on(struct stage *s, const struct sink *sink)
{
    const struct pipeline_config config = pipeline_config_defaults();
    open_over(s, &config, sink);
}

void stage_open_as(struct stage *s, const struct pipeline_config *config)
{
    const struct sink sink = own_sink(s);
    open_over(s, config, &sink);
}

void stage_append(struct stage *s, int64_t at_ms)
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

void stage_run_until(struct stage *s, int64_t until_ms)
{
    for (int i = 0; i < 100000 && s->now_ms < until_ms; i++)
        ck_assert(pipeline_step(s->pipeline));
}
