/* Right requests of every form and what answers them, sent whole and byte by byte. */
#include <stdio.h>

#include "tests/unit/http/visit.h"
#include "tests/unit/unit.h"

#define HOST    "Host: a\r\n"
#define END     "\r\n"
#define CHUNKED "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END
#define CLOSES  "close"
#define STAYS   ""

static const struct {
    const char *request;
    int status;
    const char *body;       /* NULL = not looked at */
    const char *connection; /* header field of the answer */
    const char *allow;      /* likewise */
} cases[] = {
    {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END "hello", 200, "hello", STAYS, ""},
    {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 005\r\n" END "hello", 200, "hello", STAYS, ""},
    {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END, 200, "", STAYS, ""},
    {"POST /echo HTTP/1.1\r\n" HOST END, 200, "", STAYS, ""},
    {"\r\nPOST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n" END "ok", 200, "ok", STAYS, ""},
    {"POST /echo?a=b&c HTTP/1.1\r\n" HOST "Content-Length: 2\r\n" END "ok", 200, "ok", STAYS, ""},
    {"POST /echo HTTP/1.1\r\n" HOST "Connection: close\r\nContent-Length: 2\r\n" END "ok", 200,
     "ok", CLOSES, ""},
    {CHUNKED "5\r\nhello\r\n0\r\n" END, 200, "hello", STAYS, ""},
    {CHUNKED "3\r\nhel\r\n2\r\nlo\r\n0\r\n" END, 200, "hello", STAYS, ""},
    {CHUNKED "0005;a;b=c;d=\"e\\\"f\"\r\nhello\r\n0;last\r\n" END, 200, "hello", STAYS, ""},
    {CHUNKED "5\r\nhello\r\n0\r\nDigest: x\r\nContent-Length: 9\r\n" END, 200, "hello", STAYS, ""},
    {CHUNKED "0\r\n" END, 200, "", STAYS, ""},
    {"POST http://a/echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n" END "ok", 200, "ok", STAYS, ""},
    {"POST HTTPS://b:1/echo?q HTTP/1.1\r\n" HOST "Content-Length: 2\r\n" END "ok", 200, "ok", STAYS,
     ""},
    {"POST /echo HTTP/1.0\r\nContent-Length: 2\r\n" END "ok", 200, "ok", CLOSES, ""},
    {"POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n" END "ok", 200, "ok",
     "keep-alive", ""},
    {"POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" END "ok", 200, "ok",
     CLOSES, ""}, /* no "100 Continue": that version does not know it */
    {"GET /big/3 HTTP/1.1\r\n" HOST END, 200, "bbb", STAYS, ""},
    {"HEAD /big/3 HTTP/1.1\r\n" HOST END, 200, "", STAYS, ""},
    {"HEAD /echo HTTP/1.1\r\n" HOST END, 405, "", STAYS, "POST, OPTIONS"},
    {"OPTIONS /echo HTTP/1.1\r\n" HOST END, 204, "", STAYS, "POST, OPTIONS"},
    {"OPTIONS * HTTP/1.1\r\n" HOST END, 204, "", STAYS, "GET, HEAD, POST, OPTIONS"},
    {"OPTIONS http://a HTTP/1.1\r\n" HOST END, 204, "", STAYS, "GET, HEAD, POST, OPTIONS"},
    {"GET /echo HTTP/1.1\r\n" HOST END, 405, NULL, STAYS, "POST, OPTIONS"},
    {"POST /pulse HTTP/1.1\r\n" HOST END, 405, NULL, STAYS, "GET, HEAD, OPTIONS"},
    {"BREW /echo HTTP/1.1\r\n" HOST END, 405, NULL, STAYS, "POST, OPTIONS"},
    {"get /pulse HTTP/1.1\r\n" HOST END, 405, NULL, STAYS, "GET, HEAD, OPTIONS"},
    {"CONNECT /pulse HTTP/1.1\r\n" HOST END, 405, NULL, STAYS, "GET, HEAD, OPTIONS"},
    {"GET /nowhere HTTP/1.1\r\n" HOST END, 404, NULL, STAYS, ""},
    {"GET /ECHO HTTP/1.1\r\n" HOST END, 404, NULL, STAYS, ""},
    {"GET /%65cho HTTP/1.1\r\n" HOST END, 404, NULL, STAYS, ""},
    {"GET /echo/ HTTP/1.1\r\n" HOST END, 404, NULL, STAYS, ""},
};

static void send_dripping(const char *request)
{
    for (; *request; request++) {
        client_send_bytes(&client, request, 1);
        stage_turn(&stage);
    }
}

static void must_answer(size_t i, bool dripped)
{
    const char *request = cases[i].request;
    client_init(&client, &stage);
    if (dripped)
        send_dripping(request);
    else
        client_send(&client, request);
    if (strncmp(request, "HEAD", 4) == 0 || cases[i].status == 204)
        client_expect_head(&client, &answer, cases[i].status);
    else
        client_expect(&client, &answer, cases[i].status);
    ck_assert_msg(!cases[i].body || got_body_is(&answer, cases[i].body), "case %zu: body", i);
    ck_assert_str_eq(got_header(&answer, "Connection"), cases[i].connection);
    ck_assert_str_eq(got_header(&answer, "Allow"), cases[i].allow);
    if (strcmp(cases[i].connection, CLOSES) == 0) {
        client_expect_end(&client);
    } else { /* nothing is left over that could spoil the next one */
        client_send(&client, "GET /pulse HTTP/1.1\r\n" HOST END);
        client_expect(&client, &answer, 200);
        ck_assert(got_body_is(&answer, "{}"));
    }
    client_deinit(&client);
}

static void run(bool dripped)
{
    memset(&answer, 0, sizeof answer);
    stage_init(&stage, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        must_answer(i, dripped);
    got_deinit(&answer);
    stage_deinit(&stage);
}

START_TEST(answers_right_requests)
{
    run(false);
}
END_TEST

START_TEST(answers_right_requests_that_drip_in)
{
    run(true);
}
END_TEST

UNIT_CASE(right_requests)
{
    tcase_add_test(tc, answers_right_requests);
    tcase_add_test(tc, answers_right_requests_that_drip_in);
}
