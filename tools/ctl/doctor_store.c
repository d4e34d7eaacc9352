/* The store: whether it answers, its schema and indexes, clock, disk, and the accounts in it. */
#include <mongoc/mongoc.h>
#include <string.h>

#include "common/mongo/indexes.h"
#include "common/store/documents.h"
#include "common/store/schema.h"
#include "tools/ctl/doctor.h"
#include "tools/ctl/documents.h"

/* --- questions -------------------------------------------------------------------------------- */

/* Runs {NAME: 1}; `reply` is to be destroyed in either case. */
static bool ask(struct doctor *d, const char *name, bson_t *reply)
{
    bson_t *command = bson_new();
    bson_error_t error = {0};
    BSON_APPEND_INT32(command, name, 1);
    bool ok = mongoc_client_command_simple(d->reach.client, d->settings.mongo.db, command, NULL,
                                           reply, &error);
    bson_destroy(command);
    return ok;
}

static void check_clock(struct doctor *d)
{
    bson_t reply;
    bson_iter_t iter;
    int64_t before = clock_wall_ms(&d->clock);
    bool ok = ask(d, "hello", &reply);
    int64_t after = clock_wall_ms(&d->clock);
    if (ok && bson_iter_init_find(&iter, &reply, "localTime") && BSON_ITER_HOLDS_DATE_TIME(&iter)) {
        int64_t ahead = bson_iter_date_time(&iter) - (before + after) / 2;
        struct verdict v = doctor_judge_clock(ahead);
        doctor_say(d, v.grade, "clock", v.todo, "the store's is %.1f s %s this machine's",
                   (double)(ahead < 0 ? -ahead : ahead) / 1000, ahead < 0 ? "behind" : "ahead of");
    } else {
        doctor_say(d, GRADE_OK, "clock", NULL, "the store does not tell its own");
    }
    bson_destroy(&reply);
}

static double number_at(const bson_t *doc, const char *name)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, doc, name) ? bson_iter_as_double(&iter) : 0;
}

static void check_disk(struct doctor *d)
{
    bson_t reply;
    bool ok = ask(d, "dbStats", &reply);
    double total = ok ? number_at(&reply, "fsTotalSize") : 0;
    double used = ok ? number_at(&reply, "fsUsedSize") : 0;
    struct verdict v = doctor_judge_disk(used, total);
    if (total > 0)
        doctor_say(d, v.grade, "disk", v.todo, "%.0f %% of %.0f GB are free",
                   100 * (1 - used / total), total / 1e9);
    else
        doctor_say(d, GRADE_OK, "disk", NULL, "the store does not tell how much is free");
    bson_destroy(&reply);
}

/* --- documents -------------------------------------------------------------------------------- */

/* What could not be read is neither well nor amiss. */
static bool was_read(struct doctor *d, const char *what, int rc, const struct err *e)
{
    if (rc)
        doctor_say(d, GRADE_FAIL, what, "the store answered before: look at its log", "%s",
                   e->message);
    return rc == 0;
}

static void take_version(void *version, const bson_t *meta)
{
    bson_iter_t iter;
    if (bson_iter_init_find(&iter, meta, "version"))
        *(int64_t *)version = bson_iter_as_int64(&iter);
}

static void check_schema(struct doctor *d)
{
    struct err e = {0};
    struct documents meta;
    int64_t version = 0;
    documents_open(&meta, &d->reach, STORE_META, BCON_NEW("_id", BCON_UTF8("schema")), NULL);
    if (!was_read(d, "schema", documents_each(&meta, take_version, &version, &e), &e))
        return;
    struct verdict v = doctor_judge_schema(version, STORE_SCHEMA_VERSION);
    doctor_say(d, v.grade, "schema", v.todo, "version %lld of %s, this program knows %d",
               (long long)version, d->settings.mongo.db, STORE_SCHEMA_VERSION);
}

static bool same_keys(const bson_t *index, const bson_t *keys)
{
    bson_iter_t iter;
    uint32_t len;
    const uint8_t *data;
    bson_t have;
    if (!bson_iter_init_find(&iter, index, "key") || !BSON_ITER_HOLDS_DOCUMENT(&iter))
        return false;
    bson_iter_document(&iter, &len, &data);
    if (!bson_init_static(&have, data, len) || bson_count_keys(&have) != bson_count_keys(keys))
        return false;
    bson_iter_t a, b;
    bson_iter_init(&a, &have);
    bson_iter_init(&b, keys);
    while (bson_iter_next(&a) && bson_iter_next(&b))
        if (strcmp(bson_iter_key(&a), bson_iter_key(&b)) != 0 ||
            bson_iter_as_int64(&a) != bson_iter_as_int64(&b))
            return false;
    return true;
}

struct wanted_index {
    bson_t keys;
    bool found;
};

static void take_index(void *arg, const bson_t *index)
{
    struct wanted_index *wanted = arg;
    wanted->found = wanted->found || same_keys(index, &wanted->keys);
}

static int has_index(struct doctor *d, const struct mongo_index *index, bool *found, struct err *e)
{
    struct wanted_index wanted = {.keys = BSON_INITIALIZER};
    struct buf name = {0};
    struct documents indexes;
    int rc = 0;
    if (mongo_index_parse(index->keys, &wanted.keys, &name)) {
        documents_open_indexes(&indexes, &d->reach, index->collection);
        rc = documents_each(&indexes, take_index, &wanted, e);
    }
    *found = wanted.found;
    buf_deinit(&name);
    bson_destroy(&wanted.keys);
    return rc;
}

static void check_indexes(struct doctor *d)
{
    const struct settings_mongo *m = &d->settings.mongo;
    const struct store_schema_options options = {
        .raw = m->raw_collection, .windows = m->agg_collection, .alerts = m->alerts_collection};
    struct mongo_index index[STORE_SCHEMA_INDEXES];
    size_t count = store_schema_indexes(&options, index), missing = 0, first = 0;
    for (size_t i = 0; i < count; i++) {
        struct err e = {0};
        bool found;
        if (!was_read(d, "indexes", has_index(d, &index[i], &found, &e), &e))
            return;
        if (found)
            continue;
        first = missing ? first : i;
        missing++;
    }
    if (missing)
        doctor_say(d, GRADE_WARN, "indexes", "weir-aggregator makes them when it starts",
                   "%zu of %zu are missing, such as {%s} of %s", missing, count, index[first].keys,
                   index[first].collection);
    else
        doctor_say(d, GRADE_OK, "indexes", NULL, "all %zu are there", count);
}

struct ledger_count {
    unsigned all, wrong;
};

static void take_ledger(void *arg, const bson_t *doc)
{
    struct ledger_count *count = arg;
    struct ledger l = {.partition = 0};
    count->all++;
    count->wrong += !document_ledger_decode(doc, &l) || ledger_unaccounted(&l) != 0;
}

static void check_ledgers(struct doctor *d)
{
    struct err e = {0};
    struct documents ledgers;
    struct ledger_count count = {0};
    documents_open(&ledgers, &d->reach, STORE_LEDGER, NULL, NULL);
    if (!was_read(d, "ledgers", documents_each(&ledgers, take_ledger, &count, &e), &e))
        return;
    if (count.wrong)
        doctor_say(d, GRADE_FAIL, "ledgers", "weirctl verify says which, and more",
                   "%u of %u do not add up", count.wrong, count.all);
    else
        doctor_say(d, GRADE_OK, "ledgers", NULL, "%u, and each adds up", count.all);
}

void doctor_store(struct doctor *d)
{
    struct err e = {0};
    if (reach_open(&d->reach, &d->settings, REACH_BRISK_MS, &e) != 0) {
        doctor_say(d, GRADE_FAIL, "store",
                   "is it running, and is MONGO_URL right as seen from here?", "%s", e.message);
        return;
    }
    doctor_say(d, GRADE_OK, "store", NULL, "it answers");
    check_schema(d);
    check_indexes(d);
    check_ledgers(d);
    check_clock(d);
    check_disk(d);
}
