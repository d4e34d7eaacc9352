/* Answers that go on: order, slow readers, and clients that leave. */
#include "tests/unit/http/visit.h"
#include "tests/unit/unit.h"

#define POST(path) "POST " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static int gone;

static void start(void)
{
    gone = 0;
    visit_begin();
}

static void on_gone(void *arg)
{
    (*(int *)arg)++;
}

static bool begin(unsigned i)
{
    struct http_answer a = {
        .status = 200, .content_type = "text/event-stream", .body = span_str(": hi\n\n")};
    stage_until(&stage, stage.holding > i);
    return http_stream_begin(stage.held[i], &a, on_gone, &gone);
}

START_TEST(sends_as_it_comes)
{
    client_send(&client, POST("/later"));
    ck_assert(begin(0));
    client_expect(&client, &answer, 200);
    ck_assert_str_eq(got_header(&answer, "Content-Type"), "text/event-stream");
    ck_assert_str_eq(got_header(&answer, "Content-Length"), "");
    ck_assert_str_eq(got_header(&answer, "Connection"), "close");
    for (int i = 0; i < 3; i++) {
        ck_assert(http_stream_send(stage.held[0], span_str("data: 1\n\n")));
        stage_until(&stage, client_has(&client, "data: 1\n\n"));
        buf_clear(&client.got);
    }
    ck_assert_uint_eq(http_server_in_flight(stage.server), 1);
    http_stream_end(stage.held[0]);
    client_expect_end(&client);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
    ck_assert_uint_eq(stage.report[0].answer_bytes, 6 + 3 * 9);
    ck_assert_int_eq(gone, 0);
}
END_TEST

START_TEST(waits_for_the_answers_before_it)
{
    client_send(&client, POST("/later") POST("/later"));
    ck_assert(begin(1));
    ck_assert(http_stream_send(stage.held[1], span_str("one ")));
    stage_turn(&stage);
    client_poll(&client);
    ck_assert_uint_eq(client.got.len, 0);
    http_reply(stage.held[0], &(struct http_answer){.status = 202});
    ck_assert(http_stream_send(stage.held[1], span_str("two")));
    http_stream_end(stage.held[1]);
    client_expect(&client, &answer, 202);
    client_expect(&client, &answer, 200);
    stage_until(&stage, client_closed(&client));
    ck_assert(client_has(&client, ": hi\n\none two"));
}
END_TEST

START_TEST(may_end_before_its_turn)
{
    client_send(&client, POST("/later") POST("/later") POST("/later"));
    ck_assert(begin(1));
    http_stream_end(stage.held[1]);
    http_reply(stage.held[0], &(struct http_answer){.status = 202});
    client_expect(&client, &answer, 202);
    client_expect(&client, &answer, 200);
    stage_until(&stage, client_closed(&client));
    ck_assert(client_has(&client, ": hi\n\n"));
    http_reply(stage.held[2], &(struct http_answer){.status = 202}); /* never to be sent */
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
    ck_assert_int_eq(gone, 0);
}
END_TEST

START_TEST(tells_when_the_client_leaves)
{
    client_send(&client, POST("/later"));
    ck_assert(begin(0));
    client_expect(&client, &answer, 200);
    client_deinit(&client);
    stage_until(&stage, gone == 1);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
    ck_assert_uint_eq(http_server_connections(stage.server), 0);
}
END_TEST

START_TEST(tells_when_the_client_has_left)
{
    client_send(&client, POST("/later"));
    stage_until(&stage, stage.holding == 1);
    client_reset(&client);
    stage_until(&stage, http_server_connections(stage.server) == 0);
    ck_assert(!begin(0));
    ck_assert_int_eq(gone, 0);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
}
END_TEST

START_TEST(bounds_what_waits_for_a_slow_reader)
{
    static char bytes[100000];
    int sent = 0;
    memset(bytes, 's', sizeof bytes);
    client_send(&client, POST("/later"));
    ck_assert(begin(0));
    while (sent < 1000 && http_stream_send(stage.held[0], span_of(bytes, sizeof bytes))) {
        stage_turn(&stage);
        sent++;
    }
    ck_assert_int_lt(sent, 1000);
    stage_advance(&stage, 21000); /* and then it is cut off */
    stage_until(&stage, gone == 1);
    ck_assert_uint_eq(http_server_connections(stage.server), 0);
}
END_TEST

START_TEST(ends_with_the_server)
{
    client_send(&client, POST("/later"));
    ck_assert(begin(0));
    http_server_free(stage.server);
    stage.server = NULL;
    ck_assert_int_eq(gone, 1);
}
END_TEST

UNIT_CASE(stream)
{
    tcase_add_checked_fixture(tc, start, visit_end);
    tcase_add_test(tc, sends_as_it_comes);
    tcase_add_test(tc, waits_for_the_answers_before_it);
    tcase_add_test(tc, may_end_before_its_turn);
    tcase_add_test(tc, tells_when_the_client_leaves);
    tcase_add_test(tc, tells_when_the_client_has_left);
    tcase_add_test(tc, bounds_what_waits_for_a_slow_reader);
    tcase_add_test(tc, ends_with_the_server);
}
