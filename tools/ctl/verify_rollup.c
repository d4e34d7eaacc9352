/* Hours against the windows they were folded from, and days against their hours: two streams side
 * by side, one period of one device at a time. A rollup says which revision of each source it
 * holds: with the same revisions its numbers must be the same, to the last bit. Sources that have
 * expired, or have just changed, leave nothing to compare. */
#include <mongoc/mongoc.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"
#include "common/store/documents.h"
#include "common/store/schema.h"
#include "tools/ctl/documents.h"
#include "tools/ctl/verify_documents.h"
#include "tools/ctl/verify_repair.h"
#include "tools/ctl/verify_rollup.h"

enum { BATCH = 5000 };
#define SETTLED_MS INT64_C(300000) /* rollups follow within seconds; so long after it is amiss */

/* --- streams ---------------------------------------------------------------------------------- */

/* Windows or rollups by device and, the newest first, by time. */
struct stream {
    struct documents from;
    struct verify_window_key key; /* of from.doc */
};

static void open_stream(struct stream *s, struct verify *v, const char *collection)
{
    bson_t *filter = verify_filter(span_str(v->device), "timestamp", INT64_MIN, INT64_MAX);
    bson_t *opts = BCON_NEW("batchSize", BCON_INT32(BATCH), "sort", "{", "device_id", BCON_INT32(1),
                            "timestamp", BCON_INT32(-1), "}");
    documents_open(&s->from, &v->reach, collection, filter, opts);
}

/* --- one period ------------------------------------------------------------------------------- */

/* One sensor of the period in hand. */
struct period_rollup {
    char sensor[READING_SENSOR_NAME_MAX + 1];
    bool stored, sound, readable, settled; /* settled: no source has changed lately */
    struct rollup have, want;
    struct document_stats_pair wrong;
};

struct rollup_pass {
    struct verify *v;
    const struct rollup_level *level;
    const char *collection;
    struct stream sources, rollups;
    char device[READING_DEVICE_ID_MAX + 1];
    int64_t start_ms;
    struct period_rollup *item; /* owned */
    unsigned count, cap;
};

static const char *what_of(const struct rollup_pass *p)
{
    return p->level == &rollup_hour ? "hour" : "day";
}

/* Of strangers among the sources, the scan or the pass before has told. */
static int next_in(struct rollup_pass *p, struct stream *s, struct err *e)
{
    int rc;
    while ((rc = documents_next(&s->from, e)) == 0 && s->from.doc) {
        if (verify_window_key(s->from.doc, &s->key) && s->key.right_id)
            break;
        if (s == &p->rollups)
            verify_tell_stranger(&p->v->findings, what_of(p), s->from.doc);
    }
    return rc;
}

static struct period_rollup *item_of(struct rollup_pass *p, struct span sensor)
{
    for (unsigned i = 0; i < p->count; i++)
        if (span_is(sensor, p->item[i].sensor))
            return &p->item[i];
    if (p->count == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 8;
        p->item = xreallocarray(p->item, p->cap, sizeof *p->item);
    }
    struct period_rollup *r = &p->item[p->count++];
    memset(r, 0, sizeof *r);
    r->settled = true;
    span_copy(sensor, r->sensor, sizeof r->sensor);
    rollup_init(&r->have, p->level, p->start_ms);
    rollup_init(&r->want, p->level, p->start_ms);
    return r;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool read_source(const struct rollup_pass *p, struct rollup_source *out)
{
    const bson_t *doc = p->sources.from.doc;
    if (p->level == &rollup_hour) {
        struct window w;
        window_init(&w, p->sources.key.start_ms);
        bool ok = document_window_decode(doc, &w);
        rollup_source_of_window(&w, out);
        window_deinit(&w);
        return ok;
    }
    struct rollup hour;
    rollup_init(&hour, &rollup_hour, p->sources.key.start_ms);
    bool ok = document_rollup_decode(doc, &hour);
    rollup_source_of_rollup(&hour, out);
    return ok;
}

static void take_source(struct rollup_pass *p)
{
    struct rollup_source source;
    bson_iter_t iter;
    struct period_rollup *r = item_of(p, p->sources.key.sensor);
    int64_t now_ms = clock_wall_ms(&p->v->clock);
    if (!read_source(p, &source) || !rollup_fold(&r->want, &source) ||
        !bson_iter_init_find(&iter, p->sources.from.doc, "last_updated") ||
        bson_iter_date_time(&iter) > now_ms - SETTLED_MS)
        r->settled = false;
}

static void take_rollup(struct rollup_pass *p)
{
    struct period_rollup *r = item_of(p, p->rollups.key.sensor);
    r->stored = true;
    r->readable = document_rollup_decode(p->rollups.from.doc, &r->have);
    r->sound = r->readable && document_stats_sound(p->rollups.from.doc, &r->have.stats, &r->wrong);
}

static bool is_here(const struct rollup_pass *p, const struct stream *s)
{
    return s->from.doc && span_is(s->key.device, p->device) &&
           window_start(s->key.start_ms, p->level->length_ms) == p->start_ms;
}

/* The period that comes first in the order of both streams. False at the end. */
static bool choose_period(struct rollup_pass *p)
{
    const struct stream *a = &p->sources, *b = &p->rollups;
    if (!a->from.doc && !b->from.doc)
        return false;
    if (a->from.doc && b->from.doc) {
        int order = verify_compare(a->key.device, b->key.device);
        int64_t start = window_start(a->key.start_ms, p->level->length_ms);
        if (order > 0 || (order == 0 && b->key.start_ms > start))
            a = b;
    } else if (!a->from.doc) {
        a = b;
    }
    span_copy(a->key.device, p->device, sizeof p->device);
    p->start_ms = window_start(a->key.start_ms, p->level->length_ms);
    p->count = 0;
    return true;
}

/* --- judging ---------------------------------------------------------------------------------- */

enum standing { SAME_SOURCES, BEHIND, NOT_COMPARABLE };

static enum standing standing_of(const struct period_rollup *r)
{
    bool behind = false;
    for (unsigned i = 0; i < ROLLUP_SOURCES_MAX; i++) {
        if (r->want.src[i] < r->have.src[i])
            return NOT_COMPARABLE; /* expired, or changed since it was read */
        behind = behind || r->want.src[i] > r->have.src[i];
    }
    return !behind ? SAME_SOURCES : r->settled ? BEHIND : NOT_COMPARABLE;
}

/* Later folds go on from it. Rollups of older versions say nothing. */
static bool settled_differs(const struct rollup_settled *have, const struct rollup_settled *want)
{
    return have->places != 0 && (have->places != want->places || have->late != want->late ||
                                 !window_stats_equal(&have->stats, &want->stats));
}

static bool differs(const struct period_rollup *r, struct difference *d)
{
    *d = (struct difference){.field = "sums", .stored = "other bits", .expected = "its sources'"};
    if (!r->stored) {
        *d = (struct difference){.field = "document", .stored = "nothing", .expected = "one"};
        return true;
    }
    if (standing_of(r) == BEHIND) {
        *d = (struct difference){.field = "src",
                                 .stored = "older revisions of its sources",
                                 .expected = "those that there are"};
        return true;
    }
    if (!window_stats_equal(&r->have.stats, &r->want.stats)) {
        snprintf(d->stored, sizeof d->stored, "%llu", (unsigned long long)r->have.stats.count);
        snprintf(d->expected, sizeof d->expected, "%llu", (unsigned long long)r->want.stats.count);
        d->field =
            r->have.stats.count != r->want.stats.count ? "count" : "numbers (count is equal)";
        return true;
    }
    if (settled_differs(&r->have.settled, &r->want.settled)) {
        *d = (struct difference){.field = "settled",
                                 .stored = "other numbers",
                                 .expected = "those of its final sources"};
        return true;
    }
    if (r->sound)
        return false;
    verify_unsound(r->wrong.field, r->wrong.stored, r->wrong.expected, d);
    return true;
}

/* A race that is lost is left to the aggregator that won it: it has just folded the sources. */
static int repair(struct rollup_pass *p, struct period_rollup *r, bool *lost, struct err *e)
{
    bson_t doc = BSON_INITIALIZER;
    int64_t now_ms = clock_wall_ms(&p->v->clock);
    rollup_close(&r->want, now_ms, VERIFY_GRACE_MS);
    r->want.final = r->want.final || (r->stored && r->have.final);
    document_rollup_encode(&doc, span_str(p->device), span_str(r->sensor), &r->want,
                           r->have.rev + 1, now_ms);
    int rc = verify_replace(p->v, p->collection, &doc, r->have.rev, lost, e);
    bson_destroy(&doc);
    return rc;
}

static void tell(struct rollup_pass *p, const struct period_rollup *r, const struct difference *d,
                 bool repaired)
{
    const struct verify_place place = {.what = what_of(p),
                                       .device = span_str(p->device),
                                       .sensor = r->sensor,
                                       .start_ms = p->start_ms};
    verify_tell(p->v, &place, d, repaired);
}

static int judge(struct rollup_pass *p, struct period_rollup *r, struct err *e)
{
    struct difference d;
    bool lost = true;
    if (r->stored && !r->readable) {
        d = (struct difference){
            .field = "document", .stored = "what is no rollup", .expected = "one"};
        tell(p, r, &d, false);
        return 0;
    }
    if (standing_of(r) == NOT_COMPARABLE) {
        p->v->expired += r->settled && r->stored;
        return 0;
    }
    if (!differs(r, &d))
        return 0;
    int rc = p->v->repair ? repair(p, r, &lost, e) : 0;
    if (rc == 0)
        tell(p, r, &d, !lost);
    return rc;
}

/* --- the pass --------------------------------------------------------------------------------- */

static int run_period(struct rollup_pass *p, struct err *e)
{
    int rc = 0;
    while (rc == 0 && is_here(p, &p->sources)) {
        take_source(p);
        rc = next_in(p, &p->sources, e);
    }
    while (rc == 0 && is_here(p, &p->rollups)) {
        take_rollup(p);
        p->v->rollups++;
        rc = next_in(p, &p->rollups, e);
    }
    for (unsigned i = 0; i < p->count && rc == 0; i++)
        rc = judge(p, &p->item[i], e);
    return rc;
}

static int run_pass(struct verify *v, const struct rollup_level *level, const char *sources,
                    const char *collection, struct err *e)
{
    struct rollup_pass p = {.v = v, .level = level, .collection = collection};
    open_stream(&p.sources, v, sources);
    open_stream(&p.rollups, v, collection);
    int rc = next_in(&p, &p.sources, e);
    rc = rc ? rc : next_in(&p, &p.rollups, e);
    while (rc == 0 && choose_period(&p))
        rc = run_period(&p, e);
    documents_close(&p.sources.from);
    documents_close(&p.rollups.from);
    free(p.item);
    return rc;
}

int verify_rollups(struct verify *v, struct err *e)
{
    int rc = run_pass(v, &rollup_hour, v->settings.mongo.agg_collection, STORE_HOURS, e);
    return rc ? rc : run_pass(v, &rollup_day, STORE_HOURS, STORE_DAYS, e);
}
