/* The chunked coding against a table, fed whole, byte by byte and cut everywhere. */
#include <stdio.h>

#include "common/base/buf.h"
#include "common/http/request.h"
#include "tests/unit/guard.h"
#include "tests/unit/http/chunked_cases.h"
#include "tests/unit/unit.h"

#define LONG_16 "aaaaaaaaaaaaaaaa"
#define LONG_64 LONG_16 LONG_16 LONG_16 LONG_16

/* Feeds pieces of at most `piece` bytes; the body goes to `body`. */
static int decode(const char *bytes, size_t len, size_t piece, struct buf *body, size_t *used)
{
    struct http_chunked c = {0};
    struct http_refusal refusal;
    bool done = false;
    *used = 0;
    while (*used < len && !done) {
        struct span data;
        size_t n = len - *used < piece ? len - *used : piece;
        const char *at = guard_place(span_of(bytes + *used, n)).p;
        long took = http_chunked_next(&c, at, n, &data, &done, &refusal);
        if (took < 0)
            return refusal.status;
        ck_assert(took > 0 && (size_t)took <= n);
        buf_span(body, data);
        *used += (size_t)took;
    }
    return done ? 0 : CHUNKS_INCOMPLETE;
}

static void check_case(size_t i, size_t piece)
{
    struct buf body = {0};
    size_t used;
    int status = decode(chunked_cases[i].bytes, chunked_cases[i].len, piece, &body, &used);
    ck_assert_msg(status == chunked_cases[i].status, "case %zu in pieces of %zu: %d, not %d: %s", i,
                  piece, status, chunked_cases[i].status, chunked_cases[i].bytes);
    if (status == 0) {
        ck_assert_msg(body.len >= strlen(chunked_cases[i].body) &&
                          memcmp(body.data ? body.data : "", chunked_cases[i].body,
                                 strlen(chunked_cases[i].body)) == 0,
                      "case %zu: body", i);
        ck_assert_msg(chunked_cases[i].len - used == chunked_cases[i].left_behind, "case %zu: rest",
                      i);
    }
    buf_deinit(&body);
}

START_TEST(gives_the_outcome_of_the_table)
{
    for (size_t i = 0; i < chunked_case_count; i++)
        for (size_t piece = 1; piece <= chunked_cases[i].len + 1; piece++)
            check_case(i, piece);
}
END_TEST

START_TEST(has_a_table_without_repetitions)
{
    for (size_t i = 0; i < chunked_case_count; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(chunked_cases[i].len != chunked_cases[j].len ||
                              memcmp(chunked_cases[i].bytes, chunked_cases[j].bytes,
                                     chunked_cases[i].len) != 0,
                          "cases %zu and %zu are the same: %s", j, i, chunked_cases[i].bytes);
}
END_TEST

static int decode_text(struct buf *text, struct buf *body)
{
    size_t used;
    return decode(text->data, text->len, text->len, body, &used);
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
    tcase_add_test(tc, has_a_table_without_repetitions);
    tcase_add_test(tc, limits_what_is_no_body);
    tcase_add_test(tc, joins_many_chunks);
}
