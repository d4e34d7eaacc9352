/* The response parser: cases, and the same result however the bytes arrive. */
#include "tools/load/response.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/xmalloc.h"
#include "tests/unit/unit.h"

/* On a copy of exactly that size, so that the address sanitizer sees an over-read. */
static long parse(struct response *r, const char *bytes, size_t len)
{
    char *copy = xmemdup(bytes, len);
    long used = response_parse(r, copy, len);
    free(copy);
    return used;
}

static void must_parse(const char *text, int status, bool close)
{
    struct response r;
    size_t len = strlen(text);
    for (size_t part = 0; part < len; part++) {
        ck_assert_msg(parse(&r, text, part) == 0, "%s: %zu bytes are enough", text, part);
    }
    ck_assert_msg(parse(&r, text, len) == (long)len, "%s", text);
    ck_assert_int_eq(r.status, status);
    ck_assert_int_eq(r.close, close);
}

static void must_not_parse(const char *text)
{
    struct response r;
    ck_assert_msg(parse(&r, text, strlen(text)) == -1, "%s", text);
}

START_TEST(parses_responses)
{
    must_parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, false);
    must_parse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, false);
    must_parse("HTTP/1.1 204 No Content\r\n\r\n", 204, false);
    must_parse("HTTP/1.1 503\r\ncontent-length:\t1 \r\nRetry-After: 1\r\n\r\nx", 503, false);
    must_parse("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", 200, true);
    must_parse("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, true);
    must_parse("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", 200,
               false);
    must_parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200,
               false);
}
END_TEST

START_TEST(leaves_what_follows)
{
    struct response r;
    const char *two = "HTTP/1.1 204 A\r\n\r\nHTTP/1.1 200 OK\r\n";
    ck_assert_int_eq(parse(&r, two, strlen(two)), 18);
    ck_assert_int_eq(r.status, 204);
}
END_TEST

START_TEST(says_when_the_end_is_the_end_of_the_connection)
{
    struct response r;
    const char *text = "HTTP/1.1 200 OK\r\n\r\nsome";
    ck_assert_int_eq(parse(&r, text, strlen(text)), 0);
    ck_assert(r.until_close && r.close);
    ck_assert_int_eq(parse(&r, text, 10), 0);
    ck_assert(!r.until_close);
}
END_TEST

START_TEST(refuses_other_bytes)
{
    must_not_parse("NONSENSE\r\n\r\n");
    must_not_parse("HTTP/2.0 200 OK\r\n\r\n");
    must_not_parse("HTTP/1.1 20 OK\r\n\r\n");
    must_not_parse("HTTP/1.1 2000 OK\r\n\r\n");
    must_not_parse("HTTP/1.1 600 OK\r\n\r\n");
    must_not_parse("HTTP/1.1 -20 OK\r\n\r\n");
    must_not_parse("HTTP/1.1  200 OK\r\n\r\n");
    must_not_parse("HTTP/1.1 200 OK\n\n");
    must_not_parse("\r\n\r\n");
    must_not_parse("HTTP/1.1 200 OK\r\nno colon\r\n\r\n");
    must_not_parse("HTTP/1.1 200 OK\r\n: x\r\n\r\n");
    must_not_parse("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
    must_not_parse("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n");
    must_not_parse("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx");
    must_not_parse("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n");
    must_not_parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}
END_TEST

START_TEST(limits_the_head)
{
    struct buf b = {0};
    struct response r;
    buf_str(&b, "HTTP/1.1 200 OK\r\nX: ");
    while (b.len <= RESPONSE_HEAD_MAX) {
        buf_char(&b, 'x');
    }
    ck_assert_int_eq(parse(&r, b.data, b.len - 1), 0);
    ck_assert_int_eq(parse(&r, b.data, b.len), -1);
    buf_deinit(&b);
}
END_TEST

UNIT_CASE(response)
{
    tcase_add_test(tc, parses_responses);
    tcase_add_test(tc, leaves_what_follows);
    tcase_add_test(tc, says_when_the_end_is_the_end_of_the_connection);
    tcase_add_test(tc, refuses_other_bytes);
    tcase_add_test(tc, limits_the_head);
}
