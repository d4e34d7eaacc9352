/* Accounts against the dead letters. A letter is sent before its record is accounted for, at least
 * once; so below a ledger's next offset there is one for each dead record, however often. Nothing
 * else says which records are dead, so numbers are compared. Only when they differ is the log read
 * too, to name the records. */
#include <mongoc/mongoc.h>
#include <stdlib.h>

#include "common/base/timestamp.h"
#include "common/base/xmalloc.h"
#include "common/kafka/reader.h"
#include "common/model/dead_letter_read.h"
#include "common/store/documents.h"
#include "tools/ctl/letter_tally.h"
#include "tools/ctl/verify_letters.h"

enum { TALLY_BYTES = 32 << 20, NAMED_MAX = 10 };

struct checking {
    struct verify *v;
    struct kafka_reader *reader;
    struct kafka_partition *dlq; /* owned; NULL = there is no such topic */
    size_t dlq_partitions;
    int64_t *oldest_ms; /* owned; the oldest record of each of those; INT64_MAX = it has none */
    struct dead_letter_read body;
    struct letter_tally tally;
    void (*take)(struct checking *c, size_t partition, int64_t offset); /* of a letter */
    uint64_t done; /* records of this pass, for the progress */

    int32_t explained;      /* partition of the log whose records are named */
    struct reading reading; /* of its log */
    bool missing;           /* records without a letter are named, else letters of stored ones */
    struct buf names;
    unsigned named;
    int store_rc; /* of asking it */
    struct err *e;
};

static void tick(struct checking *c)
{
    if (++c->done % 1024 == 0)
        progress_tick(&c->v->progress, c->done, clock_monotonic_ms(&c->v->clock));
}

static void begin_progress(struct checking *c, const char *what, const struct kafka_partition *p,
                           size_t count)
{
    c->done = 0;
    c->v->progress.what = what;
    c->v->progress.total = 0;
    for (size_t i = 0; i < count; i++)
        c->v->progress.total += p[i].end > p[i].start ? (uint64_t)(p[i].end - p[i].start) : 0;
}

/* --- letters ---------------------------------------------------------------------------------- */

/* Letters of others, of other topics, and of records that no ledger has yet, do not count; those of
 * a replayed record are of the place where the replay stood. */
static bool is_wanted(const struct checking *c)
{
    const struct verify *v = c->v;
    const struct dead_letter_read *d = &c->body;
    if (!span_is(d->worker, VERIFY_GROUP) ||
        !span_is(d->topic, v->settings.kafka.telemetry_topic) || d->partition < 0 ||
        (size_t)d->partition >= v->recount.partitions || !v->has_ledger[d->partition])
        return false;
    const struct ledger *l = &v->ledger[d->partition];
    return d->offset >= l->first && d->offset < l->next_offset;
}

static bool take_letter(void *arg, const struct kafka_reader_record *record)
{
    struct checking *c = arg;
    struct err ignored = {0};
    int64_t *oldest_ms = &c->oldest_ms[record->partition];
    tick(c);
    if (record->timestamp_ms >= 0 && record->timestamp_ms < *oldest_ms)
        *oldest_ms = record->timestamp_ms;
    if (dead_letter_read(&c->body, record->value, &ignored) == 0 && is_wanted(c))
        c->take(c, (size_t)c->body.partition, c->body.offset);
    return true;
}

static int each_letter(struct checking *c,
                       void (*take)(struct checking *c, size_t partition, int64_t offset),
                       struct err *e)
{
    c->take = take;
    begin_progress(c, "dead letters", c->dlq, c->dlq_partitions);
    return kafka_reader_each(c->reader, c->v->settings.kafka.dlq_topic, c->dlq, c->dlq_partitions,
                             take_letter, c, e);
}

static void reach(struct checking *c, size_t partition, int64_t offset)
{
    letter_tally_reach(&c->tally, partition, offset);
}

static void note(struct checking *c, size_t partition, int64_t offset)
{
    letter_tally_note(&c->tally, partition, offset);
}

static int count_letters(struct checking *c, struct err *e)
{
    int rc = each_letter(c, reach, e);
    while (rc == 0 && letter_tally_next(&c->tally))
        rc = each_letter(c, note, e);
    return rc;
}

/* --- names ------------------------------------------------------------------------------------ */

static void note_explained(struct checking *c, size_t partition, int64_t offset)
{
    if (partition == (size_t)c->explained)
        letter_tally_note(&c->tally, 0, offset);
}

/* How far ahead a time may be is a setting of the aggregator: such records are not named. */
static bool can_be_read(struct checking *c, const struct kafka_reader_record *record)
{
    static const struct reading_rules rules = {.mode = READING_CANONICAL,
                                               .now_ms = TIMESTAMP_MAX_MS,
                                               .max_future_skew_ms = TIMESTAMP_MAX_MS};
    struct reading_problems problems = {0};
    return reading_decode(&c->reading, record->value, &rules, &problems) == 0;
}

/* Whether the reading that was read last is there, whatever record it came with. */
static bool is_stored(struct checking *c)
{
    struct verify *v = c->v;
    const struct reading_id id = reading_id(&c->reading);
    bson_t filter = BSON_INITIALIZER;
    bson_oid_t oid;
    bson_error_t error = {0};
    bson_oid_init_from_data(&oid, id.byte);
    BSON_APPEND_OID(&filter, "_id", &oid);
    mongoc_collection_t *raw = reach_collection(&v->reach, v->settings.mongo.raw_collection);
    int64_t found = mongoc_collection_count_documents(raw, &filter, NULL, NULL, NULL, &error);
    mongoc_collection_destroy(raw);
    bson_destroy(&filter);
    if (found < 0)
        c->store_rc = mongo_fail(c->e, v->settings.mongo.raw_collection, &error, NULL);
    return found > 0;
}

/* Unreadable, and no letter; or a letter, and the reading is stored. What can be read and is not
 * stored may be dead for its time, or because the store refused it. */
static bool is_wrong(struct checking *c, const struct kafka_reader_record *record)
{
    bool letter = letter_tally_has(&c->tally, 0, record->offset);
    if (c->missing)
        return !letter && !can_be_read(c, record);
    return letter && can_be_read(c, record) && is_stored(c);
}

static bool take_record(void *arg, const struct kafka_reader_record *record)
{
    struct checking *c = arg;
    tick(c);
    if (is_wrong(c, record) && ++c->named <= NAMED_MAX)
        buf_printf(&c->names, "%s%lld", c->named > 1 ? ", " : "", (long long)record->offset);
    return c->store_rc == 0;
}

/* The part of the log that the tally's pass is about. */
static int read_log(struct checking *c, struct kafka_partition p, struct err *e)
{
    const struct letter_place *place = &c->tally.of[0];
    int64_t end = place->base + (int64_t)c->tally.width;
    p.start = place->base;
    p.end = place->high + 1 < end ? place->high + 1 : end;
    begin_progress(c, "records", &p, 1);
    c->e = e;
    int rc = kafka_reader_each(c->reader, c->v->settings.kafka.telemetry_topic, &p, 1, take_record,
                               c, e);
    return rc ? rc : c->store_rc;
}

static int explain_within(struct checking *c, struct kafka_partition p, struct err *e)
{
    const struct ledger *l = &c->v->ledger[c->explained];
    int rc = 0;
    if (p.start < l->first)
        p.start = l->first;
    if (p.start >= l->next_offset)
        return 0; /* nothing of it is left */
    letter_tally_init(&c->tally, 1, TALLY_BYTES);
    letter_tally_reach(&c->tally, 0, p.start);
    letter_tally_reach(&c->tally, 0, l->next_offset - 1);
    while (rc == 0 && letter_tally_next(&c->tally)) {
        rc = each_letter(c, note_explained, e);
        if (rc == 0)
            rc = read_log(c, p, e);
    }
    letter_tally_deinit(&c->tally);
    return rc;
}

/* Fills names with offsets of the partition, as far as the log still has their records. */
static int explain(struct checking *c, int32_t partition, bool missing, struct err *e)
{
    const char *topic = c->v->settings.kafka.telemetry_topic;
    struct kafka_partition *log = NULL;
    size_t count = 0;
    c->explained = partition;
    c->missing = missing;
    c->named = 0;
    buf_clear(&c->names);
    int rc = kafka_reader_topic(c->reader, topic, &log, &count, e);
    if (rc == 0)
        rc = kafka_reader_borders(c->reader, topic, log, count, e);
    if (rc == 0 && (size_t)partition < count)
        rc = explain_within(c, log[partition], e);
    if (c->named > NAMED_MAX)
        buf_str(&c->names, ", ...");
    free(log);
    return rc;
}

/* --- the verdict ------------------------------------------------------------------------------ */

static void tell_difference(struct checking *c, int32_t partition, uint64_t have, uint64_t removed)
{
    struct verify *v = c->v;
    char where[DOCUMENT_LEDGER_ID_MAX], said[32];
    struct buf text = {0};
    document_ledger_id(where, v->settings.kafka.telemetry_topic, partition);
    snprintf(said, sizeof said, "%llu", (unsigned long long)v->ledger[partition].dead);
    buf_printf(&text, "as many as there are dead letters, %llu", (unsigned long long)have);
    if (!c->dlq)
        buf_str(&text, " (there is no such topic)");
    if (c->missing && removed)
        buf_printf(&text, ", and at most %llu that were removed", (unsigned long long)removed);
    if (c->named)
        buf_printf(&text,
                   c->missing ? "; unreadable, and without a letter: %s"
                              : "; letters of readings that are stored: %s",
                   buf_cstr(&c->names));
    findings_add(&v->findings, &(struct finding){.what = "ledger",
                                                 .where = where,
                                                 .field = "dead",
                                                 .stored = said,
                                                 .expected = buf_cstr(&text)});
    buf_deinit(&text);
}

static void tell_unchecked(struct checking *c, int32_t partition, uint64_t have, uint64_t removed)
{
    struct verify *v = c->v;
    char where[DOCUMENT_LEDGER_ID_MAX], why[512], oldest[TIMESTAMP_TEXT_MAX] = "";
    int64_t oldest_ms = c->oldest_ms[partition];
    document_ledger_id(where, v->settings.kafka.telemetry_topic, partition);
    if (oldest_ms != INT64_MAX)
        timestamp_format(oldest_ms, oldest);
    snprintf(why, sizeof why,
             "their letters are not there, and %llu records were removed from %s; the oldest that "
             "is left is of %s",
             (unsigned long long)removed, v->settings.kafka.dlq_topic, *oldest ? oldest : "never");
    findings_unchecked(&v->findings, &(struct unchecked){.where = where,
                                                         .field = "dead",
                                                         .of = v->ledger[partition].dead,
                                                         .count = v->ledger[partition].dead - have,
                                                         .why = why});
}

/* `have` letters are there. A topic loses its oldest records, and its offsets begin at 0: so many
 * are gone as its first offset says, and no more letters than that. */
static int judge(struct checking *c, int32_t partition, uint64_t have, struct err *e)
{
    size_t p = (size_t)partition;
    uint64_t said = c->v->ledger[p].dead;
    uint64_t removed = p < c->dlq_partitions ? (uint64_t)c->dlq[p].start : 0;
    c->v->letters += have;
    if (have == said)
        return 0;
    if (have < said && said - have <= removed) {
        tell_unchecked(c, partition, have, removed);
        return 0;
    }
    int rc = explain(c, partition, have < said, e);
    if (rc == 0)
        tell_difference(c, partition, have, removed);
    return rc;
}

static int compare(struct checking *c, struct err *e)
{
    size_t count = c->v->recount.partitions;
    letter_tally_init(&c->tally, count, TALLY_BYTES);
    int rc = count_letters(c, e);
    uint64_t *have = xcalloc(count + 1, sizeof *have);
    for (size_t p = 0; p < count; p++)
        have[p] = c->tally.of[p].letters;
    letter_tally_deinit(&c->tally);
    for (size_t p = 0; p < count && rc == 0; p++)
        if (c->v->has_ledger[p])
            rc = judge(c, (int32_t)p, have[p], e);
    free(have);
    return rc;
}

static int open_letters(struct checking *c, struct err *e)
{
    const char *topic = c->v->settings.kafka.dlq_topic;
    int rc = kafka_reader_new(&c->reader, &c->v->reach.kafka, NULL, REACH_KAFKA_MS, e);
    if (rc == 0)
        rc = kafka_reader_topic(c->reader, topic, &c->dlq, &c->dlq_partitions, e);
    if (rc == ERR_NOT_FOUND) {
        err_clear(e);
        rc = 0;
    }
    c->oldest_ms = xcalloc(c->dlq_partitions + 1, sizeof *c->oldest_ms);
    for (size_t i = 0; i < c->dlq_partitions; i++)
        c->oldest_ms[i] = INT64_MAX;
    return rc || !c->dlq ? rc
                         : kafka_reader_borders(c->reader, topic, c->dlq, c->dlq_partitions, e);
}

int verify_letters(struct verify *v, struct err *e)
{
    struct checking *c = xcalloc(1, sizeof *c);
    c->v = v;
    int rc = open_letters(c, e);
    if (rc == 0)
        rc = compare(c, e);
    dead_letter_read_deinit(&c->body);
    buf_deinit(&c->names);
    kafka_reader_free(c->reader);
    free(c->oldest_ms);
    free(c->dlq);
    free(c);
    return rc;
}
