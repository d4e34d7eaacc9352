/* Limits and deadlines: expectations, budgets, slow and greedy clients. */
#include <stdio.h>

#include "tests/unit/http/visit.h"
#include "tests/unit/unit.h"

#define HEAD(path, more) "POST " path " HTTP/1.1\r\nHost: a\r\n" more "\r\n"
#define EXPECT           "Expect: 100-continue\r\n"

START_TEST(says_continue_when_the_body_may_come)
{
    visit_begin();
    client_send(&client, HEAD("/echo", EXPECT "Content-Length: 5\r\n"));
    client_expect(&client, &answer, 100);
    ck_assert_uint_eq(client.got.len, 0);
    client_send(&client, "hello");
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, "hello"));
    client_send(&client, HEAD("/echo", EXPECT "Transfer-Encoding: chunked\r\n"));
    client_expect(&client, &answer, 100);
    client_send(&client, "2\r\nok\r\n0\r\n\r\n");
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, "ok"));
    visit_end();
}
END_TEST

START_TEST(says_no_continue_when_the_body_is_here)
{
    visit_begin();
    client_send(&client, HEAD("/echo", EXPECT "Content-Length: 2\r\n") "ok" HEAD("/echo", EXPECT));
    client_expect(&client, &answer, 200);
    client_expect(&client, &answer, 200);
    visit_end();
}
END_TEST

START_TEST(says_continue_in_its_turn)
{
    visit_begin();
    client_send(&client, HEAD("/later", "") HEAD("/echo", EXPECT "Content-Length: 2\r\n"));
    stage_until(&stage, stage.holding == 1);
    visit_settle();
    ck_assert_uint_eq(client.got.len, 0);
    visit_reply(0, "");
    client_expect(&client, &answer, 202);
    client_expect(&client, &answer, 100);
    client_send(&client, "ok");
    client_expect(&client, &answer, 200);
    visit_end();
}
END_TEST

START_TEST(says_no_continue_when_the_body_came_meanwhile)
{
    visit_begin();
    client_send(&client, HEAD("/later", "") HEAD("/echo", EXPECT "Content-Length: 2\r\n"));
    stage_until(&stage, stage.holding == 1);
    client_send(&client, "ok" HEAD("/echo", ""));
    stage_until(&stage, stage.handled == 3);
    visit_reply(0, "");
    client_expect(&client, &answer, 202);
    client_expect(&client, &answer, 200);
    client_expect(&client, &answer, 200);
    visit_settle();
    ck_assert_uint_eq(client.got.len, 0);
    visit_end();
}
END_TEST

static void must_refuse_expectation(const char *request, int status)
{
    visit_begin();
    client_send(&client, request);
    client_expect(&client, &answer, status);
    client_expect_end(&client);
    ck_assert_uint_eq(stage.handled, 0);
    visit_end();
}

START_TEST(refuses_expectations_without_continue)
{
    must_refuse_expectation(HEAD("/nowhere", EXPECT "Content-Length: 5\r\n"), 404);
    must_refuse_expectation(HEAD("/big/1", EXPECT "Content-Length: 5\r\n"), 405);
    must_refuse_expectation(HEAD("/echo", EXPECT "Content-Length: 1000001\r\n"), 413);
    must_refuse_expectation(HEAD("/echo", "Expect: wonders\r\nContent-Length: 5\r\n"), 417);
}
END_TEST

START_TEST(limits_bodies)
{
    static char chunk[65536];
    memset(chunk, 'c', sizeof chunk);
    visit_begin();
    client_send(&client, HEAD("/echo", "Transfer-Encoding: chunked\r\n"));
    for (int i = 0; i < 16; i++) { /* 1 MiB in all: over 1,000,000 */
        client_send(&client, "10000\r\n");
        client_send_bytes(&client, chunk, sizeof chunk);
        client_send(&client, "\r\n");
    }
    client_expect(&client, &answer, 413);
    client_expect_end(&client);
    ck_assert_uint_eq(stage.handled, 0);
    visit_end();
}
END_TEST

START_TEST(refuses_malformed_chunks_in_the_style_of_the_route)
{
    struct client other;
    visit_begin();
    client_init(&other, &stage);
    client_send(&client, HEAD("/later", "Transfer-Encoding: chunked\r\n") "3\r\nab");
    visit_settle();
    client_send(&other, HEAD("/echo", ""));
    client_expect(&other, &answer, 200);
    client_send(&client, "cd\r\n");
    client_expect(&client, &answer, 400);
    ck_assert(got_body_is(&answer, "{\"detail\":\"malformed chunked body\"}"));
    client_expect_end(&client);
    client_deinit(&other);
    visit_end();
}
END_TEST

/* A piece is sent after each second but the last, and taken without a word; `late_ms` after the
 * last of them the time is over. */
static void drip(const char *piece, int seconds, int64_t late_ms)
{
    for (int second = 1; second < seconds; second++) {
        stage_advance(&stage, 1000);
        client_send(&client, piece);
        visit_settle();
        ck_assert_msg(!client.eof && client.got.len == 0, "second %d", second);
    }
    stage_advance(&stage, late_ms);
    client_expect(&client, &answer, 408);
    client_expect_end(&client);
}

START_TEST(closes_a_dripping_head_at_its_deadline)
{
    visit_begin();
    client_send(&client, "POST /echo HTTP/1.1\r\nX: ");
    visit_settle();
    drip("x", 10, 1100);
    visit_end();
}
END_TEST

START_TEST(closes_a_dripping_body_at_its_deadline)
{
    visit_begin();
    client_send(&client, HEAD("/later", "Content-Length: 20480\r\n"));
    visit_settle();
    drip("x", 30, 1100); /* 10 s + 20480 bytes / 1024 bytes/s */
    ck_assert(got_body_is(&answer, "{\"detail\":\"the request did not come in time\"}"));
    visit_end();
}
END_TEST

/* What is not announced earns its time as it comes: a byte a second earns a millisecond each. */
START_TEST(closes_dripping_chunks_at_their_deadline)
{
    visit_begin();
    client_send(&client, HEAD("/later", "Transfer-Encoding: chunked\r\n"));
    visit_settle();
    drip("1\r\nx\r\n", 10, 1200);
    visit_end();
}
END_TEST

START_TEST(closes_idle_connections_without_a_word)
{
    struct client fresh;
    visit_begin();
    client_send(&client, HEAD("/echo", "") "\r\n"); /* and a line break that is no request */
    client_expect(&client, &answer, 200);
    client_init(&fresh, &stage);
    stage_until(&stage, http_server_connections(stage.server) == 2);
    stage_advance(&stage, 10200);
    client_expect_end(&fresh); /* has never sent a byte */
    client_deinit(&fresh);
    visit_end();

    visit_begin();
    client_send(&client, HEAD("/echo", ""));
    client_expect(&client, &answer, 200);
    stage_advance(&stage, 59000);
    visit_settle();
    ck_assert(!client.eof);
    stage_advance(&stage, 1200);
    client_expect_end(&client);
    visit_end();
}
END_TEST

START_TEST(waits_for_handlers_without_deadline)
{
    visit_begin();
    client_send(&client, HEAD("/later", ""));
    stage_until(&stage, stage.holding == 1);
    stage_advance(&stage, 3600 * 1000);
    visit_settle();
    visit_reply(0, "");
    client_expect(&client, &answer, 202);
    visit_end();
}
END_TEST

/* The tick comes behind the reads of its turn and before the answers are settled: what the reads
 * have changed counts, not the idle deadline from before. */
START_TEST(does_not_time_out_what_came_in_the_same_turn)
{
    visit_begin();
    client_send(&client, HEAD("/echo", ""));
    client_expect(&client, &answer, 200);
    client_send(&client, HEAD("/echo", ""));
    stage_advance(&stage, 61000);
    for (uint64_t end = clock_now_ms() + 80; clock_now_ms() < end;)
        ; /* until the tick is due, with the loop standing still */
    client_expect(&client, &answer, 200);
    visit_settle();
    ck_assert(!client.eof);
    visit_end();
}
END_TEST

START_TEST(reads_no_further_than_it_answers)
{
    struct http_server_options o = stage_options();
    o.max_pipelined = 4;
    visit_begin_with(&o);
    for (int i = 0; i < 40; i++)
        client_send(&client, HEAD("/later", "Content-Length: 1\r\n") "x");
    stage_until(&stage, stage.holding == 4);
    visit_settle();
    ck_assert_uint_eq(stage.holding, 4);
    for (unsigned i = 0; i < 40; i++) {
        stage_until(&stage, stage.holding > i);
        ck_assert_uint_le(stage.holding, i + 4);
        visit_reply(i, "");
        client_expect(&client, &answer, 202);
    }
    visit_end();
}
END_TEST

START_TEST(bounds_what_it_keeps_for_slow_readers)
{
    enum { REQUESTS = 100, BYTES = 300000 };
    visit_begin();
    struct buf text = {0};
    for (int i = 0; i < REQUESTS; i++)
        buf_str(&text, "GET /big/300000 HTTP/1.1\r\nHost: a\r\n\r\n");
    client_send_bytes(&client, text.data, text.len);
    buf_deinit(&text);
    for (int i = 0; i < 20; i++)
        stage_turn(&stage);
    ck_assert_uint_lt(stage.handled, 40); /* socket buffers and one more, not all */
    for (int i = 0; i < REQUESTS; i++) {
        client_expect(&client, &answer, 200);
        ck_assert_uint_eq(answer.body.len, BYTES);
    }
    ck_assert_uint_eq(stage.handled, REQUESTS);
    visit_end();
}
END_TEST

START_TEST(closes_a_peer_that_does_not_read)
{
    visit_begin();
    client_send(&client, "GET /big/50000000 HTTP/1.1\r\nHost: a\r\n\r\n");
    stage_until(&stage, stage.handled == 1);
    for (int i = 0; i < 5; i++)
        stage_turn(&stage);
    stage_advance(&stage, 19000);
    for (int i = 0; i < 20; i++)
        stage_turn(&stage);
    ck_assert_uint_eq(http_server_connections(stage.server), 1);
    stage_advance(&stage, 1200);
    stage_until(&stage, http_server_connections(stage.server) == 0);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
    ck_assert_uint_eq(stage.reports, 1);
    visit_end();
}
END_TEST

START_TEST(refuses_when_too_much_is_buffered)
{
    struct client others[3];
    struct http_server_options o = stage_options();
    o.max_buffered_bytes = 1000000;
    visit_begin_with(&o);
    for (int i = 0; i < 3; i++)
        client_init(&others[i], &stage);
    client_send(&others[0], HEAD("/echo", "Content-Length: 600000\r\n") "x");
    visit_settle();
    client_send(&others[1], HEAD("/echo", EXPECT "Content-Length: 600000\r\n"));
    client_expect(&others[1], &answer, 503);
    ck_assert(got_retry_after(&answer));
    client_expect_end(&others[1]);
    client_reset(&others[0]); /* gives its bytes back */
    stage_until(&stage, http_server_connections(stage.server) <= 3);
    client_send(&others[2], HEAD("/echo", EXPECT "Content-Length: 600000\r\n"));
    client_expect(&others[2], &answer, 100);
    for (int i = 0; i < 3; i++)
        client_deinit(&others[i]);
    visit_end();
}
END_TEST

START_TEST(refuses_chunks_when_too_much_is_buffered)
{
    static char chunk[4096];
    struct http_server_options o = stage_options();
    memset(chunk, 'c', sizeof chunk);
    o.max_buffered_bytes = 100000;
    visit_begin_with(&o);
    client_send(&client, HEAD("/echo", "Transfer-Encoding: chunked\r\n"));
    for (int i = 0; i < 100; i++) {
        client_send(&client, "1000\r\n");
        client_send_bytes(&client, chunk, sizeof chunk);
        client_send(&client, "\r\n");
        stage_turn(&stage);
    }
    client_expect(&client, &answer, 503);
    client_expect_end(&client);
    visit_end();
}
END_TEST

/* What waits behind unanswered requests counts, too. */
START_TEST(refuses_a_pipeline_when_too_much_is_buffered)
{
    struct buf text = {0};
    struct http_server_options o = stage_options();
    o.max_buffered_bytes = 30000;
    o.max_pipelined = 1;
    visit_begin_with(&o);
    for (int i = 0; i < 1000; i++)
        buf_str(&text, HEAD("/later", ""));
    client_send_bytes(&client, text.data, text.len);
    buf_deinit(&text);
    stage_until(&stage, stage.holding == 1);
    visit_reply(0, "");
    client_expect(&client, &answer, 202);
    client_expect(&client, &answer, 503);
    ck_assert(got_retry_after(&answer));
    client_expect_end(&client);
    ck_assert_uint_eq(stage.handled, 1);
    visit_end();
}
END_TEST

START_TEST(closes_who_does_not_read_when_memory_is_short)
{
    struct client other;
    struct http_server_options o = stage_options();
    o.max_buffered_bytes = 1000000;
    visit_begin_with(&o);
    client_init(&other, &stage);
    client_send(&client, "GET /big/50000000 HTTP/1.1\r\nHost: a\r\n\r\n");
    stage_until(&stage, stage.handled == 1);
    stage_until(&stage, http_server_connections(stage.server) == 1); /* no deadline was needed */
    client_send(&other, HEAD("/echo", "Content-Length: 2\r\n") "ok");
    client_expect(&other, &answer, 200);
    client_deinit(&other);
    visit_end();
}
END_TEST

START_TEST(refuses_connections_beyond_the_limit)
{
    struct client second, third;
    struct http_server_options o = stage_options();
    o.max_connections = 2;
    visit_begin_with(&o);
    client_init(&second, &stage);
    client_init(&third, &stage);
    client_expect(&third, &answer, 503);
    ck_assert(got_retry_after(&answer));
    client_expect_end(&third);
    client_deinit(&third);
    client_send(&client, HEAD("/echo", ""));
    client_expect(&client, &answer, 200);
    client_deinit(&client);
    stage_until(&stage, http_server_connections(stage.server) == 1);
    client_init(&client, &stage);
    client_send(&client, HEAD("/echo", ""));
    client_expect(&client, &answer, 200);
    client_deinit(&second);
    visit_end();
}
END_TEST

UNIT_CASE(limits)
{
    tcase_add_test(tc, says_continue_when_the_body_may_come);
    tcase_add_test(tc, says_no_continue_when_the_body_is_here);
    tcase_add_test(tc, says_continue_in_its_turn);
    tcase_add_test(tc, says_no_continue_when_the_body_came_meanwhile);
    tcase_add_test(tc, refuses_expectations_without_continue);
    tcase_add_test(tc, limits_bodies);
    tcase_add_test(tc, refuses_malformed_chunks_in_the_style_of_the_route);
    tcase_add_test(tc, closes_a_dripping_head_at_its_deadline);
    tcase_add_test(tc, closes_a_dripping_body_at_its_deadline);
    tcase_add_test(tc, closes_dripping_chunks_at_their_deadline);
    tcase_add_test(tc, closes_idle_connections_without_a_word);
    tcase_add_test(tc, waits_for_handlers_without_deadline);
    tcase_add_test(tc, does_not_time_out_what_came_in_the_same_turn);
    tcase_add_test(tc, reads_no_further_than_it_answers);
    tcase_add_test(tc, bounds_what_it_keeps_for_slow_readers);
    tcase_add_test(tc, closes_a_peer_that_does_not_read);
    tcase_add_test(tc, refuses_when_too_much_is_buffered);
    tcase_add_test(tc, refuses_chunks_when_too_much_is_buffered);
    tcase_add_test(tc, refuses_a_pipeline_when_too_much_is_buffered);
    tcase_add_test(tc, closes_who_does_not_read_when_memory_is_short);
    tcase_add_test(tc, refuses_connections_beyond_the_limit);
}
