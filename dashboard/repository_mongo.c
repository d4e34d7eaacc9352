/* The repository over MongoDB: queries that indexes carry, each with a limit of time. */
#include "dashboard/repository_mongo.h"

#include <math.h>

enum { MAX_TIME_MS = 5000 };

/* A client and a collection for one call. */
struct session {
    mongoc_client_t *client;
    mongoc_collection_t *collection;
};

static int begin(struct session *session, struct repository_mongo *m, const char *collection,
                 struct err *e)
{
    session->client = mongo_pop(m->mongo);
    if (!session->client)
        return err_set(e, ERR_UNAVAILABLE, "no store client is free");
    session->collection = mongo_collection(m->mongo, session->client, collection);
    return 0;
}

static void end(struct session *session, struct repository_mongo *m)
{
    mongoc_collection_destroy(session->collection);
    mongo_push(m->mongo, session->client);
}

/* Hands every row of the cursor on and destroys it. */
static int drain(mongoc_cursor_t *cursor, repository_row row, void *arg, struct err *e)
{
    const bson_t *doc;
    bson_error_t error = {0};
    while (mongoc_cursor_next(cursor, &doc))
        row(arg, doc);
    bool failed = mongoc_cursor_error(cursor, &error);
    mongoc_cursor_destroy(cursor);
    return failed ? err_set(e, ERR_UNAVAILABLE, "%s", error.message) : 0;
}

static void limit_time(bson_t *opts)
{
    BSON_APPEND_INT64(opts, "maxTimeMS", MAX_TIME_MS);
}

/* Takes ownership of filter and opts. */
static int find(struct repository_mongo *m, const char *collection, bson_t *filter, bson_t *opts,
                repository_row row, void *arg, struct err *e)
{
    struct session session = {0};
    int rc = begin(&session, m, collection, e);
    if (rc == 0) {
        limit_time(opts);
        rc = drain(mongoc_collection_find_with_opts(session.collection, filter, opts, NULL), row,
                   arg, e);
        end(&session, m);
    }
    bson_destroy(opts);
    bson_destroy(filter);
    return rc;
}

/* Takes ownership of pipeline, an array-shaped document. */
static int aggregate(struct repository_mongo *m, const char *collection, bson_t *pipeline,
                     repository_row row, void *arg, struct err *e)
{
    struct session session = {0};
    bson_t opts = BSON_INITIALIZER;
    int rc = begin(&session, m, collection, e);
    if (rc == 0) {
        limit_time(&opts);
        rc = drain(mongoc_collection_aggregate(session.collection, MONGOC_QUERY_NONE, pipeline,
                                               &opts, NULL),
                   row, arg, e);
        end(&session, m);
    }
    bson_destroy(&opts);
    bson_destroy(pipeline);
    return rc;
}

static bool ready(void *self)
{
    struct repository_mongo *m = self;
    return mongo_ready(m->mongo, NULL, 0);
}

/* --- the newest ------------------------------------------------------------------------------- */

static const struct {
    size_t collection; /* where its name stands in struct repository_mongo */
    const char *time;
} lists[] = {
    [REPOSITORY_READINGS] = {offsetof(struct repository_mongo, raw), "ts"},
    [REPOSITORY_WINDOWS] = {offsetof(struct repository_mongo, windows), "timestamp"},
    [REPOSITORY_ALERTS] = {offsetof(struct repository_mongo, alerts), "timestamp"},
    [REPOSITORY_ALERTS_CREATED] = {offsetof(struct repository_mongo, alerts), "created_at"},
};

/* Counts the rows on their way. */
struct counter {
    repository_row row;
    void *arg;
    int64_t rows;
};

static void count_row(void *arg, const bson_t *doc)
{
    struct counter *c = arg;
    c->rows++;
    c->row(c->arg, doc);
}

/* Rows of one band of time, from <= time < to. */
static int find_band(struct repository_mongo *m, const struct repository_latest *q, int64_t from_ms,
                     int64_t to_ms, struct counter *c, struct err *e)
{
    const char *time = lists[q->list].time;
    const char *collection = *(const char *const *)((const char *)m + lists[q->list].collection);
    bson_t *filter = bson_new(), *opts = bson_new(), range, sort;
    if (q->device_id.len)
        bson_append_utf8(filter, "device_id", -1, q->device_id.p, (int)q->device_id.len);
    BSON_APPEND_DOCUMENT_BEGIN(filter, time, &range);
    if (from_ms != INT64_MIN)
        BSON_APPEND_DATE_TIME(&range, "$gte", from_ms);
    if (to_ms != INT64_MAX || from_ms == INT64_MIN)
        BSON_APPEND_DATE_TIME(&range, "$lt", to_ms);
    bson_append_document_end(filter, &range);
    BSON_APPEND_DOCUMENT_BEGIN(opts, "sort", &sort);
    BSON_APPEND_INT32(&sort, time, -1);
    bson_append_document_end(opts, &sort);
    BSON_APPEND_INT64(opts, "limit", q->limit - c->rows);
    return find(m, collection, filter, opts, count_row, c, e);
}

/* Band after band back in time, each ten times as long: where the store would sort everything
 * rather than walk its index backwards, it now sorts little. What is asked for is nearly always in
 * the first bands; an empty one costs a fraction of a millisecond. */
static int latest(void *self, const struct repository_latest *q, repository_row row, void *arg,
                  struct err *e)
{
    enum { FIRST_BAND_MS = 2000, BANDS = 7 };
    struct counter c = {.row = row, .arg = arg};
    int64_t to_ms = INT64_MAX, reach_ms = FIRST_BAND_MS;
    int rc = 0;
    for (int i = 0; i < BANDS && rc == 0 && c.rows < q->limit; i++) {
        rc = find_band(self, q, q->now_ms - reach_ms, to_ms, &c, e);
        to_ms = q->now_ms - reach_ms;
        reach_ms *= 10;
    }
    if (rc == 0 && c.rows < q->limit)
        rc = find_band(self, q, INT64_MIN, to_ms, &c, e);
    return rc;
}

/* --- devices ---------------------------------------------------------------------------------- */

static int devices(void *self, repository_row row, void *arg, struct err *e)
{
    struct repository_mongo *m = self;
    bson_t *opts = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "sort", "{", "_id",
                            BCON_INT32(1), "}");
    return find(m, m->devices, bson_new(), opts, row, arg, e);
}

/* Drops last states without a status report. With a second field in the filter, some stores scan
 * the collection instead of using _id. */
struct with_status {
    repository_row row;
    void *arg;
};

static void pass_status(void *arg, const bson_t *doc)
{
    struct with_status *w = arg;
    if (bson_has_field(doc, "status"))
        w->row(w->arg, doc);
}

static int states(void *self, struct span device_id, repository_row row, void *arg, struct err *e)
{
    struct repository_mongo *m = self;
    struct with_status w = {.row = row, .arg = arg};
    bson_t *filter = bson_new(), *opts = NULL;
    if (device_id.len) {
        bson_append_utf8(filter, "_id", -1, device_id.p, (int)device_id.len);
        opts = bson_new();
    } else {
        opts = BCON_NEW("sort", "{", "_id", BCON_INT32(1), "}");
    }
    return find(m, m->devices, filter, opts, pass_status, &w, e);
}

static int at_risk(void *self, int64_t silent_since_ms, repository_row row, void *arg,
                   struct err *e)
{
    struct repository_mongo *m = self;
    bson_t *filter =
        BCON_NEW("status", "{", "$exists", BCON_BOOL(true), "}", "$or", "[", "{", "battery_level",
                 "{", "$lt", BCON_INT32(20), "}", "}", "{", "last_seen", "{", "$lt",
                 BCON_DATE_TIME(silent_since_ms), "}", "}", "]");
    bson_t *opts = BCON_NEW("sort", "{", "_id", BCON_INT32(1), "}");
    return find(m, m->devices, filter, opts, row, arg, e);
}

/* --- history of one device -------------------------------------------------------------------- */

/* Two stages: the first is carried by the index {device_id, ts}, the second filters what is left;
 * MongoDB joins them, other stores need them apart. */
static bson_t *history_stages(const struct repository_history *q, bson_t *array)
{
    static const char *const fields[] = {"battery_level", "rssi", "online"};
    static const char *const index[] = {"0", "1", "2"};
    bson_t *pipeline = bson_new(), stage, match, child, item, exists;
    BSON_APPEND_ARRAY_BEGIN(pipeline, "pipeline", array);
    BSON_APPEND_DOCUMENT_BEGIN(array, "0", &stage);
    BSON_APPEND_DOCUMENT_BEGIN(&stage, "$match", &match);
    bson_append_utf8(&match, "device_id", -1, q->device_id.p, (int)q->device_id.len);
    if (q->from_ms != INT64_MIN || q->to_ms != INT64_MAX) {
        BSON_APPEND_DOCUMENT_BEGIN(&match, "ts", &child);
        BSON_APPEND_DATE_TIME(&child, "$gte", q->from_ms);
        BSON_APPEND_DATE_TIME(&child, "$lte", q->to_ms);
        bson_append_document_end(&match, &child);
    }
    bson_append_document_end(&stage, &match);
    bson_append_document_end(array, &stage);
    BSON_APPEND_DOCUMENT_BEGIN(array, "1", &stage);
    BSON_APPEND_DOCUMENT_BEGIN(&stage, "$match", &match);
    BSON_APPEND_ARRAY_BEGIN(&match, "$or", &child);
    for (size_t i = 0; i < 3; i++) {
        BSON_APPEND_DOCUMENT_BEGIN(&child, index[i], &item);
        BSON_APPEND_DOCUMENT_BEGIN(&item, fields[i], &exists);
        BSON_APPEND_BOOL(&exists, "$exists", true);
        bson_append_document_end(&item, &exists);
        bson_append_document_end(&child, &item);
    }
    bson_append_array_end(&match, &child);
    bson_append_document_end(&stage, &match);
    bson_append_document_end(array, &stage);
    return pipeline;
}

static void add_stage(bson_t *array, const char *index, bson_t *stage)
{
    BSON_APPEND_DOCUMENT(array, index, stage);
    bson_destroy(stage);
}

static int history(void *self, const struct repository_history *q, repository_row row, void *arg,
                   struct err *e)
{
    struct repository_mongo *m = self;
    bson_t stages, *pipeline = history_stages(q, &stages);
    add_stage(&stages, "2",
              BCON_NEW("$sort", "{", "ts", BCON_INT32(-1), "_id", BCON_INT32(-1), "}"));
    add_stage(&stages, "3", BCON_NEW("$skip", BCON_INT64(q->skip)));
    add_stage(&stages, "4", BCON_NEW("$limit", BCON_INT64(q->limit)));
    bson_append_array_end(pipeline, &stages);
    return aggregate(m, m->raw, pipeline, row, arg, e);
}

static void take_count(void *arg, const bson_t *doc)
{
    bson_iter_t iter;
    if (bson_iter_init_find(&iter, doc, "n"))
        *(int64_t *)arg = bson_iter_as_int64(&iter);
}

static int history_count(void *self, const struct repository_history *q, int64_t *count,
                         struct err *e)
{
    struct repository_mongo *m = self;
    bson_t stages, *pipeline = history_stages(q, &stages);
    add_stage(&stages, "2", BCON_NEW("$count", BCON_UTF8("n")));
    bson_append_array_end(pipeline, &stages);
    *count = 0;
    return aggregate(m, m->raw, pipeline, take_count, count, e);
}

/* --- figures ---------------------------------------------------------------------------------- */

static int estimate(struct repository_mongo *m, const char *collection, int64_t *out, struct err *e)
{
    struct session session = {0};
    bson_t opts = BSON_INITIALIZER;
    bson_error_t error = {0};
    int rc = begin(&session, m, collection, e);
    if (rc == 0) {
        limit_time(&opts);
        *out = mongoc_collection_estimated_document_count(session.collection, &opts, NULL, NULL,
                                                          &error);
        if (*out < 0)
            rc = err_set(e, ERR_UNAVAILABLE, "count of %s: %s", collection, error.message);
        end(&session, m);
    }
    bson_destroy(&opts);
    return rc;
}

static int totals(void *self, struct repository_totals *out, struct err *e)
{
    struct repository_mongo *m = self;
    int rc = estimate(m, m->raw, &out->readings, e);
    if (rc == 0)
        rc = estimate(m, m->windows, &out->windows, e);
    return rc ? rc : estimate(m, m->alerts, &out->alerts, e);
}

/* {$sum: {$cond: [{$and: [the device reports status, condition]}, 1, 0]}} */
#define COUNT_IF(...)                                                                   \
    "{", "$sum", "{", "$cond", "[", "{", "$and", "[", "$status", __VA_ARGS__, "]", "}", \
        BCON_INT32(1), BCON_INT32(0), "]", "}", "}"

static void take_fleet(void *arg, const bson_t *doc)
{
    struct repository_fleet *f = arg;
    bson_iter_t iter;
    if (!bson_iter_init(&iter, doc))
        return;
    while (bson_iter_next(&iter)) {
        if (!BSON_ITER_HOLDS_NUMBER(&iter))
            continue;
        if (BSON_ITER_IS_KEY(&iter, "devices"))
            f->devices = bson_iter_as_int64(&iter);
        else if (BSON_ITER_IS_KEY(&iter, "online"))
            f->online = bson_iter_as_int64(&iter);
        else if (BSON_ITER_IS_KEY(&iter, "at_risk"))
            f->at_risk = bson_iter_as_int64(&iter);
        else if (BSON_ITER_IS_KEY(&iter, "battery"))
            f->average_battery = bson_iter_as_double(&iter);
        else if (BSON_ITER_IS_KEY(&iter, "readings"))
            f->readings = bson_iter_as_int64(&iter);
    }
}

static int fleet(void *self, int64_t silent_since_ms, struct repository_fleet *out, struct err *e)
{
    struct repository_mongo *m = self;
    *out = (struct repository_fleet){.average_battery = NAN};
    bson_t *pipeline =
        BCON_NEW("pipeline", "[", "{", "$group", "{", "_id", BCON_NULL,                     /**/
                 "devices", COUNT_IF(BCON_BOOL(true)),                                      /**/
                 "online", COUNT_IF("{", "$eq", "[", "$online", BCON_BOOL(true), "]", "}"), /**/
                 "at_risk",
                 COUNT_IF("{", "$or", "[", "{", "$lt", "[", "{", "$ifNull", "[", "$battery_level",
                          BCON_INT32(100), "]", "}", BCON_INT32(20), "]", "}", "{", "$lt", "[",
                          "$last_seen", BCON_DATE_TIME(silent_since_ms), "]", "}", "]", "}"), /**/
                 "battery", "{", "$avg", "$battery_level", "}",                               /**/
                 "readings", "{", "$sum", "$counts.readings", "}", "}", "}", "]");
    return aggregate(m, m->devices, pipeline, take_fleet, out, e);
}

struct repository repository_mongo_port(struct repository_mongo *m)
{
    return (struct repository){.self = m,
                               .ready = ready,
                               .latest = latest,
                               .devices = devices,
                               .states = states,
                               .at_risk = at_risk,
                               .history = history,
                               .history_count = history_count,
                               .totals = totals,
                               .fleet = fleet};
}
