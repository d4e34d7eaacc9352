/* The life of connections and of the server: clients that leave, draining, the end. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/http/visit.h"
#include "tests/unit/unit.h"

#define POST(path, length) "POST " path " HTTP/1.1\r\nHost: a\r\nContent-Length: " length "\r\n\r\n"

START_TEST(survives_a_client_that_vanishes)
{
    client_send(&client, POST("/later", "0") POST("/later", "0") POST("/later", "0"));
    stage_until(&stage, stage.holding == 3);
    visit_reply(1, "kept for its turn"); /* which never comes */
    client_reset(&client);
    stage_until(&stage, http_server_connections(stage.server) == 0);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 2);
    ck_assert_str_eq(http_exchange_peer(stage.held[0]), "127.0.0.1");
    visit_reply(0, "nobody reads this");
    http_reply_error(stage.held[2], 503, NULL, NULL, 1);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
    stage_turn(&stage);
    ck_assert_uint_eq(stage.reports, 3);
    client_init(&client, &stage);
    client_send(&client, POST("/echo", "2") "ok");
    client_expect(&client, &answer, 200);
}
END_TEST

START_TEST(survives_a_client_that_closes_while_it_is_answered)
{
    client_send(&client, POST("/later", "0") POST("/later", "0"));
    stage_until(&stage, stage.holding == 2);
    close(client.fd);
    client.fd = -1;
    for (int i = 0; i < 3; i++)
        stage_turn(&stage);
    visit_reply(0, "0");
    for (int i = 0; i < 3; i++)
        stage_turn(&stage);
    visit_reply(1, "1");
    stage_until(&stage, http_server_connections(stage.server) == 0);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
    ck_assert_uint_eq(stage.reports, 2);
}
END_TEST

START_TEST(answers_after_a_half_close)
{
    client_send(&client, POST("/later", "0") POST("/echo", "2") "ok");
    client_shutdown(&client);
    stage_until(&stage, stage.holding == 1);
    for (int i = 0; i < 3; i++)
        stage_turn(&stage);
    ck_assert_uint_eq(http_server_connections(stage.server), 1);
    visit_reply(0, "{}");
    client_expect(&client, &answer, 202);
    client_expect(&client, &answer, 200);
    client_expect_end(&client);
    ck_assert_uint_eq(http_server_connections(stage.server), 0);
}
END_TEST

START_TEST(forgets_a_request_that_ends_in_the_middle)
{
    client_send(&client, POST("/echo", "5") "hel");
    client_shutdown(&client);
    client_expect_end(&client);
    ck_assert_uint_eq(stage.handled, 0);
    ck_assert_uint_eq(stage.reports, 0);
}
END_TEST

static void must_not_connect(uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
    ck_assert_int_eq(errno, ECONNREFUSED);
    close(fd);
}

START_TEST(drains)
{
    struct client idle, half;
    client_init(&idle, &stage);
    client_init(&half, &stage);
    client_send(&idle, POST("/echo", "0"));
    client_expect(&idle, &answer, 200);
    client_send(&half, "POST /echo HTTP/1.1\r\nHo");
    client_send(&client, POST("/later", "0") POST("/later", "0"));
    stage_until(&stage, stage.holding == 2 && http_server_connections(stage.server) == 3);
    uint16_t port = http_server_port(stage.server);
    http_server_drain(stage.server);
    http_server_drain(stage.server); /* once more changes nothing */
    must_not_connect(port);
    client_expect_end(&idle);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 2);
    visit_reply(1, "1");
    visit_reply(0, "0");
    client_expect(&client, &answer, 202);
    ck_assert_str_eq(got_header(&answer, "Connection"), "");
    client_expect(&client, &answer, 202);
    ck_assert_str_eq(got_header(&answer, "Connection"), "close");
    client_expect_end(&client);
    client_send(&half, "st: a\r\nContent-Length: 2\r\n\r\nok");
    client_expect(&half, &answer, 200);
    ck_assert_str_eq(got_header(&answer, "Connection"), "close");
    client_expect_end(&half);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
    client_deinit(&idle);
    client_deinit(&half);
}
END_TEST

/* It was sent before the server said that it leaves. */
START_TEST(answers_what_the_kernel_holds_when_it_drains)
{
    client_send(&client, POST("/echo", "0"));
    client_expect(&client, &answer, 200);
    client_send(&client, POST("/echo", "2") "ok");
    http_server_drain(stage.server);
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, "ok"));
    ck_assert_str_eq(got_header(&answer, "Connection"), "close");
    client_expect_end(&client);
}
END_TEST

/* Nothing of it has been taken, so the device may send it again elsewhere. */
START_TEST(does_not_wait_for_the_rest_of_a_request_when_it_drains)
{
    client_send(&client, POST("/echo", "500000") "part of it");
    stage_until(&stage, http_server_connections(stage.server) == 1);
    stage_turn(&stage);
    http_server_drain(stage.server);
    stage_turn(&stage);
    client_send(&client, ", more of it");
    stage_turn(&stage);
    stage_advance(&stage, 4000);
    client_expect(&client, &answer, 503);
    ck_assert(got_retry_after(&answer));
    ck_assert_str_eq(got_header(&answer, "Connection"), "close");
    client_expect_end(&client);
}
END_TEST

START_TEST(drains_a_pipeline_that_waits)
{
    for (int i = 0; i < 100; i++)
        client_send(&client, POST("/later", "0"));
    stage_until(&stage, stage.holding == 64);
    http_server_drain(stage.server);
    for (unsigned i = 0; i < stage.holding; i++)
        visit_reply(i, "");
    for (unsigned answered = 0; answered < stage.holding; answered++) {
        client_expect(&client, &answer, 202);
        if (strcmp(got_header(&answer, "Connection"), "close") == 0)
            break;
        for (unsigned i = 64; i < stage.holding && answered >= 63; i++)
            visit_reply(i, "");
    }
    client_expect_end(&client);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
}
END_TEST

/* During the delay of a shutdown nobody's request meets a closed socket. */
START_TEST(says_goodbye_with_the_next_answer)
{
    struct client fresh;
    client_send(&client, POST("/echo", "0"));
    client_expect(&client, &answer, 200);
    ck_assert_str_eq(got_header(&answer, "Connection"), "");
    http_server_retire(stage.server);
    for (int i = 0; i < 5; i++)
        stage_turn(&stage);
    ck_assert(!client_closed(&client)); /* idle: it may be about to send */
    client_send(&client, POST("/echo", "2") "ok");
    client_expect(&client, &answer, 200);
    ck_assert(got_body_is(&answer, "ok"));
    ck_assert_str_eq(got_header(&answer, "Connection"), "close");
    client_expect_end(&client);
    client_init(&fresh, &stage); /* it still listens */
    client_send(&fresh, "GET /pulse HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_expect(&fresh, &answer, 200);
    ck_assert_str_eq(got_header(&answer, "Connection"), "close");
    client_expect_end(&fresh);
    client_deinit(&fresh);
}
END_TEST

START_TEST(answers_the_pipeline_before_it_says_goodbye)
{
    http_server_retire(stage.server);
    client_send(&client, POST("/echo", "1") "a" POST("/later", "0") POST("/echo", "1") "c");
    client_expect(&client, &answer, 200);
    ck_assert_str_eq(got_header(&answer, "Connection"), "");
    stage_until(&stage, stage.handled == 3);
    client_send(&client, "POST /echo HT"); /* has begun before the last answer */
    stage_turn(&stage);
    stage_turn(&stage);
    visit_reply(0, "b");
    client_expect(&client, &answer, 202);
    ck_assert_str_eq(got_header(&answer, "Connection"), "");
    client_expect(&client, &answer, 200);
    client_send(&client, "TP/1.1\r\nHost: a\r\n\r\n");
    client_expect(&client, &answer, 200);
    ck_assert_str_eq(got_header(&answer, "Connection"), "close");
    client_expect_end(&client);
}
END_TEST

/* More than may be in flight at once: what waits unread is answered as well. */
START_TEST(answers_a_long_pipeline_before_it_says_goodbye)
{
    unsigned answered = 0;
    struct buf text = {0};
    http_server_retire(stage.server);
    for (int i = 0; i < 100; i++)
        buf_str(&text, POST("/turn", "0"));
    client_send_bytes(&client, text.data, text.len);
    buf_deinit(&text);
    do {
        client_expect(&client, &answer, 202);
        answered++;
    } while (strcmp(got_header(&answer, "Connection"), "close") != 0);
    client_expect_end(&client);
    ck_assert_uint_eq(answered, 100);
}
END_TEST

START_TEST(drains_after_its_goodbye)
{
    struct client idle;
    client_init(&idle, &stage);
    client_send(&idle, POST("/echo", "0"));
    client_expect(&idle, &answer, 200);
    client_send(&client, POST("/later", "0"));
    stage_until(&stage, stage.holding == 1);
    http_server_retire(stage.server);
    uint16_t port = http_server_port(stage.server);
    http_server_drain(stage.server);
    must_not_connect(port);
    client_expect_end(&idle);
    visit_reply(0, "");
    client_expect(&client, &answer, 202);
    ck_assert_str_eq(got_header(&answer, "Connection"), "close");
    client_expect_end(&client);
    client_deinit(&idle);
}
END_TEST

START_TEST(leaves_exchanges_harmless_when_it_is_freed)
{
    client_send(&client, POST("/later", "0") POST("/later", "0"));
    stage_until(&stage, stage.holding == 2);
    http_server_free(stage.server);
    stage.server = NULL;
    visit_reply(0, "late");
    http_reply_error(stage.held[1], 503, "late", "late", 1);
    stage_turn(&stage);
    ck_assert(client_closed(&client));
}
END_TEST

/* The listener waits instead of spinning, and goes on by itself. */
START_TEST(waits_without_descriptors)
{
    struct rlimit old, none;
    stage_until(&stage, http_server_connections(stage.server) == 1);
    struct client second;
    client_init(&second, &stage);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = (rlim_t)second.fd + 1;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    unsigned turns = 0;
    for (uint64_t end = clock_now_ms() + 60; clock_now_ms() < end; turns++)
        stage_turn(&stage); /* the heartbeat comes each 5 ms */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    ck_assert_uint_eq(http_server_connections(stage.server), 1);
    ck_assert_uint_lt(turns, 60);
    client_send(&second, POST("/echo", "2") "ok");
    client_expect(&second, &answer, 200);
    client_deinit(&second);
}
END_TEST

static int try_listen(const char *address)
{
    struct http_server_options o = http_server_defaults(address);
    struct http_server *server = NULL;
    struct err e = {0};
    int rc = http_server_new(&server, stage.base, stage.router, &o, NULL, clock_system(), &e);
    ck_assert(rc == 0 || e.message[0] != '\0');
    if (rc == 0)
        ck_assert_uint_gt(http_server_port(server), 0);
    http_server_free(server);
    return rc;
}

START_TEST(understands_listen_addresses)
{
    char taken[32];
    ck_assert_int_eq(try_listen("0"), 0);
    ck_assert_int_eq(try_listen(":0"), 0);
    ck_assert_int_eq(try_listen("127.0.0.1:0"), 0);
    ck_assert_int_eq(try_listen("localhost:0"), 0);
    ck_assert_int_eq(try_listen(""), ERR_INVALID);
    ck_assert_int_eq(try_listen("127.0.0.1"), ERR_INVALID);
    ck_assert_int_eq(try_listen("127.0.0.1:x"), ERR_INVALID);
    ck_assert_int_eq(try_listen("127.0.0.1:65536"), ERR_INVALID);
    ck_assert_int_eq(try_listen("127.0.0.1:-1"), ERR_INVALID);
    ck_assert_int_eq(try_listen("300.0.0.1:0"), ERR_INVALID);
    snprintf(taken, sizeof taken, "127.0.0.1:%u", http_server_port(stage.server));
    ck_assert_int_eq(try_listen(taken), ERR_IO);
}
END_TEST

UNIT_CASE(life)
{
    tcase_add_checked_fixture(tc, visit_begin, visit_end);
    tcase_add_test(tc, survives_a_client_that_vanishes);
    tcase_add_test(tc, survives_a_client_that_closes_while_it_is_answered);
    tcase_add_test(tc, answers_after_a_half_close);
    tcase_add_test(tc, forgets_a_request_that_ends_in_the_middle);
    tcase_add_test(tc, drains);
    tcase_add_test(tc, answers_what_the_kernel_holds_when_it_drains);
    tcase_add_test(tc, does_not_wait_for_the_rest_of_a_request_when_it_drains);
    tcase_add_test(tc, drains_a_pipeline_that_waits);
    tcase_add_test(tc, says_goodbye_with_the_next_answer);
    tcase_add_test(tc, answers_the_pipeline_before_it_says_goodbye);
    tcase_add_test(tc, answers_a_long_pipeline_before_it_says_goodbye);
    tcase_add_test(tc, drains_after_its_goodbye);
    tcase_add_test(tc, leaves_exchanges_harmless_when_it_is_freed);
    tcase_add_test(tc, waits_without_descriptors);
    tcase_add_test(tc, understands_listen_addresses);
}
