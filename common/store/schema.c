/* The schema of the store: its indexes, and the version that a daemon must understand. */
#include "common/store/schema.h"

#include "common/mongo/lookup.h"
#include "common/mongo/migrations.h"

/* Collections whose names are settings, and periods likewise, stand for themselves here. */
enum place { RAW, WINDOWS, ALERTS, FIXED };
enum period { FOR_EVER, RAW_TTL, WINDOWS_TTL, HOURS_TTL, DAYS_TTL, ALERTS_TTL };

static const struct row {
    enum place place;
    const char *collection; /* with FIXED */
    const char *keys;
    enum period period;
} rows[] = {
    {RAW, NULL, "device_id:1,ts:-1", FOR_EVER},
    {RAW, NULL, "ts:-1", FOR_EVER},
    {RAW, NULL, "received_at:1", RAW_TTL},
    {WINDOWS, NULL, "device_id:1,timestamp:-1", FOR_EVER},
    {WINDOWS, NULL, "sensor_type:1,timestamp:-1", FOR_EVER},
    {WINDOWS, NULL, "timestamp:-1", FOR_EVER},        /* the newest of all devices */
    {WINDOWS, NULL, "final:1,timestamp:1", FOR_EVER}, /* those that a crash left open */
    {WINDOWS, NULL, "last_updated:1", WINDOWS_TTL},
    {FIXED, STORE_HOURS, "device_id:1,timestamp:-1", FOR_EVER},
    {FIXED, STORE_HOURS, "timestamp:-1", FOR_EVER},
    {FIXED, STORE_HOURS, "last_updated:1", HOURS_TTL},
    {FIXED, STORE_DAYS, "device_id:1,timestamp:-1", FOR_EVER},
    {FIXED, STORE_DAYS, "timestamp:-1", FOR_EVER},
    {FIXED, STORE_DAYS, "last_updated:1", DAYS_TTL},
    {FIXED, STORE_DEVICES, "last_seen:-1", FOR_EVER},
    {ALERTS, NULL, "created_at:-1", ALERTS_TTL},
    {ALERTS, NULL, "device_id:1,created_at:-1", FOR_EVER},
    {ALERTS, NULL, "timestamp:-1", FOR_EVER},
    {ALERTS, NULL, "status:1,severity:1", FOR_EVER},
};

_Static_assert(sizeof rows / sizeof *rows <= STORE_SCHEMA_INDEXES, "callers have room for that");

static const char *collection_of(const struct row *row, const struct store_schema_options *o)
{
    switch (row->place) {
    case RAW:
        return o->raw;
    case WINDOWS:
        return o->windows;
    case ALERTS:
        return o->alerts;
    default:
        return row->collection;
    }
}

static int64_t period_of(const struct row *row, const struct store_schema_options *o)
{
    switch (row->period) {
    case RAW_TTL:
        return o->raw_ttl_ms;
    case WINDOWS_TTL:
        return o->windows_ttl_ms;
    case HOURS_TTL:
        return o->hours_ttl_ms;
    case DAYS_TTL:
        return o->days_ttl_ms;
    case ALERTS_TTL:
        return o->alerts_ttl_ms;
    default:
        return 0;
    }
}

size_t store_schema_indexes(const struct store_schema_options *options,
                            struct mongo_index out[STORE_SCHEMA_INDEXES])
{
    size_t count = sizeof rows / sizeof *rows;
    for (size_t i = 0; i < count; i++)
        out[i] = (struct mongo_index){
            .collection = collection_of(&rows[i], options),
            .keys = rows[i].keys,
            /* rounded up: a period of 500 ms must not become "for ever" */
            .expire_after_s = (period_of(&rows[i], options) + 999) / 1000,
        };
    return count;
}

/* The newest version is the number of rows. To add one: the step, the version in schema.h, a test.
 */
static const struct mongo_migration steps[] = {
    {.what = "the first schema"},
};

_Static_assert(sizeof steps / sizeof *steps == STORE_SCHEMA_VERSION, "a step to each version");

int store_schema_identify(struct mongo *m, int64_t now_ms, struct err *e)
{
    mongoc_client_t *client = mongo_pop(m);
    if (!client)
        return err_set(e, ERR_UNAVAILABLE, "no store client is free");
    mongoc_collection_t *c = mongo_collection(m, client, STORE_META);
    bson_oid_t oid;
    bson_oid_init(&oid, NULL);
    bson_t *filter = BCON_NEW("_id", BCON_UTF8("store"));
    bson_t *update = BCON_NEW("$setOnInsert", "{", "identity", BCON_OID(&oid), "created_at",
                              BCON_DATE_TIME(now_ms), "}");
    bson_t *opts = BCON_NEW("upsert", BCON_BOOL(true));
    bson_error_t error = {0};
    bool ok = mongoc_collection_update_one(c, filter, update, opts, NULL, &error);
    int rc = ok ? 0 : err_set(e, ERR_UNAVAILABLE, "store identity: %s", error.message);
    bson_destroy(opts);
    bson_destroy(update);
    bson_destroy(filter);
    mongoc_collection_destroy(c);
    mongo_push(m, client);
    return rc;
}

static void take_identity(void *arg, size_t item, const bson_t *doc)
{
    (void)item;
    bson_iter_t iter;
    if (bson_iter_init_find(&iter, doc, "identity") && BSON_ITER_HOLDS_OID(&iter))
        bson_oid_to_string(bson_iter_oid(&iter), arg);
}

int store_schema_identity(struct mongo *m, char out[STORE_IDENTITY_MAX], struct err *e)
{
    mongoc_client_t *client = mongo_pop(m);
    if (!client)
        return err_set(e, ERR_UNAVAILABLE, "no store client is free");
    mongoc_collection_t *c = mongo_collection(m, client, STORE_META);
    struct mongo_lookup *l = mongo_lookup_new();
    mongo_lookup_add_utf8(l, "store", strlen("store"));
    out[0] = '\0';
    int rc = mongo_lookup_run(l, c, NULL, take_identity, out, e);
    mongo_lookup_free(l);
    mongoc_collection_destroy(c);
    mongo_push(m, client);
    return rc ? rc : out[0] ? 0 : err_set(e, ERR_NOT_FOUND, "the store has no identity");
}

int store_schema_apply(struct mongo *m, const struct store_schema_options *options, int64_t now_ms,
                       struct err *e)
{
    const struct mongo_migrations migrations = {.step = steps,
                                                .count = STORE_SCHEMA_VERSION,
                                                .done = options->migrated,
                                                .arg = options->arg};
    struct mongo_index indexes[STORE_SCHEMA_INDEXES];
    size_t count = store_schema_indexes(options, indexes);
    int rc = mongo_migrate(m, &migrations, now_ms, e);
    if (rc == 0)
        rc = mongo_ensure_indexes(m, indexes, count, e);
    return rc ? rc : store_schema_identify(m, now_ms, e);
}

int store_schema_check(struct mongo *m, struct err *e)
{
    return mongo_refuse_newer(m, STORE_SCHEMA_VERSION, e);
}
