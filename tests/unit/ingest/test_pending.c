/* Pending requests: answered once, when the last delivery is known, in whatever order they come. */
#include <stdio.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/random.h"
#include "ingest/pending.h"
#include "tests/unit/unit.h"

static struct {
    unsigned calls;
    void *exchange;
    int error;
    unsigned accepted, rejected;
    char errors[512], reason[PENDING_REASON_MAX];
} finished;

static void finish(void *arg, struct pending *p)
{
    ck_assert_ptr_eq(arg, &finished);
    finished.calls++;
    finished.exchange = p->exchange;
    finished.error = p->error;
    finished.accepted = p->verdicts.accepted;
    finished.rejected = p->verdicts.rejected;
    snprintf(finished.errors, sizeof finished.errors, "%.*s", (int)p->verdicts.errors.len,
             p->verdicts.errors.len > 0 ? p->verdicts.errors.data : "");
    memcpy(finished.reason, p->reason, sizeof finished.reason);
}

static struct pending_pool *new_pool(void)
{
    memset(&finished, 0, sizeof finished);
    return pending_pool_new(finish, &finished);
}

static int exchange_a;

START_TEST(answered_when_the_delivery_is_known)
{
    struct pending_pool *pool = new_pool();
    struct pending *p = pending_open(pool, &exchange_a, NULL, 7);
    void *ticket = pending_expect(p, 0);
    pending_seal(p);
    ck_assert_uint_eq(finished.calls, 0);
    ck_assert_uint_eq(pending_pool_open(pool), 1);
    pending_settle(pool, ticket, 0, NULL);
    ck_assert_uint_eq(finished.calls, 1);
    ck_assert_ptr_eq(finished.exchange, &exchange_a);
    ck_assert_int_eq(finished.error, 0);
    ck_assert_uint_eq(finished.accepted, 1);
    ck_assert_uint_eq(pending_pool_open(pool), 0);
    pending_pool_free(pool);
}
END_TEST

START_TEST(not_answered_before_the_handler_is_done)
{
    struct pending_pool *pool = new_pool();
    struct pending *p = pending_open(pool, &exchange_a, NULL, 0);
    pending_settle(pool, pending_expect(p, 0), ERR_FULL, "full");
    ck_assert_uint_eq(finished.calls, 0);
    pending_seal(p);
    ck_assert_uint_eq(finished.calls, 1);
    ck_assert_int_eq(finished.error, ERR_FULL);
    ck_assert_str_eq(finished.reason, "full");
    pending_pool_free(pool);
}
END_TEST

/* The errors of the deliveries in order, the one that decides, and its reason. */
static void must_decide(const int *errors, unsigned count, int decides)
{
    struct pending_pool *pool = new_pool();
    struct pending *p = pending_open(pool, &exchange_a, NULL, 0);
    void *ticket[8];
    for (unsigned i = 0; i < count; i++)
        ticket[i] = pending_expect(p, i);
    pending_seal(p);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_eq(finished.calls, 0);
        pending_settle(pool, ticket[i], errors[i], err_name(errors[i]));
    }
    ck_assert_uint_eq(finished.calls, 1);
    ck_assert_int_eq(finished.error, decides);
    if (decides != 0)
        ck_assert_str_eq(finished.reason, err_name(decides));
    pending_pool_free(pool);
}

START_TEST(one_transient_failure_decides_over_everything)
{
    must_decide((const int[]){0, 0, 0}, 3, 0);
    must_decide((const int[]){0, ERR_UNAVAILABLE, 0}, 3, ERR_UNAVAILABLE);
    must_decide((const int[]){ERR_TOO_LARGE, 0, ERR_TIMEOUT}, 3, ERR_TIMEOUT);
    must_decide((const int[]){ERR_TIMEOUT, ERR_INVALID}, 2, ERR_TIMEOUT);
    must_decide((const int[]){ERR_TOO_LARGE, ERR_INVALID}, 2, ERR_TOO_LARGE);
    must_decide((const int[]){ERR_FULL, ERR_UNAVAILABLE}, 2, ERR_FULL);
}
END_TEST

START_TEST(what_kafka_never_takes_is_the_verdict_of_its_item)
{
    struct pending_pool *pool = new_pool();
    struct pending *p = pending_open(pool, &exchange_a, NULL, 0);
    void *last = pending_expect(p, PENDING_ITEMS_MAX), *first = pending_expect(p, 0);
    void *late = pending_expect(p, 7);
    pending_seal(p);
    pending_settle(pool, first, 0, NULL);
    pending_settle(pool, last, ERR_TOO_LARGE, "too large for the topic");
    pending_settle(pool, late, ERR_TIMEOUT, "no answer");
    ck_assert_uint_eq(finished.accepted, 1);
    ck_assert_uint_eq(finished.rejected, 1); /* the late one may be sent again */
    ck_assert_str_eq(finished.errors, "{\"index\":65535,\"code\":\"too_large\",\"pointer\":\"\","
                                      "\"detail\":\"too large for the topic\"}");
    pending_pool_free(pool);
}
END_TEST

START_TEST(long_reasons_are_cut)
{
    char text[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct pending_pool *pool = new_pool();
    struct pending *p = pending_open(pool, &exchange_a, NULL, 0);
    pending_fail(p, ERR_INVALID, text);
    pending_seal(p);
    ck_assert_uint_eq(strlen(finished.reason), PENDING_REASON_MAX - 1);
    pending_pool_free(pool);
}
END_TEST

START_TEST(a_pool_does_not_grow_beyond_its_peak)
{
    struct pending_pool *pool = new_pool();
    struct pending *seen[200];
    for (int i = 0; i < 200; i++)
        seen[i] = pending_open(pool, &exchange_a, NULL, 0);
    for (int i = 0; i < 200; i++)
        pending_seal(seen[i]);
    for (int round = 0; round < 1000; round++) {
        struct pending *p = pending_open(pool, &exchange_a, NULL, 0);
        bool known = false;
        for (int i = 0; i < 200; i++)
            known = known || seen[i] == p;
        ck_assert(known);
        ck_assert_uint_eq(p->answer.len, 0);
        buf_str(&p->answer, "left over");
        pending_seal(p);
    }
    pending_pool_free(pool);
}
END_TEST

enum { REQUESTS = 50, DELIVERIES = 400 };

static unsigned answers[REQUESTS];
static int given[REQUESTS];

static void count_answer(void *arg, struct pending *p)
{
    (void)arg;
    size_t i = (size_t)((int *)p->exchange - given);
    answers[i]++;
    ck_assert_int_eq(p->error != 0, given[i] != 0);
}

/* A fake broker: deliveries of many requests come back in a shuffled order, some with errors. */
START_TEST(every_request_is_answered_once_in_any_order)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct rng rng;
        rng_seed(&rng, seed);
        memset(answers, 0, sizeof answers);
        memset(given, 0, sizeof given);
        struct pending_pool *pool = pending_pool_new(count_answer, NULL);
        struct pending *request[REQUESTS];
        struct {
            int *given;
            void *ticket;
        } delivery[DELIVERIES];
        for (int i = 0; i < REQUESTS; i++)
            request[i] = pending_open(pool, &given[i], NULL, 0);
        for (int i = 0; i < DELIVERIES; i++) {
            uint32_t at = rng_below(&rng, REQUESTS);
            delivery[i].given = &given[at];
            delivery[i].ticket = pending_expect(request[at], (unsigned)i);
        }
        for (int i = 0; i < REQUESTS; i++)
            pending_seal(request[i]);
        for (int left = DELIVERIES; left > 0; left--) {
            uint32_t at = rng_below(&rng, (uint32_t)left);
            bool fails = rng_below(&rng, 20) == 0;
            if (fails)
                *delivery[at].given = 1;
            pending_settle(pool, delivery[at].ticket, fails ? ERR_TIMEOUT : 0, "timeout");
            delivery[at] = delivery[left - 1];
        }
        for (int i = 0; i < REQUESTS; i++)
            ck_assert_uint_eq(answers[i], 1);
        ck_assert_uint_eq(pending_pool_open(pool), 0);
        pending_pool_free(pool);
    }
}
END_TEST

UNIT_CASE(pending)
{
    tcase_add_test(tc, answered_when_the_delivery_is_known);
    tcase_add_test(tc, not_answered_before_the_handler_is_done);
    tcase_add_test(tc, one_transient_failure_decides_over_everything);
    tcase_add_test(tc, what_kafka_never_takes_is_the_verdict_of_its_item);
    tcase_add_test(tc, long_reasons_are_cut);
    tcase_add_test(tc, a_pool_does_not_grow_beyond_its_peak);
    tcase_add_test(tc, every_request_is_answered_once_in_any_order);
}
