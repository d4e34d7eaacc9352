/* The sink against a real store: what is written is there once, races have one winner, and a store
 * that is away is told in bounded time. Needs MONGO_URL; uses a database of its own. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/store/fixture.h"

struct fixture fix;

static struct mongo *open_store(const char *url)
{
    struct mongo *m = NULL;
    struct err e = {0};
    const struct mongo_options options = {.url = url, .database = fix.database, .max_clients = 4};
    ck_assert_msg(mongo_new(&m, &options, &e) == 0, "%s", e.message);
    return m;
}

void fixture_open(void)
{
    char url[128];
    fix.port = 27017;
    ck_assert_msg(sscanf(getenv("MONGO_URL"), "mongodb://%63[0-9.]:%u", fix.host, &fix.port) >= 1,
                  "MONGO_URL must name the store as mongodb://<IPv4 address>:<port>");
    snprintf(fix.database, sizeof fix.database, "weir_test_%d", (int)getpid());
    fix.relay = relay_new(fix.host, (uint16_t)fix.port);
    snprintf(url, sizeof url,
             "mongodb://127.0.0.1:%u/?directConnection=true&socketTimeoutMS=1500"
             "&serverSelectionTimeoutMS=1500&connectTimeoutMS=1000",
             relay_port(fix.relay));
    fix.mongo = open_store(url);
    fix.direct = open_store(getenv("MONGO_URL"));
    fix.owner = sink_mongo_new(&(struct sink_mongo_options){.mongo = fix.mongo,
                                                            .topic = "telemetry.raw",
                                                            .raw = "telemetry_raw",
                                                            .windows = "aggregated_data",
                                                            .devices = "devices",
                                                            .ledger = "ledger"});
    fix.sink = sink_mongo_port(fix.owner);
}

void fixture_drop_database(void)
{
    mongoc_client_t *client = mongo_pop(fix.direct);
    mongoc_database_t *database = mongoc_client_get_database(client, fix.database);
    mongoc_database_drop(database, NULL);
    mongoc_database_destroy(database);
    mongo_push(fix.direct, client);
}

void fixture_close(void)
{
    sink_mongo_free(fix.owner);
    mongo_free(fix.mongo);
    mongo_free(fix.direct);
    relay_free(fix.relay);
}

/* Clients are kept from test to test: to end one takes the driver two seconds. */
static void clean(void)
{
    relay_set(fix.relay, RELAY_PASS);
    fixture_drop_database();
}

int fixture_insert(struct sink_raw *items, size_t count, struct err *e)
{
    int rc = ERR_TIMEOUT;
    fix.sink.insert_begin(fix.sink.self, items, count);
    while (rc == ERR_TIMEOUT)
        rc = fix.sink.insert_finish(fix.sink.self, items, count, 1000, e);
    return rc;
}

int64_t fixture_count(const char *collection)
{
    mongoc_client_t *client = mongo_pop(fix.direct);
    mongoc_collection_t *c = mongo_collection(fix.direct, client, collection);
    bson_t all = BSON_INITIALIZER;
    bson_error_t error;
    int64_t n = mongoc_collection_count_documents(c, &all, NULL, NULL, NULL, &error);
    ck_assert_msg(n >= 0, "%s", error.message);
    mongoc_collection_destroy(c);
    mongo_push(fix.direct, client);
    return n;
}

static void add_case(Suite *s, const char *name, void (*tests)(TCase *tc))
{
    TCase *tc = tcase_create(name);
    tcase_set_timeout(tc, 60);
    tcase_add_unchecked_fixture(tc, fixture_open, fixture_close);
    tcase_add_checked_fixture(tc, NULL, clean);
    tests(tc);
    suite_add_tcase(s, tc);
}

static Suite *suite(void)
{
    Suite *s = suite_create("sink against a real store");
    add_case(s, "sink", sink_tests);
    add_case(s, "schema", schema_tests);
    add_case(s, "faults", fault_tests);
    add_case(s, "rollups", rollup_tests);
    return s;
}

int main(void)
{
    if (!getenv("MONGO_URL")) {
        puts("skipped: MONGO_URL not set");
        return EXIT_SUCCESS;
    }
    signal(SIGPIPE, SIG_IGN);
    SRunner *runner = srunner_create(suite());
    srunner_set_fork_status(runner, CK_NOFORK); /* the driver's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    int run = srunner_ntests_run(runner);
    srunner_free(runner);
    printf("%d passed, %d failed\n", run - failed, failed);
    return failed || run == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
