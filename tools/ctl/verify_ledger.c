/* Accounts against the log, and against the readings that are there. */
#include <mongoc/mongoc.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/num.h"
#include "common/base/timestamp.h"
#include "common/base/xmalloc.h"
#include "common/kafka/reader.h"
#include "common/store/documents.h"
#include "common/store/schema.h"
#include "tools/ctl/documents.h"
#include "tools/ctl/verify_ledger.h"

static void tell(struct verify *v, int32_t partition, const char *field, int64_t stored,
                 const char *bound, int64_t expected)
{
    char where[DOCUMENT_LEDGER_ID_MAX], have[NUM_TEXT_MAX], want[NUM_TEXT_MAX + 32];
    document_ledger_id(where, v->settings.kafka.telemetry_topic, partition);
    snprintf(have, sizeof have, "%lld", (long long)stored);
    snprintf(want, sizeof want, "%s%lld", bound, (long long)expected);
    findings_add(
        &v->findings,
        &(struct finding){
            .what = "ledger", .where = where, .field = field, .stored = have, .expected = want});
}

/* --- what the store says ---------------------------------------------------------------------- */

/* The partition of "telemetry.raw/3"; -1 when it is the account of something else. */
static int32_t partition_of(const struct verify *v, const bson_t *doc)
{
    const char *topic = v->settings.kafka.telemetry_topic;
    size_t topic_len = strlen(topic);
    bson_iter_t iter;
    uint32_t len;
    int64_t partition;
    if (!bson_iter_init_find(&iter, doc, "_id") || !BSON_ITER_HOLDS_UTF8(&iter))
        return -1;
    const char *id = bson_iter_utf8(&iter, &len);
    if (len <= topic_len + 1 || memcmp(id, topic, topic_len) != 0 || id[topic_len] != '/' ||
        !num_parse_i64(span_of(id + topic_len + 1, len - topic_len - 1), 0, INT32_MAX, &partition))
        return -1;
    return (int32_t)partition;
}

static void take_ledger(void *arg, const bson_t *doc)
{
    struct verify *v = arg;
    int32_t p = partition_of(v, doc);
    struct ledger l = {.partition = p};
    if (p < 0)
        return;
    if ((size_t)p >= v->recount.partitions) {
        tell(v, p, "partitions of the topic", p + 1, "at most ", (int64_t)v->recount.partitions);
        return;
    }
    if (!document_ledger_decode(doc, &l)) {
        tell(v, p, "numbers that are missing", 1, "", 0);
        return;
    }
    v->ledger[p] = l;
    v->has_ledger[p] = true;
    v->recount.next[p] = l.next_offset;
}

static int read_ledgers(struct verify *v, struct err *e)
{
    struct documents d;
    documents_open(&d, &v->reach, STORE_LEDGER, NULL, NULL);
    return documents_each(&d, take_ledger, v, e);
}

/* --- what the log says ------------------------------------------------------------------------ */

static void judge(struct verify *v, const struct kafka_partition *p)
{
    const struct ledger *l = &v->ledger[p->partition];
    if (!v->has_ledger[p->partition]) {
        if (p->committed > 0)
            tell(v, p->partition, "next_offset (there is no ledger)", 0, "at least ", p->committed);
        v->unprocessed += (uint64_t)(p->end - p->start);
        return;
    }
    int64_t unaccounted = ledger_unaccounted(l);
    if (unaccounted)
        tell(v, p->partition, "stored + duplicate + dead + gap",
             l->next_offset - l->first - unaccounted, "", l->next_offset - l->first);
    if (l->next_offset > p->end)
        tell(v, p->partition, "next_offset", l->next_offset, "at most the end of the log, ",
             p->end);
    if (p->committed > l->next_offset)
        tell(v, p->partition, "next_offset", l->next_offset, "at least what is committed, ",
             p->committed);
    if (p->end > l->next_offset)
        v->unprocessed += (uint64_t)(p->end - l->next_offset);
}

static int compare(struct verify *v, struct kafka_reader *reader, struct err *e)
{
    const char *topic = v->settings.kafka.telemetry_topic;
    struct kafka_partition *p = NULL;
    size_t count = 0;
    int rc = kafka_reader_topic(reader, topic, &p, &count, e);
    if (rc)
        return rc;
    recount_init(&v->recount, count);
    v->ledger = xcalloc(count, sizeof *v->ledger);
    v->has_ledger = xcalloc(count, sizeof *v->has_ledger);
    /* In this order nothing that moves meanwhile can look wrong. */
    rc = kafka_reader_committed(reader, topic, p, count, e);
    if (rc == 0)
        rc = read_ledgers(v, e);
    if (rc == 0)
        rc = kafka_reader_borders(reader, topic, p, count, e);
    for (size_t i = 0; i < count && rc == 0; i++)
        judge(v, &p[i]);
    free(p);
    return rc;
}

int verify_ledgers(struct verify *v, struct err *e)
{
    struct kafka_reader *reader = NULL;
    int rc = kafka_reader_new(&reader, &v->reach.kafka, VERIFY_GROUP, REACH_KAFKA_MS, e);
    if (rc == 0)
        rc = compare(v, reader, e);
    kafka_reader_free(reader);
    return rc;
}

/* --- readings that are gone ------------------------------------------------------------------- */

static void take_ttl(void *ttl_ms, const bson_t *index)
{
    bson_iter_t iter;
    if (bson_iter_init_find(&iter, index, "expireAfterSeconds"))
        *(int64_t *)ttl_ms = bson_iter_as_int64(&iter) * 1000;
}

/* Period of the TTL index on received_at; 0 = there is none. */
static int raw_ttl_ms(struct verify *v, int64_t *ttl_ms, struct err *e)
{
    struct documents d;
    *ttl_ms = 0;
    documents_open_indexes(&d, &v->reach, v->settings.mongo.raw_collection);
    return documents_each(&d, take_ttl, ttl_ms, e);
}

static void take_created(void *created_ms, const bson_t *meta)
{
    bson_iter_t iter;
    if (bson_iter_init_find(&iter, meta, "created_at") && BSON_ITER_HOLDS_DATE_TIME(&iter))
        *(int64_t *)created_ms = bson_iter_date_time(&iter);
}

/* Since when the store exists; 0 = it does not say. */
static int store_created_ms(struct verify *v, int64_t *created_ms, struct err *e)
{
    struct documents d;
    *created_ms = 0;
    documents_open(&d, &v->reach, STORE_META, BCON_NEW("_id", BCON_UTF8("schema")), NULL);
    return documents_each(&d, take_created, created_ms, e);
}

int verify_learn_expiry(struct verify *v, struct err *e)
{
    int64_t ttl_ms, created_ms;
    int rc = raw_ttl_ms(v, &ttl_ms, e);
    if (rc == 0)
        rc = store_created_ms(v, &created_ms, e);
    if (rc)
        return rc;
    int64_t horizon_ms = clock_wall_ms(&v->clock) - ttl_ms;
    /* Times of receipt go back no further than the store does: nothing can have expired before. */
    v->expired_ms = ttl_ms == 0 || created_ms > horizon_ms ? INT64_MIN : horizon_ms;
    return 0;
}

/* --- readings that are there ------------------------------------------------------------------ */

static void add_purge(const bson_t *doc, uint64_t *purged, size_t partitions)
{
    bson_iter_t iter, child;
    int64_t p;
    if (!bson_iter_init_find(&iter, doc, "origins") || !BSON_ITER_HOLDS_DOCUMENT(&iter) ||
        !bson_iter_recurse(&iter, &child))
        return;
    while (bson_iter_next(&child)) {
        struct span key = span_str(bson_iter_key(&child));
        if (key.len > 1 && num_parse_i64(span_of(key.p + 1, key.len - 1), 0, INT32_MAX, &p) &&
            (size_t)p < partitions)
            purged[p] += (uint64_t)bson_iter_as_int64(&child);
    }
}

/* Readings that its record counts are still there: it has to be ended first. */
static void judge_purge(struct verify *v, const bson_t *doc)
{
    bson_iter_t iter;
    char id[25] = "?";
    if (!bson_iter_init_find(&iter, doc, "state") || !BSON_ITER_HOLDS_UTF8(&iter) ||
        strcmp(bson_iter_utf8(&iter, NULL), "done") == 0)
        return;
    if (bson_iter_init_find(&iter, doc, "_id") && BSON_ITER_HOLDS_OID(&iter))
        bson_oid_to_string(bson_iter_oid(&iter), id);
    findings_add(&v->findings, &(struct finding){.what = "purge",
                                                 .where = id,
                                                 .field = "state",
                                                 .stored = "begun",
                                                 .expected = "done: run it again"});
}

/* Of each partition. */
struct purged {
    struct verify *v;
    uint64_t *readings;
};

static void take_purge(void *arg, const bson_t *doc)
{
    struct purged *purged = arg;
    add_purge(doc, purged->readings, purged->v->recount.partitions);
    judge_purge(purged->v, doc);
}

static int read_purges(struct verify *v, uint64_t *readings, struct err *e)
{
    struct purged purged = {.v = v, .readings = readings};
    struct documents d;
    documents_open(&d, &v->reach, STORE_PURGES, NULL, NULL);
    return documents_each(&d, take_purge, &purged, e);
}

/* Expired and lost look the same from here; what is known is by when it must have come. */
static void tell_expired(struct verify *v, int32_t partition, uint64_t said, uint64_t there)
{
    char where[DOCUMENT_LEDGER_ID_MAX], why[256];
    char before[TIMESTAMP_TEXT_MAX], left[TIMESTAMP_TEXT_MAX] = "";
    int64_t oldest_ms = v->recount.oldest[partition];
    document_ledger_id(where, v->settings.kafka.telemetry_topic, partition);
    timestamp_format(v->expired_ms, before);
    if (oldest_ms != INT64_MAX)
        timestamp_format(oldest_ms, left);
    snprintf(why, sizeof why,
             "they are not there, and those received before %s have expired (RAW_TTL); the oldest "
             "that is left was received %s",
             before, *left ? left : "never");
    findings_unchecked(
        &v->findings,
        &(struct unchecked){
            .where = where, .field = "stored", .of = said, .count = said - there, .why = why});
}

int verify_stored(struct verify *v, struct err *e)
{
    size_t count = v->recount.partitions;
    uint64_t *purged = xcalloc(count + 1, sizeof *purged);
    int rc = read_purges(v, purged, e);
    for (size_t i = 0; i < count && rc == 0; i++) {
        uint64_t there = v->recount.stored[i] + purged[i], said = v->ledger[i].stored;
        if (there < said && v->expired_ms != INT64_MIN)
            tell_expired(v, (int32_t)i, said, there);
        else if (there != said)
            tell(v, (int32_t)i, "stored", (int64_t)said, "as many as there are readings, ",
                 (int64_t)there);
    }
    free(purged);
    return rc;
}
