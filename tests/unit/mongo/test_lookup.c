/* Ids of any length stay whole while a lookup grows. */
#include "common/mongo/lookup.h"

#include <mongoc/mongoc.h>
#include <stdio.h>

#include "tests/unit/unit.h"

static void count(void *arg, size_t item, const bson_t *doc)
{
    (void)item;
    (void)doc;
    ++*(int *)arg;
}

/* No server listens there: the query is made, and gets no answer. */
static int run_without_server(const struct mongo_lookup *l, int *visits)
{
    mongoc_init();
    mongoc_client_t *client =
        mongoc_client_new("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=1&connectTimeoutMS=100");
    mongoc_collection_t *c = mongoc_client_get_collection(client, "db", "c");
    struct err e = {0};
    int rc = mongo_lookup_run(l, c, NULL, count, visits, &e);
    mongoc_collection_destroy(c);
    mongoc_client_destroy(client);
    return rc;
}

/* A document of more than some 100 bytes points into itself, and a growing list moved it: one
 * reading of a device with a long name and 17 sensors killed the aggregator at every start. */
START_TEST(many_long_ids_survive_the_growth_of_the_list)
{
    struct mongo_lookup *l = mongo_lookup_new();
    for (int i = 0; i < 1000; i++) {
        char id[201];
        int len = snprintf(id, sizeof id, "%0200d", i);
        mongo_lookup_add_utf8(l, id, (size_t)len);
    }
    int visits = 0;
    ck_assert_int_eq(run_without_server(l, &visits), ERR_UNAVAILABLE);
    ck_assert_int_eq(visits, 0);
    mongo_lookup_free(l);
}
END_TEST

UNIT_CASE(lookup)
{
    tcase_add_test(tc, many_long_ids_survive_the_growth_of_the_list);
}
