/* A live server under random damage, cuts, resets and late answers: it never stalls or leaks. */
#include "common/base/random.h"
#include "common/http/core.h"
#include "tests/unit/http/request_cases.h"
#include "tests/unit/http/stage.h"
#include "tests/unit/unit.h"

enum { CLIENTS = 8, ROUNDS = 3000 };

static struct stage stage;
static struct client clients[CLIENTS];
static struct rng rng;
static unsigned answered;

static const char *const requests[] = {
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "POST /turn HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
    "GET /big/100000 HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    "HEAD /big/10 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
    "abc",
    "\r\n",
};

static void send_something(struct client *c)
{
    const char *text = requests[rng_below(&rng, sizeof requests / sizeof requests[0])];
    size_t len = strlen(text);
    char bytes[256];
    memcpy(bytes, text, len);
    if (rng_below(&rng, 20) == 0)
        bytes[rng_below(&rng, (uint32_t)len)] = (char)rng_below(&rng, 256);
    if (rng_below(&rng, 10) == 0)
        len = rng_below(&rng, (uint32_t)len + 1);
    client_send_bytes(c, bytes, len);
}

static void answer_something(void)
{
    if (answered == stage.holding)
        return;
    struct http_exchange **ex = &stage.held[answered];
    uint32_t other = answered + rng_below(&rng, stage.holding - answered);
    struct http_exchange *chosen = stage.held[other];
    stage.held[other] = *ex;
    *ex = NULL;
    answered++;
    if (rng_below(&rng, 2))
        http_reply(chosen, &(struct http_answer){.status = 200, .body = span_str("late")});
    else
        http_reply_error(chosen, 503, "late", "late", 1);
    if (answered == stage.holding)
        answered = stage.holding = 0;
}

static void leave(struct client *c)
{
    if (rng_below(&rng, 2))
        client_reset(c);
    client_deinit(c);
    client_init(c, &stage);
}

static void act(struct client *c)
{
    uint32_t dice = rng_below(&rng, 100);
    if (c->eof || dice < 2)
        leave(c);
    else if (dice < 4)
        client_shutdown(c);
    else if (dice < 40)
        send_something(c);
    else if (dice < 70)
        answer_something();
    else if (dice < 85)
        client_poll(c);
    else if (dice < 87)
        stage_advance(&stage, rng_below(&rng, 3000));
    else
        event_base_loop(stage.base, EVLOOP_NONBLOCK);
}

static bool all_is_answered(void)
{
    while (stage.holding > 0)
        answer_something();
    return http_server_in_flight(stage.server) == 0;
}

START_TEST(neither_stalls_nor_leaks)
{
    struct http_server_options o = stage_options();
    o.max_pipelined = 8;
    o.max_connections = 7; /* one too many clients */
    o.max_buffered_bytes = 2000000;
    rng_seed(&rng, (uint64_t)_i + 1);
    answered = 0;
    stage_init(&stage, &o);
    for (int i = 0; i < CLIENTS; i++)
        client_init(&clients[i], &stage);
    for (int i = 0; i < ROUNDS; i++)
        act(&clients[rng_below(&rng, CLIENTS)]);
    if (_i % 2)
        http_server_drain(stage.server);
    for (int i = 0; i < CLIENTS; i++)
        client_deinit(&clients[i]);
    stage_until(&stage, all_is_answered() && http_server_connections(stage.server) == 0);
    ck_assert_uint_eq(http_server_in_flight(stage.server), 0);
    ck_assert_uint_gt(stage.handled, 50);
    stage_deinit(&stage);
}
END_TEST

UNIT_CASE(damage)
{
    tcase_add_loop_test(tc, neither_stalls_nor_leaks, 0, 20);
}
