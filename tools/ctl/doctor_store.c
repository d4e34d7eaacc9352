/* The store: whether it answers, its schema and indexes, clock, disk, and the accounts in it. */
#include <mongoc/mongoc.h>
#include <string.h>

#include "common/mongo/indexes.h"
#include "common/store/documents.h"
#include "common/store/schema.h"
#include "tools/ctl/doctor.h"

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

static int64_t version_of(struct doctor *d)
{
    mongoc_collection_t *c = reach_collection(&d->reach, STORE_META);
    bson_t *filter = BCON_NEW("_id", BCON_UTF8("schema"));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(c, filter, NULL, NULL);
    const bson_t *doc;
    bson_iter_t iter;
    int64_t version = 0;
    while (mongoc_cursor_next(cursor, &doc))
        if (bson_iter_init_find(&iter, doc, "version"))
            version = bson_iter_as_int64(&iter);
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(c);
    bson_destroy(filter);
    return version;
}

static void check_schema(struct doctor *d)
{
    int64_t version = version_of(d);
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

static bool has_index(struct doctor *d, const struct mongo_index *index)
{
    bson_t keys = BSON_INITIALIZER;
    struct buf name = {0};
    bool found = false;
    mongoc_collection_t *c = reach_collection(&d->reach, index->collection);
    mongoc_cursor_t *cursor = mongoc_collection_find_indexes_with_opts(c, NULL);
    const bson_t *doc;
    if (mongo_index_parse(index->keys, &keys, &name))
        while (mongoc_cursor_next(cursor, &doc))
            found = found || same_keys(doc, &keys);
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(c);
    buf_deinit(&name);
    bson_destroy(&keys);
    return found;
}

static void check_indexes(struct doctor *d)
{
    const struct settings_mongo *m = &d->settings.mongo;
    const struct store_schema_options options = {
        .raw = m->raw_collection, .windows = m->agg_collection, .alerts = m->alerts_collection};
    struct mongo_index index[STORE_SCHEMA_INDEXES];
    size_t count = store_schema_indexes(&options, index), missing = 0, first = 0;
    for (size_t i = 0; i < count; i++) {
        if (has_index(d, &index[i]))
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

static void check_ledgers(struct doctor *d)
{
    mongoc_collection_t *c = reach_collection(&d->reach, STORE_LEDGER);
    bson_t all = BSON_INITIALIZER;
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(c, &all, NULL, NULL);
    const bson_t *doc;
    unsigned ledgers = 0, wrong = 0;
    while (mongoc_cursor_next(cursor, &doc)) {
        struct ledger l = {.partition = 0};
        ledgers++;
        wrong += !document_ledger_decode(doc, &l) || ledger_unaccounted(&l) != 0;
    }
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(c);
    if (wrong)
        doctor_say(d, GRADE_FAIL, "ledgers", "weirctl verify says which, and more",
                   "%u of %u do not add up", wrong, ledgers);
    else
        doctor_say(d, GRADE_OK, "ledgers", NULL, "%u, and each adds up", ledgers);
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
