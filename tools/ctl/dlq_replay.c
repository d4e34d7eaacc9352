/* weirctl dlq replay: original records once more into the topic of the readings. */
#include <bson/bson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/base/random.h"
#include "common/base/xmalloc.h"
#include "common/kafka/publish.h"
#include "tools/ctl/audit.h"
#include "tools/ctl/dlq.h"
#include "tools/ctl/when.h"

enum { BATCH_MAX = 200, SEND_MS = 15000, DELIVERY_MS = 5000, LETTER_BYTES_MAX = 4 << 20 };

static const struct flag flags[] = {
    DLQ_FILTER_FLAGS,
    {.name = "all", .help = "Every letter; one of the filters or a letter is needed without it."},
    {.name = "dry-run", .help = "Says what would be replayed, and changes nothing."},
    {.name = "rate",
     .value = "N",
     .fallback = "100",
     .help = "Records a second at most, 1 to 100000."},
    {.name = "rounds",
     .value = "N",
     .fallback = "3",
     .help = "Letters that were replayed so often already are left alone."},
    {.name = "json", .help = "The summary as one JSON object."},
    {0},
};

/* A record to be sent: the reader's bytes are gone when the next one comes. */
struct parcel {
    struct buf key, value, trace;
    char round[DLQ_REPLAY_MAX];
    size_t round_len;
    bool has_key;
    struct kafka_header header[2];
};

struct replay {
    const struct call *call;
    struct dlq *dlq;
    struct kafka_publisher *publisher; /* NULL in a dry run */
    struct clock clock;
    int64_t rate, rounds;
    unsigned batch_size, count; /* of parcels; filled */
    struct parcel parcel[BATCH_MAX];
    struct kafka_message message[BATCH_MAX];
    struct map *rounds_of; /* first origin -> 1 + the last round that became a letter again */
    uint64_t begun_ms;
    uint64_t replayed, superseded, exhausted, empty, cut, foreign;
    struct err err;
};

/* --- sending ---------------------------------------------------------------------------------- */

/* As if the records went out evenly since the beginning. */
static void keep_pace(const struct replay *r)
{
    uint64_t due = r->begun_ms + r->replayed * 1000 / (uint64_t)r->rate;
    uint64_t now = clock_monotonic_ms(&r->clock);
    if (now >= due)
        return;
    const struct timespec pause = {.tv_sec = (time_t)((due - now) / 1000),
                                   .tv_nsec = (long)((due - now) % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

static bool send_batch(struct replay *r)
{
    int rc = 0;
    if (r->publisher && r->count > 0) {
        rc = kafka_publisher_send_all(r->publisher, r->message, r->count, SEND_MS, NULL, &r->err);
        if (rc == 0)
            r->replayed += r->count;
        if (rc == 0)
            keep_pace(r);
    } else {
        r->replayed += r->count;
    }
    r->count = 0;
    return rc == 0;
}

static void pack(struct replay *r, const struct dlq_letter *letter)
{
    struct parcel *p = &r->parcel[r->count];
    buf_clear(&p->key);
    buf_clear(&p->value);
    buf_clear(&p->trace);
    buf_span(&p->key, letter->record->key);
    buf_span(&p->value, letter->body.original);
    p->round_len = dlq_next_round(letter, p->round);
    p->header[0] = (struct kafka_header){DLQ_REPLAY_HEADER, span_of(p->round, p->round_len)};
    for (unsigned i = 0; i < letter->record->header_count; i++)
        if (strcmp(letter->record->headers[i].name, "traceparent") == 0 && p->trace.len == 0)
            buf_span(&p->trace, letter->record->headers[i].value);
    p->header[1] = (struct kafka_header){"traceparent", buf_view(&p->trace)};
    r->message[r->count++] = (struct kafka_message){
        .partition = -1, /* where the device belongs now */
        .key = letter->record->key.p ? buf_view(&p->key) : span_of(NULL, 0),
        .value = buf_view(&p->value),
        .headers = p->header,
        .header_count = p->trace.len > 0 ? 2 : 1,
    };
}

static bool note_round(void *arg, const struct dlq_letter *letter)
{
    struct replay *r = arg;
    char origin[DLQ_REPLAY_MAX];
    struct span key = span_of(origin, dlq_first_origin(letter, origin));
    uintptr_t known = (uintptr_t)map_get(r->rounds_of, key), round = (uintptr_t)letter->round + 1;
    if (round > known)
        map_put(r->rounds_of, key, (void *)round);
    return true;
}

/* It was replayed and is a dead letter again, in a later round: that one stands for it. Else each
 * replay would send the letters of all rounds, and double them. */
static bool is_superseded(const struct replay *r, const struct dlq_letter *letter)
{
    char origin[DLQ_REPLAY_MAX];
    size_t len = dlq_first_origin(letter, origin);
    return (uintptr_t)map_get(r->rounds_of, span_of(origin, len)) > (uintptr_t)letter->round + 1;
}

static bool take(void *arg, const struct dlq_letter *letter)
{
    struct replay *r = arg;
    const struct dead_letter_read *body = &letter->body;
    uint64_t *skipped = !span_is(body->topic, r->dlq->settings.kafka.telemetry_topic) ? &r->foreign
                        : is_superseded(r, letter)   ? &r->superseded
                        : letter->round >= r->rounds ? &r->exhausted
                        : body->truncated            ? &r->cut
                        : body->original.len == 0    ? &r->empty
                                                     : NULL;
    if (skipped) {
        ++*skipped;
        return true;
    }
    pack(r, letter);
    return r->count < r->batch_size || send_batch(r);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void summarise(const struct replay *r, bool dry)
{
    const struct {
        uint64_t count;
        const char *name, *text;
    } left[] = {
        {r->superseded, "superseded", "they are dead letters again, from a later replay"},
        {r->exhausted, "exhausted", "they were replayed as often as --rounds allows"},
        {r->cut, "cut", "the letter holds only their beginning"},
        {r->empty, "empty", "there is nothing in them"},
        {r->foreign, "foreign", "they are of another topic than TELEMETRY_TOPIC"},
    };
    bool json = call_has(r->call, "json");
    FILE *out = r->call->out;
    fprintf(out,
            json  ? "{\"replayed\":%llu"
            : dry ? "%llu would be replayed\n"
                  : "%llu replayed\n",
            (unsigned long long)r->replayed);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        if (json)
            fprintf(out, ",\"%s\":%llu", left[i].name, (unsigned long long)left[i].count);
        else if (left[i].count)
            fprintf(out, "%llu left alone: %s\n", (unsigned long long)left[i].count, left[i].text);
    }
    if (json)
        fprintf(out, ",\"dry_run\":%s}\n", dry ? "true" : "false");
}

static void describe(bson_t *doc, const struct replay *r, const struct dlq_filter *f)
{
    bson_t ids;
    if (f->reason)
        BSON_APPEND_UTF8(doc, "reason", f->reason);
    if (f->device)
        BSON_APPEND_UTF8(doc, "device", f->device);
    if (f->from_ms != INT64_MIN)
        BSON_APPEND_DATE_TIME(doc, "from", f->from_ms);
    if (f->to_ms != INT64_MAX)
        BSON_APPEND_DATE_TIME(doc, "to", f->to_ms);
    BSON_APPEND_ARRAY_BEGIN(doc, "letters", &ids);
    for (unsigned i = 0; i < f->id_count; i++) {
        char index[NUM_TEXT_MAX];
        size_t len = num_format_i64(i, index);
        bson_append_utf8(&ids, index, (int)len, f->ids[i], -1);
    }
    bson_append_array_end(doc, &ids);
    BSON_APPEND_INT64(doc, "rate", r->rate);
    BSON_APPEND_INT64(doc, "rounds", r->rounds);
}

/* --- doing it --------------------------------------------------------------------------------- */

static int run_through(struct replay *r, const struct dlq_filter *f, struct err *e)
{
    const struct dlq_filter all = {.from_ms = INT64_MIN, .to_ms = INT64_MAX};
    r->rounds_of = map_new(random_seed());
    int rc = dlq_each(r->dlq, &all, note_round, r, e);
    r->begun_ms = clock_monotonic_ms(&r->clock);
    if (rc == 0)
        rc = dlq_each(r->dlq, f, take, r, e);
    if (rc == 0 && r->err.code == 0)
        (void)send_batch(r);
    map_free(r->rounds_of, NULL);
    if (rc == 0 && r->err.code)
        rc = err_set(e, r->err.code, "%s", r->err.message);
    return rc;
}

static int open_publisher(struct replay *r, struct err *e)
{
    const char *const topics[] = {r->dlq->settings.kafka.telemetry_topic, NULL};
    const struct kafka_producer_options options = {
        .kafka = r->dlq->kafka,
        .topics = topics,
        .linger_ms = 1,
        .delivery_timeout_ms = DELIVERY_MS,
        .max_messages = BATCH_MAX,
        .max_bytes = 64 << 20,
        .max_message_bytes = LETTER_BYTES_MAX,
    };
    return kafka_publisher_new(&r->publisher, &options, e);
}

/* With the record of it around. */
static int replay(struct replay *r, const struct dlq_filter *f, struct err *e)
{
    struct reach reach;
    struct audit audit;
    bson_t details = BSON_INITIALIZER, result = BSON_INITIALIZER;
    describe(&details, r, f);
    int rc = reach_open(&reach, &r->dlq->settings, REACH_BRISK_MS, e);
    if (rc == 0)
        rc = audit_begin(&audit, &reach, "dlq replay", &details, clock_wall_ms(&r->clock), e);
    if (rc == 0) {
        struct err late = {0};
        rc = open_publisher(r, e);
        rc = rc ? rc : run_through(r, f, e);
        BSON_APPEND_INT64(&result, "replayed", (int64_t)r->replayed);
        BSON_APPEND_UTF8(&result, "outcome", rc ? e->message : "done");
        int told = audit_end(&audit, &result, clock_wall_ms(&r->clock), rc ? &late : e);
        rc = rc ? rc : told;
    }
    kafka_publisher_free(r->publisher);
    bson_destroy(&details);
    bson_destroy(&result);
    reach_close(&reach);
    return rc;
}

static int read_number(const struct call *c, const char *flag, int64_t max, int64_t *out,
                       struct err *e)
{
    if (num_parse_i64(span_str(call_flag(c, flag)), 1, max, out))
        return 0;
    return err_set(e, ERR_INVALID, "--%s: \"%s\" is no number from 1 to %lld", flag,
                   call_flag(c, flag), (long long)max);
}

static int prepare(struct replay *r, struct dlq_filter *f, struct err *e)
{
    const struct call *c = r->call;
    int rc = dlq_filter_read(f, c, clock_wall_ms(&r->clock), e);
    rc = rc ? rc : read_number(c, "rate", 100000, &r->rate, e);
    rc = rc ? rc : read_number(c, "rounds", 1000000, &r->rounds, e);
    if (rc)
        return rc;
    bool some =
        f->reason || f->device || f->id_count || f->from_ms != INT64_MIN || f->to_ms != INT64_MAX;
    if (some == call_has(c, "all"))
        return err_set(e, ERR_INVALID, "%s",
                       some ? "--all and a filter exclude each other"
                            : "which letters? Give a filter, letters, or --all");
    int64_t batch = r->rate / 10;
    r->batch_size = (unsigned)(batch < 1 ? 1 : batch > BATCH_MAX ? BATCH_MAX : batch);
    return 0;
}

static int run_with(struct replay *r)
{
    struct dlq_filter f;
    struct err e = {0};
    bool dry = call_has(r->call, "dry-run");
    if (prepare(r, &f, &e) != 0)
        return call_fail(r->call, CTL_USAGE, "%s", e.message);
    int rc = dry ? run_through(r, &f, &e) : replay(r, &f, &e);
    summarise(r, dry);
    return rc ? call_error(r->call, &e) : call_finish(r->call);
}

static int run(const struct call *c)
{
    struct dlq d;
    int status = dlq_open(&d, c);
    if (status == CTL_OK) {
        struct replay *r = xcalloc(1, sizeof *r);
        r->call = c;
        r->dlq = &d;
        r->clock = clock_system();
        status = run_with(r);
        for (unsigned i = 0; i < BATCH_MAX; i++) {
            buf_deinit(&r->parcel[i].key);
            buf_deinit(&r->parcel[i].value);
            buf_deinit(&r->parcel[i].trace);
        }
        free(r);
    }
    dlq_close(&d);
    return status;
}

const struct command command_dlq_replay = {
    .name = "replay",
    .summary = "sends the original records of dead letters once more.",
    .flags = flags,
    .operands = "[PARTITION/OFFSET...]",
    .settings = ctl_rows_dlq_replay,
    .run = run,
    .help =
        "For when the cause is gone: a rule was changed, a version repaired. The bytes go to\n"
        "TELEMETRY_TOPIC as they were, with their key. Event time and id of a reading are in "
        "those\n"
        "bytes, so it is stored and counted once, however often it is replayed: a second time it\n"
        "is a duplicate. A record that still cannot be stored is a dead letter again, which says "
        "how\n"
        "often it was replayed (header weir-replay) and is left alone after --rounds.\n"
        "\n"
        "What is in the topic when it starts is gone through once; nothing is removed from it. "
        "When\n"
        "it fails half-way, just do it again. Who replayed what is written to the collection\n"
        "audit before the first record is sent.\n"
        "\n"
        "Examples\n"
        "  weirctl dlq replay --reason future --from -1d --dry-run\n"
        "  weirctl dlq replay 3/17 3/18\n"
        "  weirctl dlq replay --all --rate 500\n",
};
