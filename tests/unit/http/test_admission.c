/* Who is asked before a body comes, and what a refusal at that point looks like. */
#include <jansson.h>

#include "common/http/core.h"
#include "tests/unit/http/visit.h"
#include "tests/unit/unit.h"

#define HEAD(path, more) "POST " path " HTTP/1.1\r\nHost: a\r\n" more "\r\n"
#define EXPECT           "Expect: 100-continue\r\n"

static const struct http_problem no_key = {
    .status = 401,
    .code = "no_key",
    .detail = "a key is needed",
    .headers = "WWW-Authenticate: Bearer\r\n",
};

START_TEST(asks_once_before_the_body)
{
    client_send(&client, HEAD("/later", "Content-Length: 5\r\n"));
    stage_until(&stage, stage.asked == 1);
    visit_settle();
    ck_assert_uint_eq(client.got.len, 0);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0); /* the exchange was only lent */
    for (int i = 0; i < 5; i++) {
        client_send_bytes(&client, &"hello"[i], 1);
        stage_turn(&stage);
    }
    stage_until(&stage, stage.holding == 1);
    ck_assert(http_exchange_admitted(stage.held[0]));
    ck_assert_uint_eq(stage.asked, 1);
    visit_reply(0, "");
    client_expect(&client, &answer, 202);
    ck_assert_uint_eq(stage.reports, 1);
}
END_TEST

START_TEST(asks_before_the_chunks)
{
    client_send(&client, HEAD("/later", "Transfer-Encoding: chunked\r\n") "3\r\nab");
    stage_until(&stage, stage.asked == 1);
    client_send(&client, "c\r\n0\r\n\r\n");
    stage_until(&stage, stage.holding == 1);
    ck_assert_uint_eq(stage.asked, 1);
    visit_reply(0, "");
    client_expect(&client, &answer, 202);
}
END_TEST

/* The handler decides by itself then: the hot path has no second call. */
START_TEST(does_not_ask_when_the_body_is_here)
{
    stage.refuse = &no_key;
    client_send(&client, HEAD("/later", "Content-Length: 2\r\n") "ok" HEAD("/later", ""));
    stage_until(&stage, stage.holding == 2);
    ck_assert(!http_exchange_admitted(stage.held[0]) && !http_exchange_admitted(stage.held[1]));
    ck_assert_uint_eq(stage.asked, 0);
    visit_reply(0, "");
    visit_reply(1, "");
    client_expect(&client, &answer, 202);
    client_expect(&client, &answer, 202);
}
END_TEST

START_TEST(says_continue_only_after_the_question)
{
    client_send(&client, HEAD("/later", EXPECT "Content-Length: 2\r\n"));
    client_expect(&client, &answer, 100);
    ck_assert_uint_eq(stage.asked, 1);
    client_send(&client, "ok");
    stage_until(&stage, stage.holding == 1);
    visit_reply(0, "");
    client_expect(&client, &answer, 202);
}
END_TEST

static void must_be_refused(const char *request)
{
    client_deinit(&client);
    client_init(&client, &stage);
    client_send(&client, request);
    client_expect(&client, &answer, 401); /* no "100 Continue" before it */
    ck_assert_str_eq(got_header(&answer, "WWW-Authenticate"), "Bearer");
    ck_assert_str_eq(got_header(&answer, "Connection"), "close");
    ck_assert_uint_eq(strlen(got_header(&answer, "X-Request-Id")), 16);
    ck_assert_uint_eq(stage.server->buffered, 0);
    client_send(&client, "the body, sent all the same: no reset overtakes the answer");
    client_expect_end(&client);
}

START_TEST(answers_instead_of_reading)
{
    stage.refuse = &no_key;
    must_be_refused(HEAD("/later", "Content-Length: 900000\r\n"));
    must_be_refused(HEAD("/later", "Content-Length: 900000\r\n") "some of it");
    must_be_refused(HEAD("/slow", EXPECT "Content-Length: 900000\r\n"));
    must_be_refused(HEAD("/slow", EXPECT "Transfer-Encoding: chunked\r\n"));
    must_be_refused(HEAD("/slow", "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n");
    ck_assert_uint_eq(stage.handled, 0);
    ck_assert_uint_eq(stage.asked, 5);
    ck_assert_uint_eq(stage.reports, 5);
    ck_assert_int_eq(stage.report[0].status, 401);
    ck_assert_str_eq(stage.report[0].route, "/later");
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
}
END_TEST

START_TEST(refuses_in_its_turn)
{
    client_send(&client, HEAD("/later", "") HEAD("/slow", ""));
    stage_until(&stage, stage.holding == 2);
    stage.refuse = &no_key;
    client_send(&client, HEAD("/later", "Content-Length: 5\r\n"));
    stage_until(&stage, stage.asked == 1);
    visit_settle();
    ck_assert_uint_eq(client.got.len, 0);
    visit_reply(1, "");
    visit_reply(0, "");
    client_expect(&client, &answer, 202);
    client_expect(&client, &answer, 202);
    client_expect(&client, &answer, 401);
    client_expect_end(&client);
}
END_TEST

/* Behind answers that wait, the lent exchange goes back to where it came from. */
START_TEST(goes_on_behind_others)
{
    client_send(&client,
                HEAD("/later", "") HEAD("/slow", "") HEAD("/later", "Content-Length: 2\r\n"));
    stage_until(&stage, stage.holding == 2 && stage.asked == 1);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 2);
    client_send(&client, "ok");
    stage_until(&stage, stage.holding == 3);
    for (unsigned i = 3; i-- > 0;)
        visit_reply(i, "");
    for (int i = 0; i < 3; i++)
        client_expect(&client, &answer, 202);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
}
END_TEST

START_TEST(reads_no_body_for_nobody)
{
    client_send(&client, HEAD("/nowhere", "Content-Length: 5\r\n"));
    client_expect(&client, &answer, 404);
    client_expect_end(&client);
    client_deinit(&client);
    client_init(&client, &stage);
    client_send(&client, HEAD("/pulse", "Content-Length: 5\r\n"));
    client_expect(&client, &answer, 405);
    ck_assert_str_eq(got_header(&answer, "Allow"), "GET, HEAD, OPTIONS");
    client_expect_end(&client);
    client_deinit(&client);
    client_init(&client, &stage);
    client_send(&client, HEAD("/nowhere", "Content-Length: 5\r\n") "hello" HEAD("/echo", ""));
    client_expect(&client, &answer, 404); /* it came along: nothing is lost by staying */
    client_expect(&client, &answer, 200);
}
END_TEST

static json_t *problem_of(const struct got_answer *a)
{
    json_error_t error;
    json_t *problem = json_loadb(a->body.data, a->body.len, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(problem != NULL, "%s: %.*s", error.text, (int)a->body.len, a->body.data);
    return problem;
}

START_TEST(tells_errors_with_more_members)
{
    const struct http_problem p = {
        .status = 429,
        .code = "rate_limited",
        .detail = "10 requests a second are allowed",
        .retry_after_s = 3,
        .headers = "RateLimit-Limit: 10\r\nRateLimit-Remaining: 0\r\n",
        .members = span_str("\"errors\":[{\"pointer\":\"/0\"}],\"limit\":10"),
    };
    client_send(&client, HEAD("/slow", "") HEAD("/later", ""));
    stage_until(&stage, stage.holding == 2);
    http_reply_problem(stage.held[0], &p);
    http_reply_problem(stage.held[1], &p);
    client_expect(&client, &answer, 429);
    ck_assert_str_eq(got_header(&answer, "Content-Type"), "application/problem+json");
    ck_assert_str_eq(got_header(&answer, "Retry-After"), "3");
    ck_assert_str_eq(got_header(&answer, "RateLimit-Remaining"), "0");
    json_t *problem = problem_of(&answer);
    ck_assert_int_eq(json_integer_value(json_object_get(problem, "limit")), 10);
    ck_assert_uint_eq(json_array_size(json_object_get(problem, "errors")), 1);
    ck_assert_str_eq(json_string_value(json_object_get(problem, "code")), "rate_limited");
    ck_assert_str_eq(json_string_value(json_object_get(problem, "instance")), "/slow");
    json_decref(problem);
    client_expect(&client, &answer, 429);
    ck_assert(got_body_is(&answer, "{\"detail\":\"10 requests a second are allowed\"}"));
    ck_assert_str_eq(got_header(&answer, "RateLimit-Limit"), "10");
    ck_assert_str_eq(got_header(&answer, "Retry-After"), "3");
}
END_TEST

/* Further requests of a full server: 503 when they are complete, and before a body. */
START_TEST(limits_requests_in_flight)
{
    struct client other;
    struct http_server_options o = stage_options();
    o.max_in_flight = 2;
    visit_end();
    visit_begin_with(&o);
    client_init(&other, &stage);
    client_send(&client, HEAD("/later", "") HEAD("/later", ""));
    stage_until(&stage, stage.holding == 2);
    client_send(&other, HEAD("/echo", "Content-Length: 2\r\n") "ok");
    client_expect(&other, &answer, 503);
    ck_assert(got_retry_after(&answer));
    json_t *problem = problem_of(&answer);
    ck_assert_str_eq(json_string_value(json_object_get(problem, "code")), "overloaded");
    json_decref(problem);
    client_send(&other, "GET /pulse HTTP/1.1\r\nHost: a\r\n\r\n"); /* it lives, and says so */
    client_expect(&other, &answer, 200);
    client_send(&other, HEAD("/later", EXPECT "Content-Length: 2\r\n"));
    client_expect(&other, &answer, 503);
    ck_assert(got_retry_after(&answer));
    client_expect_end(&other);
    ck_assert_uint_eq(stage.asked, 0); /* the budget comes first */
    client_deinit(&other);
    visit_reply(0, "");
    visit_reply(1, "");
    client_expect(&client, &answer, 202);
    client_expect(&client, &answer, 202);
    client_send(&client, HEAD("/echo", ""));
    client_expect(&client, &answer, 200);
}
END_TEST

/* So that those who were refused together do not come back together. */
START_TEST(spreads_when_to_come_back)
{
    unsigned seen[6] = {0}, different = 0;
    struct http_server_options o = stage_options();
    o.max_in_flight = 1;
    visit_end();
    visit_begin_with(&o);
    client_send(&client, HEAD("/later", ""));
    stage_until(&stage, stage.holding == 1);
    struct client other;
    client_init(&other, &stage);
    for (int i = 0; i < 100; i++) { /* all alike: once in 5^99 */
        client_send(&other, HEAD("/echo", ""));
        client_expect(&other, &answer, 503);
        ck_assert(got_retry_after(&answer));
        seen[got_header(&answer, "Retry-After")[0] - '0']++;
    }
    for (int i = 1; i <= 5; i++)
        different += seen[i] > 0;
    ck_assert_uint_gt(different, 1);
    visit_reply(0, "");
    client_expect(&client, &answer, 202);
    client_deinit(&other);
}
END_TEST

UNIT_CASE(admission)
{
    tcase_add_checked_fixture(tc, visit_begin, visit_end);
    tcase_add_test(tc, asks_once_before_the_body);
    tcase_add_test(tc, asks_before_the_chunks);
    tcase_add_test(tc, does_not_ask_when_the_body_is_here);
    tcase_add_test(tc, says_continue_only_after_the_question);
    tcase_add_test(tc, answers_instead_of_reading);
    tcase_add_test(tc, refuses_in_its_turn);
    tcase_add_test(tc, goes_on_behind_others);
    tcase_add_test(tc, reads_no_body_for_nobody);
    tcase_add_test(tc, tells_errors_with_more_members);
    tcase_add_test(tc, limits_requests_in_flight);
    tcase_add_test(tc, spreads_when_to_come_back);
}
