/* The chunked coding against a table, fed whole, byte by byte and cut everywhere. */
#include <stdio.h>

#include "common/base/buf.h"
#include "common/http/request.h"
#include "tests/unit/http/guard.h"
#include "tests/unit/unit.h"

enum { INCOMPLETE = 1 };

#define LONG_16 "aaaaaaaaaaaaaaaa"
#define LONG_64 LONG_16 LONG_16 LONG_16 LONG_16

static const struct {
    const char *bytes;
    size_t len;
    int status;         /* 0 = complete, INCOMPLETE, or of the refusal */
    const char *body;   /* of a complete one */
    size_t left_behind; /* bytes of the next request */
} cases[] = {
#define CASE(status, bytes)                       \
    {                                             \
        bytes, sizeof(bytes) - 1, status, NULL, 0 \
    }
#define GOOD(bytes, body)                    \
    {                                        \
        bytes, sizeof(bytes) - 1, 0, body, 0 \
    }
#define GOOD_WITH_NEXT(bytes, body, n)       \
    {                                        \
        bytes, sizeof(bytes) - 1, 0, body, n \
    }
    GOOD("0\r\n\r\n", ""),
    GOOD("3\r\nabc\r\n0\r\n\r\n", "abc"),
    GOOD("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"),
    GOOD("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    GOOD("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    GOOD("0003\r\nabc\r\n000\r\n\r\n", "abc"),
    GOOD("3\r\n\r\n\0\r\n0\r\n\r\n", "\r\n"),
    GOOD("3;foo=bar\r\nabc\r\n0\r\n\r\n", "abc"),
    GOOD("3;foo\r\nabc\r\n0;last\r\n\r\n", "abc"),
    GOOD("3 ; foo = \"b \\\" ; r\" ; x\r\nabc\r\n0\r\n\r\n", "abc"),
    GOOD("3;a=1;b=2\r\nabc\r\n0\r\n\r\n", "abc"),
    GOOD("3\r\nabc\r\n0\r\nDigest: x\r\n\r\n", "abc"),
    GOOD("3\r\nabc\r\n0\r\nA: 1\r\nB:\r\nC: \t x\r\n\r\n", "abc"),
    GOOD_WITH_NEXT("1\r\na\r\n0\r\n\r\nGET /", "a", 5),
    GOOD_WITH_NEXT("0\r\n\r\n0\r\n\r\n", "", 5),

    CASE(INCOMPLETE, ""),
    CASE(INCOMPLETE, "3"),
    CASE(INCOMPLETE, "3\r"),
    CASE(INCOMPLETE, "3\r\nab"),
    CASE(INCOMPLETE, "3\r\nabc"),
    CASE(INCOMPLETE, "3\r\nabc\r\n0\r\n"),
    CASE(INCOMPLETE, "3\r\nabc\r\n0\r\n\r"),
    CASE(INCOMPLETE, "3\r\nabc\r\n0\r\nX: y\r\n"),
    CASE(INCOMPLETE, "ffffffffffffffff\r\nabc"),

    CASE(400, "\r\n"),
    CASE(400, "\n"),
    CASE(400, ";\r\n"),
    CASE(400, "x\r\n"),
    CASE(400, "g\r\n"),
    CASE(400, "+3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "-3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "-0\r\n\r\n"),
    CASE(400, "0x3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "0X3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, " 3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "\t3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3 \r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3 xyz\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3,\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3\nabc\r\n0\r\n\r\n"),
    CASE(400, "3\rabc\r\n0\r\n\r\n"),
    CASE(400, "3\r\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3\0\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "10000000000000000\r\na"),
    CASE(400, "fffffffffffffffff\r\na"),
    CASE(400, "3\r\nabcd\r\n0\r\n\r\n"),
    CASE(400, "3\r\nabc0\r\n\r\n"),
    CASE(400, "3\r\nabc\n0\r\n\r\n"),
    CASE(400, "3\r\nabc\r0\r\n\r\n"),
    CASE(400, "3\r\nab\r\n0\r\n\r\n"),
    CASE(400, "3\r\nabc\r\n\r\n"),
    CASE(400, "3;\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;;a\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a=\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a b\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;=a\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a=\"\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a=\"x\"y\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a=\"\x01\"\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a\0\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a\nabc\r\n0\r\n\r\n"),
    CASE(400, "0\n\r\n"),
    CASE(400, "0\r\n\n"),
    CASE(400, "0\r\nX\r\n\r\n"),
    CASE(400, "0\r\n: x\r\n\r\n"),
    CASE(400, "0\r\nX : y\r\n\r\n"),
    CASE(400, "0\r\nX: y\n\r\n"),
    CASE(400, "0\r\nX: y\r\n z\r\n\r\n"),
    CASE(400, "0\r\nX: \0\r\n\r\n"),
    CASE(400, "0\r\nX: a\rb\r\n\r\n"),
    CASE(400, "0\r\nabc"
              "\x7f: x\r\n\r\n"),
    CASE(400, "3;" LONG_64 LONG_64 LONG_64 LONG_64 "\r\nabc\r\n0\r\n\r\n"),
};

/* Feeds pieces of at most `piece` bytes; the body goes to `body`. */
static int decode(struct guard *g, const char *bytes, size_t len, size_t piece, struct buf *body,
                  size_t *used)
{
    struct http_chunked c = {0};
    struct http_refusal refusal;
    bool done = false;
    *used = 0;
    while (*used < len && !done) {
        struct span data;
        size_t n = len - *used < piece ? len - *used : piece;
        const char *at = guard_place(g, bytes + *used, n);
        long took = http_chunked_next(&c, at, n, &data, &done, &refusal);
        if (took < 0)
            return refusal.status;
        ck_assert(took > 0 && (size_t)took <= n);
        buf_span(body, data);
        *used += (size_t)took;
    }
    return done ? 0 : INCOMPLETE;
}

static void check_case(struct guard *g, size_t i, size_t piece)
{
    struct buf body = {0};
    size_t used;
    int status = decode(g, cases[i].bytes, cases[i].len, piece, &body, &used);
    ck_assert_msg(status == cases[i].status, "case %zu in pieces of %zu: %d, not %d: %s", i, piece,
                  status, cases[i].status, cases[i].bytes);
    if (status == 0) {
        ck_assert_msg(
            body.len >= strlen(cases[i].body) &&
                memcmp(body.data ? body.data : "", cases[i].body, strlen(cases[i].body)) == 0,
            "case %zu: body", i);
        ck_assert_msg(cases[i].len - used == cases[i].left_behind, "case %zu: rest", i);
    }
    buf_deinit(&body);
}

START_TEST(gives_the_outcome_of_the_table)
{
    struct guard g;
    guard_init(&g, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t piece = 1; piece <= cases[i].len + 1; piece++)
            check_case(&g, i, piece);
    guard_deinit(&g);
}
END_TEST

static int decode_text(struct buf *text, struct buf *body)
{
    struct guard g;
    size_t used;
    guard_init(&g, text->len);
    int status = decode(&g, text->data, text->len, text->len, body, &used);
    guard_deinit(&g);
    return status;
}

START_TEST(limits_what_is_no_body)
{
    struct buf text = {0}, body = {0};
    buf_str(&text, "0\r\n");
    for (int i = 0; i < 2000; i++)
        buf_str(&text, "X-Trailer: y\r\n");
    buf_str(&text, "\r\n");
    ck_assert_int_eq(decode_text(&text, &body), 431);
    buf_clear(&text);
    for (int i = 0; i < 200; i++)
        buf_str(&text, "1;" LONG_64 LONG_64 "\r\na\r\n");
    buf_str(&text, "0\r\n\r\n");
    ck_assert_int_eq(decode_text(&text, &body), 431);
    buf_deinit(&text);
    buf_deinit(&body);
}
END_TEST

START_TEST(joins_many_chunks)
{
    struct buf text = {0}, body = {0};
    for (int i = 0; i < 5000; i++)
        buf_printf(&text, "%x\r\n%0*d\r\n", i % 30 + 1, i % 30 + 1, 7);
    buf_str(&text, "0\r\n\r\n");
    ck_assert_int_eq(decode_text(&text, &body), 0);
    size_t expected = 0;
    for (int i = 0; i < 5000; i++)
        expected += (size_t)(i % 30 + 1);
    ck_assert_uint_eq(body.len, expected);
    buf_deinit(&text);
    buf_deinit(&body);
}
END_TEST

UNIT_CASE(chunked)
{
    tcase_add_test(tc, gives_the_outcome_of_the_table);
    tcase_add_test(tc, limits_what_is_no_body);
    tcase_add_test(tc, joins_many_chunks);
}
