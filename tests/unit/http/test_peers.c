/* How many connections one address may have. */
#include "common/http/peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "tests/unit/http/stage.h"
#include "tests/unit/unit.h"

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&s;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&s;
    s.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
    void *bytes = s.ss_family == AF_INET6 ? (void *)&six->sin6_addr : (void *)&four->sin_addr;
    ck_assert_int_eq(inet_pton(s.ss_family, text, bytes), 1);
    return s;
}

/* Whether a connection of `second` counts with one of `first`. */
static bool share(const char *first, const char *second)
{
    struct sockaddr_storage from[2] = {address(first), address(second)};
    struct peer *peer[2];
    struct peers *p = peers_new(1, 7);
    ck_assert_int_eq(peers_enter(p, &from[0], &peer[0]), PEERS_WELCOME);
    enum peers_verdict verdict = peers_enter(p, &from[1], &peer[1]);
    peers_leave(p, peer[1], verdict == PEERS_REFUSED);
    peers_leave(p, peer[0], false);
    peers_free(p);
    return verdict == PEERS_REFUSED;
}

START_TEST(counts_by_address)
{
    ck_assert(share("10.0.0.1", "10.0.0.1"));
    ck_assert(!share("10.0.0.1", "10.0.0.2"));
    ck_assert(share("10.0.0.1", "::ffff:10.0.0.1"));
    ck_assert(!share("10.0.0.1", "::ffff:10.0.0.2"));
    ck_assert(share("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff")); /* one /64 */
    ck_assert(!share("2001:db8:1:2::1", "2001:db8:1:3::1"));
    ck_assert(!share("0a00:1::", "10.0.0.1"));
}
END_TEST

START_TEST(forgets_who_has_left)
{
    struct sockaddr_storage from = address("10.0.0.1");
    struct peers *p = peers_new(2, 7);
    struct peer *a, *b, *c;
    ck_assert_int_eq(peers_enter(p, &from, &a), PEERS_WELCOME);
    ck_assert_int_eq(peers_enter(p, &from, &b), PEERS_WELCOME);
    ck_assert_int_eq(peers_enter(p, &from, &c), PEERS_REFUSED);
    peers_leave(p, a, false);
    ck_assert_int_eq(peers_enter(p, &from, &a), PEERS_WELCOME); /* the refused one is no guest */
    peers_leave(p, c, true);
    peers_leave(p, b, false);
    peers_leave(p, a, false);
    ck_assert_int_eq(peers_enter(p, &from, &a), PEERS_WELCOME);
    peers_leave(p, a, false);
    peers_free(p);
}
END_TEST

START_TEST(refuses_an_address_that_has_enough)
{
    struct stage stage;
    struct client guests[2], refused, other;
    struct got_answer answer = {0};
    struct http_server_options o = stage_options();
    o.max_connections_per_address = 2;
    stage_init(&stage, &o);
    client_init(&guests[0], &stage);
    client_init(&guests[1], &stage);
    client_init(&refused, &stage);
    client_expect(&refused, &answer, 429);
    ck_assert(got_retry_after(&answer));
    ck_assert(memmem(answer.body.data, answer.body.len, "has 2 connections open", 22) != NULL);
    client_expect_end(&refused);
    client_init_from(&other, &stage, "127.0.0.2");
    client_send(&other, "POST /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    client_expect(&other, &answer, 200);
    client_deinit(&guests[0]);
    client_deinit(&refused);
    stage_until(&stage, http_server_connections(stage.server) == 2);
    client_init(&guests[0], &stage);
    client_send(&guests[0], "POST /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    client_expect(&guests[0], &answer, 200);
    for (int i = 0; i < 2; i++)
        client_deinit(&guests[i]);
    client_deinit(&other);
    got_deinit(&answer);
    stage_deinit(&stage);
}
END_TEST

/* Telling so costs memory, too: beyond a few of them there is no word. */
START_TEST(ignores_a_flood_from_one_address)
{
    enum { FLOOD = 40 };
    struct stage stage;
    struct client flood[FLOOD];
    unsigned told = 0;
    struct http_server_options o = stage_options();
    o.max_connections_per_address = 1;
    stage_init(&stage, &o);
    for (int i = 0; i < FLOOD; i++)
        client_init(&flood[i], &stage);
    for (int i = 1; i < FLOOD; i++)
        stage_until(&stage, client_closed(&flood[i]));
    ck_assert_uint_eq(http_server_connections(stage.server), 1 + 16);
    for (int i = 0; i < FLOOD; i++) {
        told += client_has(&flood[i], " 429 ");
        client_deinit(&flood[i]);
    }
    ck_assert_uint_eq(told, 16);
    stage_deinit(&stage);
}
END_TEST

UNIT_CASE(peers)
{
    tcase_add_test(tc, counts_by_address);
    tcase_add_test(tc, forgets_who_has_left);
    tcase_add_test(tc, refuses_an_address_that_has_enough);
    tcase_add_test(tc, ignores_a_flood_from_one_address);
}
