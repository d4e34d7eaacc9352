/* The server as its clients see it: order, framing, methods, errors, hostile bytes. */
#include <jansson.h>
#include <stdio.h>

#include "tests/unit/http/chunked_cases.h"
#include "tests/unit/http/request_cases.h"
#include "tests/unit/http/visit.h"
#include "tests/unit/unit.h"

#define POST(path, length) "POST " path " HTTP/1.1\r\nHost: a\r\nContent-Length: " length "\r\n\r\n"

START_TEST(answers_on_a_kept_connection)
{
    for (int i = 0; i < 3; i++) {
        client_send(&client, POST("/echo", "5") "hello");
        client_expect(&client, &answer, 200);
        ck_assert(got_body_is(&answer, "hello"));
        ck_assert_str_eq(got_header(&answer, "Content-Type"), "text/plain");
        ck_assert_str_eq(got_header(&answer, "X-Echo"), "yes");
        ck_assert_uint_eq(strlen(got_header(&answer, "X-Request-Id")), 16);
        ck_assert_str_eq(got_header(&answer, "Connection"), "");
    }
    ck_assert_uint_eq(http_server_connections(stage.server), 1);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
}
END_TEST

START_TEST(answers_requests_that_drip_in)
{
    static const char bytes[] =
        POST("/echo", "5") "hello"
                           "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: r\r\n\r\n" POST("/echo", "0");
    for (size_t i = 0; i < sizeof bytes - 1; i++) {
        client_send_bytes(&client, bytes + i, 1);
        stage_turn(&stage);
    }
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, "hello"));
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, "hello"));
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, ""));
}
END_TEST

START_TEST(answers_chunked_requests_in_one_piece)
{
    client_send(&client, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n" POST("/echo", "1") "x");
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, "abcdefg"));
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, "x"));
}
END_TEST

/* The server has one place for heads: a body that comes later finds its own again. */
START_TEST(keeps_the_requests_of_connections_apart)
{
    struct client other;
    client_init(&other, &stage);
    client_send(&client, POST("/echo", "5") "he");
    stage_until(&stage, http_server_connections(stage.server) == 2);
    for (int i = 0; i < 3; i++)
        stage_turn(&stage);
    client_send(&other, "GET /big/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    client_expect(&other, &answer, 200);
    client_send(&client, "llo");
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, "hello"));
    ck_assert_str_eq(got_header(&answer, "Connection"), "");
    client_deinit(&other);
}
END_TEST

START_TEST(takes_long_bodies)
{
    struct buf body = {0}, text = {0};
    while (body.len < 900000)
        buf_printf(&body, "%zu,", body.len);
    buf_printf(&text, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", body.len);
    buf_span(&text, buf_view(&body));
    buf_str(&text, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t at = 0; at < body.len; at += 7000) {
        size_t n = body.len - at < 7000 ? body.len - at : 7000;
        buf_printf(&text, "%zx\r\n", n);
        buf_append(&text, body.data + at, n);
        buf_str(&text, "\r\n");
    }
    buf_str(&text, "0\r\n\r\n" POST("/echo", "2") "ok");
    client_send_bytes(&client, text.data, text.len);
    for (int i = 0; i < 2; i++) {
        client_expect(&client, &answer, 200);
        ck_assert(span_eq(buf_view(&answer.body), buf_view(&body)));
    }
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, "ok"));
    buf_deinit(&body);
    buf_deinit(&text);
}
END_TEST

START_TEST(answers_pipelined_requests_in_order)
{
    client_send(&client, POST("/later", "1") "0" POST("/echo", "1") "1" POST(
                             "/later", "1") "2" POST("/later", "1") "3");
    stage_until(&stage, stage.holding == 3);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 4);
    visit_reply(2, "three");
    visit_reply(1, "two");
    stage_turn(&stage);
    client_poll(&client);
    ck_assert_uint_eq(client.got.len, 0); /* the first is still out */
    visit_reply(0, "zero");
    client_expect(&client, &answer, 202);
    ck_assert(got_body_is(&answer, "zero"));
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, "1"));
    ck_assert_str_eq(got_header(&answer, "X-Echo"), "yes");
    client_expect(&client, &answer, 202);
    ck_assert(got_body_is(&answer, "two"));
    client_expect(&client, &answer, 202);
    ck_assert(got_body_is(&answer, "three"));
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
}
END_TEST

START_TEST(answers_a_long_pipeline)
{
    struct buf text = {0};
    for (int i = 0; i < 5000; i++)
        buf_printf(&text, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n%06d", i);
    client_send_bytes(&client, text.data, text.len);
    for (int i = 0; i < 5000; i++) {
        char expected[16];
        snprintf(expected, sizeof expected, "%06d", i);
        client_expect(&client, &answer, 200);
        ck_assert(got_body_is(&answer, expected));
    }
    buf_deinit(&text);
}
END_TEST

START_TEST(runs_the_turn_hook_behind_the_handlers)
{
    client_send(&client, POST("/turn", "1") "x");
    client_expect(&client, &answer, 202);
    ck_assert(got_body_is(&answer, "{\"turn\":1}"));
    ck_assert_uint_eq(stage.turns, 1);
    ck_assert_str_eq(got_header(&answer, "Content-Type"), "application/json");
}
END_TEST

START_TEST(answers_unknown_paths_and_methods)
{
    client_send(&client, "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
                         "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"
                         "BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n"
                         "OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n"
                         "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n" POST("/big/1", "3") "xyz");
    client_expect(&client, &answer, 404);
    ck_assert_str_eq(got_header(&answer, "Content-Type"), "application/problem+json");
    ck_assert_str_eq(got_header(&answer, "X-Content-Type-Options"), "nosniff");
    client_expect(&client, &answer, 405);
    ck_assert_str_eq(got_header(&answer, "Allow"), "POST, OPTIONS");
    client_expect(&client, &answer, 405);
    client_expect(&client, &answer, 204);
    ck_assert_str_eq(got_header(&answer, "Allow"), "POST, OPTIONS");
    ck_assert_str_eq(got_header(&answer, "Content-Length"), "");
    client_expect(&client, &answer, 204);
    ck_assert_str_eq(got_header(&answer, "Allow"), "GET, HEAD, POST, OPTIONS");
    client_expect(&client, &answer, 405);
    ck_assert_str_eq(got_header(&answer, "Allow"), "GET, HEAD, OPTIONS");
    ck_assert(!client_closed(&client));
}
END_TEST

START_TEST(answers_head_without_body)
{
    client_send(&client, "HEAD /big/12345 HTTP/1.1\r\nHost: a\r\n\r\n"
                         "HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" POST("/echo", "1") "x");
    client_expect_head(&client, &answer, 200);
    ck_assert_str_eq(got_header(&answer, "Content-Length"), "12345");
    client_expect_head(&client, &answer, 404);
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, "x"));
}
END_TEST

START_TEST(speaks_http_1_0)
{
    client_send(&client, "GET /big/3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                         "GET /big/4 HTTP/1.0\r\n\r\nGET /big/5 HTTP/1.0\r\n\r\n");
    client_expect(&client, &answer, 200);
    ck_assert_str_eq(got_header(&answer, "Connection"), "keep-alive");
    client_expect(&client, &answer, 200);
    ck_assert_str_eq(got_header(&answer, "Connection"), "close");
    ck_assert(got_body_is(&answer, "bbbb"));
    client_expect_end(&client);
}
END_TEST

START_TEST(closes_when_asked_to)
{
    client_send(&client, "GET /big/3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" POST(
                             "/echo", "1") "x");
    client_expect(&client, &answer, 200);
    ck_assert_str_eq(got_header(&answer, "Connection"), "close");
    client_expect_end(&client);
    ck_assert_uint_eq(stage.handled, 1);
}
END_TEST

static const char *member(json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static void must_be_problem(const char *type, const char *title, const char *detail,
                            const char *instance, const char *code)
{
    json_t *o = json_loadb(answer.body.data, answer.body.len, 0, NULL);
    ck_assert_ptr_nonnull(o);
    ck_assert_str_eq(member(o, "type"), type);
    ck_assert_str_eq(member(o, "title"), title);
    ck_assert_str_eq(member(o, "detail"), detail);
    ck_assert_str_eq(member(o, "instance"), instance);
    ck_assert_str_eq(member(o, "code"), code);
    ck_assert_str_eq(member(o, "request_id"), got_header(&answer, "X-Request-Id"));
    ck_assert_int_eq(json_integer_value(json_object_get(o, "status")), answer.status);
    json_decref(o);
}

START_TEST(tells_errors_as_problems)
{
    client_send(&client, "GET /fail/x HTTP/1.1\r\nHost: a\r\n\r\n"
                         "GET /nowhere?q HTTP/1.1\r\nHost: a\r\n\r\n"
                         "GET /big/1 HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n");
    client_expect(&client, &answer, 503);
    ck_assert_str_eq(got_header(&answer, "Retry-After"), "7");
    must_be_problem("/problems/queue_full", "Service Unavailable", "the \"queue\" is full",
                    "/fail/x", "queue_full");
    client_expect(&client, &answer, 404);
    must_be_problem("about:blank", "Not Found", "Not Found", "/nowhere", "not_found");
    client_expect(&client, &answer, 400);
    must_be_problem("about:blank", "Bad Request", "malformed Content-Length", "/big/1",
                    "bad_request");
    client_expect_end(&client);
}
END_TEST

START_TEST(tells_errors_in_the_style_of_the_route)
{
    client_send(&client, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n" POST("/later", "0")
                             POST("/later", "1000001"));
    stage_until(&stage, stage.holding == 1);
    http_reply_error(stage.held[0], 503, "queue_full", "later \"perhaps\"", 1);
    client_expect(&client, &answer, 405);
    ck_assert(got_body_is(&answer, "{\"detail\":\"Method Not Allowed\"}"));
    client_expect(&client, &answer, 503);
    ck_assert(got_body_is(&answer, "{\"detail\":\"later \\\"perhaps\\\"\"}"));
    ck_assert_str_eq(got_header(&answer, "Content-Type"), "application/json");
    ck_assert_str_eq(got_header(&answer, "Retry-After"), "1");
    client_expect(&client, &answer, 413);
    ck_assert(got_body_is(&answer, "{\"detail\":\"body larger than the limit\"}"));
    client_expect_end(&client);
}
END_TEST

/* The path is copied: the request's bytes are gone by then. */
START_TEST(knows_the_path_of_a_late_error)
{
    client_send(&client, POST("/slow", "0"));
    stage_until(&stage, stage.holding == 1);
    client_send(&client, POST("/echo", "4") "junk");
    stage_until(&stage, stage.handled == 2);
    http_reply_error(stage.held[0], 503, NULL, NULL, 0);
    client_expect(&client, &answer, 503);
    must_be_problem("about:blank", "Service Unavailable", "Service Unavailable", "/slow",
                    "unavailable");
}
END_TEST

static void must_refuse(struct buf *request, int status, bool dripped, size_t i)
{
    client_deinit(&client);
    client_init(&client, &stage);
    for (size_t at = 0; dripped && at + 1 < request->len && !client_closed(&client); at++) {
        client_send_bytes(&client, request->data + at, 1);
        stage_turn(&stage);
    }
    if (dripped)
        client_send_bytes(&client, request->data + request->len - 1, 1);
    else
        client_send_bytes(&client, request->data, request->len);
    if (request->len > 5 && memcmp(request->data, "HEAD ", 5) == 0)
        client_expect_head(&client, &answer, status);
    else
        client_expect(&client, &answer, status);
    ck_assert_msg(strcmp(got_header(&answer, "Connection"), "close") == 0, "case %zu", i);
    client_expect_end(&client);
}

static unsigned refuse_heads(bool dripped)
{
    struct buf request = {0};
    unsigned count = 0;
    for (size_t i = 0; i < request_case_count(); i++) {
        const struct request_case *c = request_case_at(i);
        if (c->status < 400 || c->status == 413) /* the limits of that table are others */
            continue;
        buf_clear(&request);
        buf_append(&request, c->bytes, c->len);
        must_refuse(&request, c->status, dripped, i);
        count++;
    }
    buf_deinit(&request);
    return count;
}

static unsigned refuse_bodies(bool dripped)
{
    struct buf request = {0};
    unsigned count = 0;
    for (size_t i = 0; i < chunked_case_count; i++) {
        const struct chunked_case *c = &chunked_cases[i];
        if (c->status < 400)
            continue;
        buf_clear(&request);
        buf_str(&request, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        buf_append(&request, c->bytes, c->len);
        must_refuse(&request, c->status, dripped, i);
        count++;
    }
    buf_deinit(&request);
    return count;
}

START_TEST(refuses_hostile_bytes_and_closes)
{
    ck_assert_uint_ge(refuse_heads(false) + refuse_bodies(false), 320);
    ck_assert_uint_eq(stage.handled, 0);
}
END_TEST

START_TEST(refuses_hostile_bytes_that_drip_in)
{
    ck_assert_uint_ge(refuse_heads(true) + refuse_bodies(true), 320);
    ck_assert_uint_eq(stage.handled, 0);
}
END_TEST

START_TEST(answers_what_came_before_hostile_bytes)
{
    client_send(&client, POST("/later", "0")
                             POST("/echo", "1") "x"
                                                "GET / HTTP/1.1\r\n\r\n" POST("/echo", "1") "y");
    stage_until(&stage, stage.holding == 1);
    stage_turn(&stage);
    client_poll(&client);
    ck_assert(!client.eof && client.got.len == 0);
    visit_reply(0, "first");
    client_expect(&client, &answer, 202);
    ck_assert_str_eq(got_header(&answer, "Connection"), "");
    client_expect(&client, &answer, 200);
    client_expect(&client, &answer, 400);
    client_expect_end(&client);
    ck_assert_uint_eq(stage.handled, 2);
}
END_TEST

/* A close with unread input is a reset, and a reset can overtake the answer. */
START_TEST(lets_the_answer_arrive_before_it_closes)
{
    static char junk[300000];
    memset(junk, 'j', sizeof junk);
    client_send(&client, POST("/echo", "9999999"));
    client_send_bytes(&client, junk, sizeof junk);
    client_expect(&client, &answer, 413);
    client_expect_end(&client);
    client_deinit(&client);
    stage_until(&stage, http_server_connections(stage.server) == 0);
}
END_TEST

START_TEST(reports_each_request_once)
{
    client_send(&client, POST("/echo", "5") "hello"
                                            "HEAD /big/7 HTTP/1.1\r\nHost: a\r\n\r\n" POST(
                                                "/later", "0") "GET / HTTP/1.1\r\n\r\n");
    stage_until(&stage, stage.holding == 1);
    stage_advance(&stage, 250);
    visit_reply(0, "{}");
    stage_until(&stage, stage.reports == 4);
    ck_assert_str_eq(stage.report[0].route, "/echo");
    ck_assert_str_eq(stage.report[0].method, "POST");
    ck_assert_int_eq(stage.report[0].status, 200);
    ck_assert_uint_eq(stage.report[0].body_bytes, 5);
    ck_assert_uint_eq(stage.report[0].answer_bytes, 5);
    ck_assert_str_eq(stage.report[1].route, "/big/{bytes}");
    ck_assert_str_eq(stage.report[1].method, "HEAD");
    ck_assert_str_eq(stage.report[2].route, "/later");
    ck_assert_int_eq(stage.report[2].status, 202);
    ck_assert_uint_eq(stage.report[2].duration_ns, 250000000);
    ck_assert_str_eq(stage.report[3].route, "unmatched");
    ck_assert_int_eq(stage.report[3].status, 400);
}
END_TEST

START_TEST(names_the_peer_and_the_request)
{
    char id[17];
    client_send(&client, POST("/later", "0") POST("/later", "0"));
    stage_until(&stage, stage.holding == 2);
    ck_assert_str_eq(http_exchange_peer(stage.held[0]), "127.0.0.1");
    ck_assert_ptr_null(http_exchange_head(stage.held[0]));
    ck_assert_str_ne(http_exchange_request_id(stage.held[0]),
                     http_exchange_request_id(stage.held[1]));
    memcpy(id, http_exchange_request_id(stage.held[1]), sizeof id);
    visit_reply(0, "");
    visit_reply(1, "");
    client_expect(&client, &answer, 202);
    client_expect(&client, &answer, 202);
    ck_assert_str_eq(got_header(&answer, "X-Request-Id"), id);
}
END_TEST

UNIT_CASE(server)
{
    tcase_add_checked_fixture(tc, visit_begin, visit_end);
    tcase_add_test(tc, answers_on_a_kept_connection);
    tcase_add_test(tc, answers_requests_that_drip_in);
    tcase_add_test(tc, answers_chunked_requests_in_one_piece);
    tcase_add_test(tc, keeps_the_requests_of_connections_apart);
    tcase_add_test(tc, takes_long_bodies);
    tcase_add_test(tc, answers_pipelined_requests_in_order);
    tcase_add_test(tc, answers_a_long_pipeline);
    tcase_add_test(tc, runs_the_turn_hook_behind_the_handlers);
    tcase_add_test(tc, answers_unknown_paths_and_methods);
    tcase_add_test(tc, answers_head_without_body);
    tcase_add_test(tc, speaks_http_1_0);
    tcase_add_test(tc, closes_when_asked_to);
    tcase_add_test(tc, tells_errors_as_problems);
    tcase_add_test(tc, tells_errors_in_the_style_of_the_route);
    tcase_add_test(tc, knows_the_path_of_a_late_error);
    tcase_add_test(tc, refuses_hostile_bytes_and_closes);
    tcase_add_test(tc, refuses_hostile_bytes_that_drip_in);
    tcase_add_test(tc, answers_what_came_before_hostile_bytes);
    tcase_add_test(tc, lets_the_answer_arrive_before_it_closes);
    tcase_add_test(tc, reports_each_request_once);
    tcase_add_test(tc, names_the_peer_and_the_request);
}
