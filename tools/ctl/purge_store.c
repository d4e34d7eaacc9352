/* What a purge removes, and the record of it. */
#include <mongoc/mongoc.h>
#include <stdio.h>
#include <string.h>

#include "common/base/num.h"
#include "common/store/schema.h"
#include "tools/ctl/documents.h"
#include "tools/ctl/purge.h"

enum { BATCH = 2000 };

void purge_init(struct purge *p, struct reach *r, const struct settings_mongo *m,
                const char *device)
{
    uint8_t digest[SHA256_BYTES];
    *p = (struct purge){
        .reach = r,
        .device = device,
        .place =
            {
                {.collection = m->raw_collection, .field = "device_id"},
                {.collection = m->agg_collection, .field = "device_id"},
                {.collection = STORE_HOURS, .field = "device_id"},
                {.collection = STORE_DAYS, .field = "device_id"},
                {.collection = STORE_DEVICES, .field = "_id"},
                {.collection = m->alerts_collection, .field = "device_id"},
                {.collection = STORE_ALERT_STATE, .field = "device_id"},
            },
    };
    hash_sha256(device, strlen(device), digest);
    hex_encode(digest, sizeof digest, p->digest);
    bson_init(&p->upto);
}

void purge_deinit(struct purge *p)
{
    bson_destroy(&p->upto);
}

static bson_t *filter_of(const struct purge *p, const struct purge_place *place)
{
    bson_t *filter = bson_new();
    BSON_APPEND_UTF8(filter, place->field, p->device);
    return filter;
}

/* --- looking ---------------------------------------------------------------------------------- */

/* Takes ownership of the filter. */
static int count(struct purge *p, const char *collection, bson_t *filter, int64_t *out,
                 struct err *e)
{
    mongoc_collection_t *c = reach_collection(p->reach, collection);
    bson_error_t error = {0};
    *out = mongoc_collection_count_documents(c, filter, NULL, NULL, NULL, &error);
    mongoc_collection_destroy(c);
    bson_destroy(filter);
    return *out < 0 ? mongo_fail(e, collection, &error, NULL) : 0;
}

int purge_count(struct purge *p, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < PURGE_PLACES && rc == 0; i++) {
        struct purge_place *place = &p->place[i];
        rc = count(p, place->collection, filter_of(p, place), &place->documents, e);
    }
    return rc;
}

static bson_t *unfinished_of(const struct purge *p)
{
    return BCON_NEW("device", BCON_UTF8(p->digest), "state", BCON_UTF8("begun"));
}

int purge_known(struct purge *p, bool *known, struct err *e)
{
    int64_t found = 0;
    int rc = count(p, STORE_PURGES, unfinished_of(p), &found, e);
    if (rc == 0)
        rc = purge_count(p, e);
    for (size_t i = 0; i < PURGE_PLACES; i++)
        found += p->place[i].documents;
    *known = found > 0;
    return rc;
}

int purge_open_windows(struct purge *p, int64_t *open, struct err *e)
{
    bson_t *filter = filter_of(p, &p->place[1]);
    BSON_APPEND_BOOL(filter, "final", false);
    return count(p, p->place[1].collection, filter, open, e);
}

static void take_last_seen(void *arg, const bson_t *doc)
{
    bson_iter_t iter;
    if (bson_iter_init_find(&iter, doc, "last_seen") && BSON_ITER_HOLDS_DATE_TIME(&iter))
        *(int64_t *)arg = bson_iter_date_time(&iter);
}

int purge_last_seen(struct purge *p, int64_t *last_seen_ms, struct err *e)
{
    *last_seen_ms = 0;
    struct documents d;
    documents_open(&d, p->reach, STORE_DEVICES, BCON_NEW("_id", BCON_UTF8(p->device)), NULL);
    return documents_each(&d, take_last_seen, last_seen_ms, e);
}

/* --- the record ------------------------------------------------------------------------------- */

/* What there is of each partition. */
struct tally {
    struct {
        int32_t partition;
        int64_t count, upto;
    } item[1024];
    size_t items;
    bool too_many;
};

static void add(struct tally *t, int32_t partition, int64_t offset)
{
    size_t i = 0;
    while (i < t->items && t->item[i].partition != partition)
        i++;
    if (i == sizeof t->item / sizeof *t->item) {
        t->too_many = true;
        return;
    }
    if (i == t->items) {
        t->item[t->items++].partition = partition;
        t->item[i].count = t->item[i].upto = 0;
    }
    t->item[i].count++;
    t->item[i].upto = offset > t->item[i].upto ? offset : t->item[i].upto;
}

static void take_origin(void *arg, const bson_t *doc)
{
    bson_iter_t iter, p, o;
    if (bson_iter_init(&iter, doc) && bson_iter_find_descendant(&iter, "origin.p", &p) &&
        bson_iter_init(&iter, doc) && bson_iter_find_descendant(&iter, "origin.o", &o))
        add(arg, (int32_t)bson_iter_as_int64(&p), bson_iter_as_int64(&o));
}

static int insert_record(struct purge *p, const struct tally *t, int64_t now_ms, struct err *e)
{
    bson_t doc = BSON_INITIALIZER, origins;
    bson_error_t error = {0};
    bson_oid_init(&p->id, NULL);
    BSON_APPEND_OID(&doc, "_id", &p->id);
    BSON_APPEND_UTF8(&doc, "device", p->digest);
    BSON_APPEND_UTF8(&doc, "state", "begun");
    BSON_APPEND_DATE_TIME(&doc, "at", now_ms);
    BSON_APPEND_DOCUMENT_BEGIN(&doc, "origins", &origins);
    for (size_t i = 0; i < t->items; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", (int)t->item[i].partition);
        BSON_APPEND_INT64(&origins, name, t->item[i].count);
        BSON_APPEND_INT64(&p->upto, name, t->item[i].upto);
    }
    bson_append_document_end(&doc, &origins);
    BSON_APPEND_DOCUMENT(&doc, "upto", &p->upto);
    mongoc_collection_t *c = reach_collection(p->reach, STORE_PURGES);
    bool ok = mongoc_collection_insert_one(c, &doc, NULL, NULL, &error);
    mongoc_collection_destroy(c);
    bson_destroy(&doc);
    return ok ? 0 : mongo_fail(e, STORE_PURGES, &error, NULL);
}

struct resumed {
    struct purge *p;
    bool found;
};

static void take_record(void *arg, const bson_t *doc)
{
    struct resumed *r = arg;
    bson_iter_t iter;
    uint32_t len;
    const uint8_t *data;
    bson_t upto;
    if (!bson_iter_init_find(&iter, doc, "upto") || !BSON_ITER_HOLDS_DOCUMENT(&iter))
        return;
    bson_iter_document(&iter, &len, &data);
    if (!bson_init_static(&upto, data, len))
        return;
    bson_reinit(&r->p->upto);
    bson_concat(&r->p->upto, &upto);
    bson_iter_init_find(&iter, doc, "_id");
    bson_oid_copy(bson_iter_oid(&iter), &r->p->id);
    r->found = true;
}

int purge_begin(struct purge *p, int64_t now_ms, struct err *e)
{
    struct resumed resumed = {.p = p};
    struct tally tally = {.items = 0};
    struct documents d;
    documents_open(&d, p->reach, STORE_PURGES, unfinished_of(p), NULL);
    int rc = documents_each(&d, take_record, &resumed, e);
    p->resumed = resumed.found;
    if (rc || resumed.found)
        return rc;
    documents_open(
        &d, p->reach, p->place[0].collection, filter_of(p, &p->place[0]),
        BCON_NEW("projection", "{", "origin", BCON_INT32(1), "}", "batchSize", BCON_INT32(BATCH)));
    rc = documents_each(&d, take_origin, &tally, e);
    if (rc == 0 && tally.too_many)
        rc = err_set(e, ERR_TOO_LARGE, "the device has readings of too many partitions");
    return rc ? rc : insert_record(p, &tally, now_ms, e);
}

int purge_end(struct purge *p, int64_t now_ms, struct err *e)
{
    bson_t filter = BSON_INITIALIZER, update = BSON_INITIALIZER, set;
    bson_error_t error = {0};
    BSON_APPEND_OID(&filter, "_id", &p->id);
    BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
    BSON_APPEND_UTF8(&set, "state", "done");
    BSON_APPEND_DATE_TIME(&set, "done_at", now_ms);
    bson_append_document_end(&update, &set);
    mongoc_collection_t *c = reach_collection(p->reach, STORE_PURGES);
    bool ok = mongoc_collection_update_one(c, &filter, &update, NULL, NULL, &error);
    mongoc_collection_destroy(c);
    bson_destroy(&update);
    bson_destroy(&filter);
    return ok ? 0 : mongo_fail(e, STORE_PURGES, &error, NULL);
}

/* --- removing --------------------------------------------------------------------------------- */

/* Readings that came after the record was written are not in it, so they stay. */
static void bound_readings(const struct purge *p, bson_t *filter)
{
    bson_t any, one, bound;
    bson_iter_t iter;
    unsigned i = 0;
    BSON_APPEND_ARRAY_BEGIN(filter, "$or", &any);
    for (bson_iter_init(&iter, &p->upto); bson_iter_next(&iter); i++) {
        char text[16];
        const char *key;
        int64_t partition;
        size_t len = bson_uint32_to_string(i, &key, text, sizeof text);
        if (!num_parse_i64(span_str(bson_iter_key(&iter) + 1), 0, INT32_MAX, &partition))
            continue;
        bson_append_document_begin(&any, key, (int)len, &one);
        BSON_APPEND_INT32(&one, "origin.p", (int32_t)partition);
        BSON_APPEND_DOCUMENT_BEGIN(&one, "origin.o", &bound);
        BSON_APPEND_INT64(&bound, "$lte", bson_iter_as_int64(&iter));
        bson_append_document_end(&one, &bound);
        bson_append_document_end(&any, &one);
    }
    bson_append_array_end(filter, &any);
}

struct ids {
    bson_t list;
    unsigned count;
};

static void take_id(void *arg, const bson_t *doc)
{
    struct ids *ids = arg;
    bson_iter_t iter;
    char text[16];
    const char *key;
    if (!bson_iter_init_find(&iter, doc, "_id"))
        return;
    size_t len = bson_uint32_to_string(ids->count++, &key, text, sizeof text);
    bson_append_value(&ids->list, key, (int)len, bson_iter_value(&iter));
}

static int remove_ids(struct purge *p, struct purge_place *place, const struct ids *ids,
                      struct err *e)
{
    bson_t filter = BSON_INITIALIZER, in, reply;
    bson_error_t error = {0};
    bson_iter_t iter;
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "_id", &in);
    BSON_APPEND_ARRAY(&in, "$in", &ids->list);
    bson_append_document_end(&filter, &in);
    mongoc_collection_t *c = reach_collection(p->reach, place->collection);
    bool ok = mongoc_collection_delete_many(c, &filter, NULL, &reply, &error);
    if (ok && bson_iter_init_find(&iter, &reply, "deletedCount"))
        place->documents += bson_iter_as_int64(&iter);
    mongoc_collection_destroy(c);
    bson_destroy(&reply);
    bson_destroy(&filter);
    return ok ? 0 : mongo_fail(e, place->collection, &error, NULL);
}

/* Some at a time, so that no call takes longer than a server may. */
static int remove_some(struct purge *p, struct purge_place *place, unsigned *found, struct err *e)
{
    struct ids ids = {.list = BSON_INITIALIZER};
    bson_t *filter = filter_of(p, place);
    if (place == &p->place[0])
        bound_readings(p, filter);
    struct documents d;
    documents_open(
        &d, p->reach, place->collection, filter,
        BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "limit", BCON_INT64(BATCH)));
    int rc = documents_each(&d, take_id, &ids, e);
    *found = ids.count;
    if (rc == 0 && ids.count > 0)
        rc = remove_ids(p, place, &ids, e);
    bson_destroy(&ids.list);
    return rc;
}

int purge_remove(struct purge *p, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < PURGE_PLACES && rc == 0; i++) {
        unsigned found = i == 0 && bson_empty(&p->upto) ? 0 : 1; /* an empty $or is refused */
        while (rc == 0 && found > 0)
            rc = remove_some(p, &p->place[i], &found, e);
    }
    return rc;
}
