/* The schema in a real store: applied twice, its periods changed, a newer one refused. */
#include "common/store/schema.h"
#include "tests/store/fixture.h"

static int64_t version_in_meta(int64_t write)
{
    mongoc_client_t *client = mongo_pop(fix.direct);
    mongoc_collection_t *c = mongo_collection(fix.direct, client, "meta");
    bson_t *filter = BCON_NEW("_id", BCON_UTF8("schema"));
    bson_t *update = BCON_NEW("$max", "{", "version", BCON_INT64(write), "}");
    bson_error_t error;
    ck_assert_msg(mongoc_collection_update_one(c, filter, update, NULL, NULL, &error), "%s",
                  error.message);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(c, filter, NULL, NULL);
    const bson_t *doc;
    bson_iter_t iter;
    int64_t version = mongoc_cursor_next(cursor, &doc) && bson_iter_init_find(&iter, doc, "version")
                          ? bson_iter_as_int64(&iter)
                          : -1;
    mongoc_cursor_destroy(cursor);
    bson_destroy(update);
    bson_destroy(filter);
    mongoc_collection_destroy(c);
    mongo_push(fix.direct, client);
    return version;
}

/* TTL of the first index of the collection that has one; 0 = none. */
static int64_t ttl_in_store(const char *collection, int *indexes)
{
    mongoc_client_t *client = mongo_pop(fix.direct);
    mongoc_collection_t *c = mongo_collection(fix.direct, client, collection);
    mongoc_cursor_t *cursor = mongoc_collection_find_indexes_with_opts(c, NULL);
    const bson_t *doc;
    bson_iter_t iter;
    int64_t ttl = 0;
    for (*indexes = 0; mongoc_cursor_next(cursor, &doc); ++*indexes)
        if (bson_iter_init_find(&iter, doc, "expireAfterSeconds"))
            ttl = bson_iter_as_int64(&iter);
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(c);
    mongo_push(fix.direct, client);
    return ttl;
}

START_TEST(the_schema_is_applied_changed_and_guarded)
{
    struct store_schema_options options = {.raw = "telemetry_raw",
                                           .windows = "aggregated_data",
                                           .alerts = "alerts",
                                           .raw_ttl_ms = 3600000,
                                           .windows_ttl_ms = 7200000,
                                           .alerts_ttl_ms = 9000000};
    int indexes;
    for (int i = 0; i < 2; i++) { /* repeated: no harm */
        MUST(store_schema_apply(fix.mongo, &options, 1000, E));
        ck_assert_int_eq(ttl_in_store("telemetry_raw", &indexes), 3600);
        ck_assert_int_eq(indexes, 4); /* with _id */
    }
    options.raw_ttl_ms = 60000;
    MUST(store_schema_apply(fix.mongo, &options, 1000, E));
    ck_assert_int_eq(ttl_in_store("telemetry_raw", &indexes), 60);
    options.raw_ttl_ms = 0;
    MUST(store_schema_apply(fix.mongo, &options, 1000, E));
    ck_assert_int_eq(ttl_in_store("telemetry_raw", &indexes), 0);
    ck_assert_int_eq(indexes, 4);
    ck_assert_int_eq(version_in_meta(0), STORE_SCHEMA_VERSION);
    ck_assert_int_eq(version_in_meta(STORE_SCHEMA_VERSION + 1), STORE_SCHEMA_VERSION + 1);
    struct err e = {0};
    ck_assert_int_eq(store_schema_apply(fix.mongo, &options, 1000, &e), ERR_INVALID);
    ck_assert_int_eq(version_in_meta(0), STORE_SCHEMA_VERSION + 1);
}
END_TEST

void schema_tests(TCase *tc)
{
    tcase_add_test(tc, the_schema_is_applied_changed_and_guarded);
}
