/* What the store tests share: a sink behind a relay that can cut or freeze the line. */
#ifndef WEIR_TESTS_STORE_FIXTURE_H
#define WEIR_TESTS_STORE_FIXTURE_H

#include <check.h>

#include "aggregator/sink_mongo.h"
#include "tests/store/relay.h"

/* `direct` looks past the relay. */
extern struct fixture {
    struct relay *relay;
    struct mongo *mongo, *direct;
    struct sink_mongo *owner;
    struct sink sink;
    char host[64]; /* of the store */
    unsigned port;
    char database[64];
} fix;

/* Around each test case; the database is empty at the beginning of each test. */
void fixture_open(void);
void fixture_close(void);
void fixture_drop_database(void);

/* Begins an insertion of raw readings and waits for its end, however long that is. */
int fixture_insert(struct sink_raw *items, size_t count, struct err *e);

/* Documents in a collection, counted past the relay. */
int64_t fixture_count(const char *collection);

void sink_tests(TCase *tc);   /* test_sink.c */
void schema_tests(TCase *tc); /* test_schema.c */
void fault_tests(TCase *tc);  /* test_faults.c */
void rollup_tests(TCase *tc); /* test_rollups.c */

#define MUST(call)                                                                \
    do {                                                                          \
        struct err must_e = {0};                                                  \
        int must_rc = (call);                                                     \
        ck_assert_msg(must_rc == 0, "%s: %s", err_name(must_rc), must_e.message); \
    } while (0)
#define E (&must_e)

#endif
