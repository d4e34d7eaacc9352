/* The rest of a busy loop: none for few requests, never longer than said, and really taken. */
#include "common/http/gather.h"

#include "tests/unit/http/stage.h"
#include "tests/unit/unit.h"

#define POST_LATER "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"

START_TEST(few_requests_never_wait)
{
    for (unsigned in_flight = 0; in_flight < GATHER_FROM; in_flight++)
        ck_assert_uint_eq(gather_rest_ns(in_flight, 0), 0);
}
END_TEST

START_TEST(the_rest_grows_with_the_requests_up_to_its_limit)
{
    uint64_t before_ns = 0;
    for (unsigned in_flight = GATHER_FROM; in_flight < 20000; in_flight++) {
        uint64_t rest_ns = gather_rest_ns(in_flight, 0);
        ck_assert_uint_ge(rest_ns, before_ns);
        before_ns = rest_ns;
    }
    ck_assert_uint_gt(gather_rest_ns(GATHER_FROM, 0), 0);
    ck_assert_uint_eq(before_ns, GATHER_MAX_NS);
}
END_TEST

START_TEST(what_a_turn_took_counts)
{
    ck_assert_uint_eq(gather_rest_ns(10000, 100000), GATHER_MAX_NS - 100000);
    ck_assert_uint_eq(gather_rest_ns(10000, GATHER_MAX_NS - GATHER_LEAST_NS), GATHER_LEAST_NS);
    ck_assert_uint_eq(gather_rest_ns(10000, GATHER_MAX_NS - GATHER_LEAST_NS + 1), 0);
    ck_assert_uint_eq(gather_rest_ns(10000, UINT64_C(1000000000)), 0);
}
END_TEST

/* Every turn that takes one more request ends with a rest, which is never cut short. */
START_TEST(a_server_that_gathers_rests_after_each_turn)
{
    enum { BUSY = 125, MORE = 20 }; /* BUSY is enough for the longest rest */
    struct stage stage;
    struct client client;
    struct http_server_options o = stage_options();
    o.gather = true;
    o.max_pipelined = BUSY + MORE;
    stage_init(&stage, &o);
    client_init(&client, &stage);
    for (unsigned i = 0; i < BUSY; i++)
        client_send(&client, POST_LATER);
    stage_until(&stage, stage.holding == BUSY);
    struct clock clock = clock_system();
    uint64_t started_ns = clock_monotonic_ns(&clock);
    for (unsigned i = BUSY; i < BUSY + MORE; i++) {
        client_send(&client, POST_LATER);
        stage_until(&stage, stage.holding == i + 1);
    }
    ck_assert_uint_ge(clock_monotonic_ns(&clock) - started_ns, MORE * (uint64_t)GATHER_MAX_NS);
    for (unsigned i = 0; i < BUSY + MORE; i++)
        http_reply(stage.held[i], &(struct http_answer){.status = 202});
    client_deinit(&client);
    stage_deinit(&stage);
}
END_TEST

/* How many of a connection's answers, each followed by ones that are not known yet, are not out
 * with the turn in which they were given. All must be with the next one, in which nothing comes. */
static unsigned answers_that_wait(bool gather, unsigned requests, unsigned answers)
{
    struct stage stage;
    struct client client;
    struct http_server_options o = stage_options();
    unsigned waited = 0;
    o.gather = gather;
    o.max_pipelined = requests;
    stage_init(&stage, &o);
    client_init(&client, &stage);
    for (unsigned i = 0; i < requests; i++)
        client_send(&client, POST_LATER);
    stage_until(&stage, stage.holding == requests);
    for (unsigned i = 0; i < answers; i++) {
        http_reply(stage.held[i], &(struct http_answer){.status = 202});
        stage_turn(&stage);
        waited += !client_has(&client, "\r\n\r\n");
        stage_turn(&stage);
        ck_assert(client_has(&client, "\r\n\r\n"));
        buf_clear(&client.got);
    }
    for (unsigned i = answers; i < requests; i++)
        http_reply(stage.held[i], &(struct http_answer){.status = 202});
    client_deinit(&client);
    stage_deinit(&stage);
    return waited;
}

/* A turn that another event of the loop brings may come between: most is enough. */
START_TEST(answers_wait_a_turn_for_the_next_of_their_connection)
{
    ck_assert_uint_gt(answers_that_wait(true, GATHER_FROM + 20, 20), 10);
}
END_TEST

START_TEST(answers_of_few_requests_never_wait)
{
    ck_assert_uint_eq(answers_that_wait(true, GATHER_FROM - 1, 20), 0);
}
END_TEST

START_TEST(answers_of_a_server_that_does_not_gather_never_wait)
{
    ck_assert_uint_eq(answers_that_wait(false, GATHER_FROM + 20, 20), 0);
}
END_TEST

/* The last one is followed by none. */
START_TEST(a_connection_that_awaits_no_further_answer_does_not_wait)
{
    struct stage stage;
    struct client busy, client;
    struct http_server_options o = stage_options();
    o.gather = true;
    stage_init(&stage, &o);
    client_init(&busy, &stage);
    client_init(&client, &stage);
    for (unsigned i = 0; i < GATHER_FROM; i++)
        client_send(&busy, POST_LATER);
    stage_until(&stage, stage.holding == GATHER_FROM);
    client_send(&client, POST_LATER);
    stage_until(&stage, stage.holding == GATHER_FROM + 1);
    http_reply(stage.held[GATHER_FROM], &(struct http_answer){.status = 202});
    stage_turn(&stage);
    ck_assert(client_has(&client, "\r\n\r\n"));
    for (unsigned i = 0; i < GATHER_FROM; i++)
        http_reply(stage.held[i], &(struct http_answer){.status = 202});
    client_deinit(&busy);
    client_deinit(&client);
    stage_deinit(&stage);
}
END_TEST

UNIT_CASE(gather)
{
    tcase_add_test(tc, few_requests_never_wait);
    tcase_add_test(tc, the_rest_grows_with_the_requests_up_to_its_limit);
    tcase_add_test(tc, what_a_turn_took_counts);
    tcase_add_test(tc, a_server_that_gathers_rests_after_each_turn);
    tcase_add_test(tc, answers_wait_a_turn_for_the_next_of_their_connection);
    tcase_add_test(tc, answers_of_few_requests_never_wait);
    tcase_add_test(tc, answers_of_a_server_that_does_not_gather_never_wait);
    tcase_add_test(tc, a_connection_that_awaits_no_further_answer_does_not_wait);
}
