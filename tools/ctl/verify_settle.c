/* A second look at what seemed to differ: the view is read before its readings, so that every
 * reading it holds is there; what differs then, differs. Repairs are compare-and-set: whoever
 * writes at the same time wins, and it is looked at again. */
#include <mongoc/mongoc.h>
#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "common/store/documents.h"
#include "common/store/schema.h"
#include "tools/ctl/documents.h"
#include "tools/ctl/verify_documents.h"
#include "tools/ctl/verify_repair.h"
#include "tools/ctl/verify_settle.h"

enum { ATTEMPTS = 5 };
#define DAY_MS INT64_C(86400000)

/* --- the store ------------------------------------------------------------------------------- */

/* Calls `take` with every document; takes ownership of the filter. */
static int each_document(struct verify *v, const char *collection, bson_t *filter,
                         void (*take)(void *arg, const bson_t *doc), void *arg, struct err *e)
{
    struct documents d;
    documents_open(&d, &v->reach, collection, filter, NULL);
    return documents_each(&d, take, arg, e);
}

static int remove_one(struct verify *v, const char *collection, struct span id, int64_t rev,
                      bool *lost, struct err *e)
{
    mongoc_collection_t *c = reach_collection(&v->reach, collection);
    bson_t *filter = bson_new(), reply;
    bson_error_t error = {0};
    bson_iter_t iter;
    bson_append_utf8(filter, "_id", -1, id.p, (int)id.len);
    BSON_APPEND_INT64(filter, "rev", rev);
    bool ok = mongoc_collection_delete_one(c, filter, NULL, &reply, &error);
    *lost = !(ok && bson_iter_init_find(&iter, &reply, "deletedCount") &&
              bson_iter_as_int64(&iter) == 1);
    bson_destroy(&reply);
    bson_destroy(filter);
    mongoc_collection_destroy(c);
    if (ok)
        return 0;
    (void)mongo_fail(e, collection, &error, NULL);
    return ERR_UNAVAILABLE;
}

/* --- windows ---------------------------------------------------------------------------------- */

struct second_look {
    struct verify *v;
    struct minute minute;
    struct device_state *have, *want; /* of the device alone */
    bool readable;
};

static void take_window(void *arg, const bson_t *doc)
{
    struct second_look *look = arg;
    struct verify_window_key key;
    if (verify_window_key(doc, &key) && key.right_id)
        verify_take_window(&look->minute, doc, &key);
}

static void take_reading(void *arg, const bson_t *doc)
{
    struct second_look *look = arg;
    struct reading reading;
    struct document_origin origin;
    if (!document_raw_decode(doc, &reading, &origin))
        return;
    if (look->want)
        recount_device(look->want, look->have, &look->v->recount, &reading, origin.partition,
                       origin.offset);
    else
        minute_fold(&look->minute, &look->v->recount, &reading, origin.partition, origin.offset);
}

static int read_minute(struct second_look *look, struct span device, int64_t start_ms,
                       struct err *e)
{
    struct verify *v = look->v;
    const struct settings_mongo *m = &v->settings.mongo;
    minute_begin(&look->minute, start_ms);
    int rc = each_document(v, m->agg_collection,
                           verify_filter(device, "timestamp", start_ms, start_ms + 1), take_window,
                           look, e);
    if (rc)
        return rc;
    int64_t from = window_start(start_ms, WINDOW_DEFAULT_MS);
    /* what begins at no border of windows holds nothing by right */
    int64_t to = from == start_ms ? from + WINDOW_DEFAULT_MS : from;
    return each_document(v, m->raw_collection, verify_filter(device, "ts", from, to), take_reading,
                         look, e);
}

/* Event time has gone past the grace of the window in each partition that brought readings. */
static bool is_over(const struct verify *v, const struct window *w)
{
    for (unsigned i = 0; i < w->shares; i++) {
        int32_t p = w->share[i].partition;
        if (p < 0 || (size_t)p >= v->recount.partitions || !v->has_ledger[p] ||
            v->ledger[p].watermark_ms < w->start_ms + WINDOW_DEFAULT_MS + VERIFY_GRACE_MS)
            return false;
    }
    return true;
}

static int repair_window(struct verify *v, struct span device, struct minute_window *w, bool *lost,
                         struct err *e)
{
    const char *collection = v->settings.mongo.agg_collection;
    struct span sensor = span_str(w->sensor);
    if (w->want.shares == 0) {
        char id[WINDOW_ID_MAX];
        size_t len = window_id(id, device, sensor, w->have.start_ms);
        return remove_one(v, collection, span_of(id, len), w->have.rev, lost, e);
    }
    w->want.late = w->have.late;
    w->want.final = w->stored ? w->have.final : is_over(v, &w->want);
    bson_t doc = BSON_INITIALIZER;
    document_window_encode(&doc, device, sensor, &w->want, w->have.rev + 1,
                           clock_wall_ms(&v->clock));
    int rc = verify_replace(v, collection, &doc, w->have.rev, lost, e);
    bson_destroy(&doc);
    return rc;
}

bool verify_window_differs(const struct minute_window *w, struct difference *d)
{
    if (window_differs(w, d))
        return true;
    if (w->sound)
        return false;
    verify_unsound(w->wrong.field, w->wrong.stored, w->wrong.expected, d);
    return true;
}

/* Readings that came a day before the event at the earliest may be gone. */
bool verify_window_has_expired(const struct verify *v, const struct minute_window *w)
{
    return v->expired_ms != INT64_MIN && w->have.start_ms < v->expired_ms + DAY_MS &&
           window_may_have_expired(w);
}

static int judge_window(struct verify *v, struct span device, struct minute_window *w,
                        unsigned attempt, bool *again, struct err *e)
{
    struct difference d;
    bool lost = true;
    if (!verify_window_differs(w, &d))
        return 0;
    if (verify_window_has_expired(v, w)) {
        v->expired += attempt == 0;
        return 0;
    }
    bool repairable = v->repair && w->readable;
    int rc = repairable ? repair_window(v, device, w, &lost, e) : 0;
    if (rc)
        return rc;
    if (repairable && lost && attempt + 1 < ATTEMPTS)
        *again = true;
    else if (!lost || repairable || attempt == 0)
        verify_tell(v,
                    &(struct verify_place){.what = "window",
                                           .device = device,
                                           .sensor = w->sensor,
                                           .start_ms = w->have.start_ms},
                    &d, !lost);
    return 0;
}

int verify_settle_minute(struct verify *v, struct span device, int64_t start_ms, struct err *e)
{
    struct second_look look = {.v = v};
    bool again = true;
    int rc = 0;
    for (unsigned attempt = 0; again && rc == 0; attempt++) {
        again = false;
        v->second_looks++;
        rc = read_minute(&look, device, start_ms, e);
        for (unsigned i = 0; i < look.minute.count && rc == 0; i++)
            rc = judge_window(v, device, &look.minute.item[i], attempt, &again, e);
    }
    minute_deinit(&look.minute);
    return rc;
}

/* --- last states ------------------------------------------------------------------------------ */

static void take_state(void *arg, const bson_t *doc)
{
    struct second_look *look = arg;
    look->readable = document_device_decode(doc, look->have);
}

static int read_device(struct second_look *look, struct span device, struct err *e)
{
    struct verify *v = look->v;
    bson_t *filter = bson_new();
    bson_append_utf8(filter, "_id", -1, device.p, (int)device.len);
    look->readable = true;
    int rc = each_document(v, STORE_DEVICES, filter, take_state, look, e);
    if (rc)
        return rc;
    return each_document(v, v->settings.mongo.raw_collection,
                         verify_filter(device, "ts", INT64_MIN, INT64_MAX), take_reading, look, e);
}

static int repair_device(struct verify *v, struct span device, const struct second_look *look,
                         bool *lost, struct err *e)
{
    if (look->want->shares == 0)
        return remove_one(v, STORE_DEVICES, device, look->have->rev, lost, e);
    device_state_keep_cadence(look->want, look->have); /* it is learned in the order of the log */
    bson_t doc = BSON_INITIALIZER;
    document_device_encode(&doc, look->want, look->have->rev + 1);
    int rc = verify_replace(v, STORE_DEVICES, &doc, look->have->rev, lost, e);
    bson_destroy(&doc);
    return rc;
}

bool verify_device_has_expired(const struct verify *v, const struct device_state *have,
                               const struct device_state *want)
{
    return v->expired_ms != INT64_MIN && have->first_seen_ms < v->expired_ms &&
           device_state_readings(have) >= device_state_readings(want);
}

static int judge_device(struct second_look *look, struct span device, unsigned attempt, bool *again,
                        struct err *e)
{
    struct verify *v = look->v;
    struct difference d;
    bool lost = true;
    int rc = 0;
    if (look->readable && !device_differs(look->have, look->want, &d))
        return 0;
    if (!look->readable)
        d = (struct difference){.field = "document",
                                .stored = "what is no last state",
                                .expected = "one of its readings"};
    if (look->readable && verify_device_has_expired(v, look->have, look->want)) {
        v->expired++;
        return 0;
    }
    if (v->repair && look->readable)
        rc = repair_device(v, device, look, &lost, e);
    if (rc)
        return rc;
    *again = v->repair && look->readable && lost && attempt + 1 < ATTEMPTS;
    if (!*again)
        verify_tell(v, &(struct verify_place){.what = "device", .device = device}, &d, !lost);
    return 0;
}

int verify_settle_device(struct verify *v, struct span device, struct err *e)
{
    bool again = true;
    int rc = 0;
    for (unsigned attempt = 0; again && rc == 0; attempt++) {
        struct device_state have, want;
        struct second_look look = {.v = v, .have = &have, .want = &want};
        again = false;
        v->second_looks++;
        device_state_init(&have, device);
        device_state_init(&want, device);
        rc = read_device(&look, device, e);
        if (rc == 0)
            rc = judge_device(&look, device, attempt, &again, e);
        device_state_deinit(&have);
        device_state_deinit(&want);
    }
    return rc;
}
