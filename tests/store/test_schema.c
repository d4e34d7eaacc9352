/* The schema in a real store: applied twice, its periods changed, a newer one refused. */
#include "common/mongo/migrations.h"
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

/* --- steps */

/* Two steps that count how often they were done, and can fail. */
struct steps {
    int done[2], told;
    int fails; /* the second step, so many times */
    int rc;    /* with this code */
    struct mongo_migration step[3];
    struct mongo_migrations all;
};

static int first_step(struct mongo *m, void *arg, struct err *e)
{
    (void)m, (void)e;
    ((struct steps *)arg)->done[0]++;
    return 0;
}

static int second_step(struct mongo *m, void *arg, struct err *e)
{
    struct steps *s = arg;
    (void)m;
    s->done[1]++;
    return s->fails-- > 0 ? err_set(e, s->rc, "injected") : 0;
}

static void note_step(void *arg, int64_t version, const char *what)
{
    struct steps *s = arg;
    ck_assert_str_eq(what, s->step[version - 1].what);
    ck_assert_int_eq(version, ++s->told);
}

static void steps_init(struct steps *s)
{
    *s = (struct steps){.rc = ERR_UNAVAILABLE};
    s->step[0] = (struct mongo_migration){.what = "one", .apply = first_step, .arg = s};
    s->step[1] = (struct mongo_migration){.what = "two", .apply = second_step, .arg = s};
    s->step[2] = (struct mongo_migration){.what = "nothing"};
    s->all = (struct mongo_migrations){.step = s->step, .count = 3, .done = note_step, .arg = s};
}

START_TEST(a_store_is_migrated_step_by_step_and_once)
{
    struct steps s;
    steps_init(&s);
    s.all.count = 1;
    MUST(mongo_migrate(fix.mongo, &s.all, 1000, E));
    ck_assert_int_eq(version_in_meta(0), 1);
    s.all.count = 3;
    for (int i = 0; i < 2; i++) {
        MUST(mongo_migrate(fix.mongo, &s.all, 1000, E));
        ck_assert(s.done[0] == 1 && s.done[1] == 1 && s.told == 3);
        ck_assert_int_eq(version_in_meta(0), 3);
    }
}
END_TEST

START_TEST(a_step_that_was_cut_off_is_done_again)
{
    struct steps s;
    struct err e = {0};
    steps_init(&s);
    s.fails = 1;
    ck_assert_int_eq(mongo_migrate(fix.mongo, &s.all, 1000, &e), ERR_UNAVAILABLE);
    ck_assert_int_eq(version_in_meta(0), 1);
    /* Done, but the program ended before it could say so. */
    relay_set(fix.relay, RELAY_LOSE_ANSWER);
    err_clear(&e);
    int rc = mongo_migrate(fix.mongo, &s.all, 1000, &e);
    ck_assert(rc == 0 || rc == ERR_UNAVAILABLE);
    relay_set(fix.relay, RELAY_PASS);
    MUST(mongo_migrate(fix.mongo, &s.all, 1000, E));
    ck_assert(s.done[0] == 1 && s.done[1] >= 2);
    ck_assert_int_eq(version_in_meta(0), 3);
}
END_TEST

/* The other one is a step ahead before we are done with ours. */
static int overtaken_step(struct mongo *m, void *arg, struct err *e)
{
    (void)e;
    struct steps *other = arg;
    MUST(mongo_migrate(m, &other->all, 1000, E));
    return 0;
}

START_TEST(two_that_start_at_once_do_no_harm)
{
    struct steps mine, other;
    steps_init(&mine);
    steps_init(&other);
    other.all.done = NULL;
    mine.all.done = NULL;
    mine.step[0] = (struct mongo_migration){.what = "one", .apply = overtaken_step, .arg = &other};
    MUST(mongo_migrate(fix.mongo, &mine.all, 1000, E));
    ck_assert(other.done[0] == 1 && other.done[1] == 1 && mine.done[1] == 0);
    ck_assert_int_eq(version_in_meta(0), 3);
}
END_TEST

START_TEST(a_newer_store_is_refused_untouched)
{
    struct steps s;
    struct err e = {0};
    steps_init(&s);
    MUST(mongo_migrate(fix.mongo, &s.all, 1000, E));
    s.all.count = 2;
    ck_assert_int_eq(mongo_migrate(fix.mongo, &s.all, 1000, &e), ERR_INVALID);
    ck_assert_ptr_nonnull(strstr(e.message, "schema version 3, this program knows 2"));
    ck_assert(s.done[0] == 1 && s.done[1] == 1);
    ck_assert_int_eq(version_in_meta(0), 3);
    err_clear(&e);
    ck_assert_int_eq(mongo_refuse_newer(fix.mongo, 2, &e), ERR_INVALID);
    MUST(mongo_refuse_newer(fix.mongo, 3, E));
}
END_TEST

void schema_tests(TCase *tc)
{
    tcase_add_test(tc, a_store_is_migrated_step_by_step_and_once);
    tcase_add_test(tc, a_step_that_was_cut_off_is_done_again);
    tcase_add_test(tc, two_that_start_at_once_do_no_harm);
    tcase_add_test(tc, a_newer_store_is_refused_untouched);
    tcase_add_test(tc, the_schema_is_applied_changed_and_guarded);
}
