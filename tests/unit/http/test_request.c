/* The request parser against a table of good and hostile bytes, fed whole and byte by byte. */
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/random.h"
#include "common/http/request.h"
#include "tests/unit/guard.h"
#include "tests/unit/http/request_cases.h"
#include "tests/unit/unit.h"

static const struct http_limits limits = {
    .request_line_bytes = 8192, .head_bytes = 16384, .body_bytes = 1000};

struct outcome {
    long used;
    int status;
};

static struct outcome parse(struct http_head *h, const char *bytes, size_t len, size_t *from)
{
    struct http_refusal refusal = {0};
    struct outcome o = {.used = http_parse_head(h, bytes, len, from, &limits, &refusal)};
    o.status = o.used < 0 ? refusal.status : o.used == 0 ? WANTS_MORE : 0;
    if (o.used < 0 && !refusal.reason)
        ck_abort_msg("refused without a reason");
    return o;
}

static struct outcome parse_whole(const char *bytes, size_t len)
{
    struct http_head h;
    size_t from = 0;
    return parse(&h, guard_place(span_of(bytes, len)).p, len, &from);
}

static struct outcome parse_dripped(const char *bytes, size_t len)
{
    struct http_head h;
    struct outcome o = {.status = WANTS_MORE};
    size_t from = 0;
    for (size_t n = 1; n <= len && o.used == 0; n++)
        o = parse(&h, guard_place(span_of(bytes, n)).p, n, &from);
    return o;
}

static void check_case(const struct request_case *c, size_t i)
{
    struct outcome whole = parse_whole(c->bytes, c->len);
    struct outcome dripped = parse_dripped(c->bytes, c->len);
    ck_assert_msg(whole.status == c->status, "case %zu: %d, not %d: %.60s", i, whole.status,
                  c->status, c->bytes);
    ck_assert_msg(dripped.status == c->status && dripped.used == whole.used,
                  "case %zu dripped: %d, not %d: %.60s", i, dripped.status, c->status, c->bytes);
}

START_TEST(gives_the_status_of_the_table)
{
    for (size_t i = 0; i < request_case_count(); i++)
        check_case(request_case_at(i), i);
}
END_TEST

static bool is_hostile(const struct request_case *c)
{
    return c->status >= 400;
}

/* A table that repeats itself promises more than it holds. */
START_TEST(has_a_table_of_many_different_hostile_requests)
{
    unsigned hostile = 0;
    for (size_t i = 0; i < request_case_count(); i++) {
        const struct request_case *a = request_case_at(i);
        hostile += is_hostile(a);
        for (size_t j = 0; j < i; j++) {
            const struct request_case *b = request_case_at(j);
            ck_assert_msg(a->len != b->len || memcmp(a->bytes, b->bytes, a->len) != 0,
                          "cases %zu and %zu are the same: %.60s", j, i, a->bytes);
        }
    }
    ck_assert_uint_ge(hostile, 320);
}
END_TEST

/* What an incremental parser gets wrong is where a state is cut: any cut must give the same. */
START_TEST(gives_the_same_from_every_cut)
{
    struct http_head h;
    for (size_t i = 0; i < request_case_count(); i++) {
        const struct request_case *c = request_case_at(i);
        for (size_t cut = 0; cut <= c->len; cut++) {
            size_t from = 0;
            struct outcome o = parse(&h, c->bytes, cut, &from);
            if (o.used == 0)
                o = parse(&h, c->bytes, c->len, &from);
            ck_assert_msg(o.status == c->status, "case %zu cut at %zu", i, cut);
        }
    }
}
END_TEST

/* Random damage, and the one property that has no table: whole and in pieces are the same. */
START_TEST(gives_the_same_for_damaged_requests)
{
    struct rng rng;
    char bytes[4096];
    rng_seed(&rng, 20261121);
    for (int round = 0; round < 20000; round++) {
        const struct request_case *c =
            request_case_at(rng_below(&rng, (uint32_t)request_case_count()));
        memcpy(bytes, c->bytes, c->len);
        for (uint32_t hits = rng_below(&rng, 4); hits > 0 && c->len > 0; hits--) {
            static const char likely[] = "\r\n\0 \t:,;%/?0x+-";
            bytes[rng_below(&rng, (uint32_t)c->len)] = rng_below(&rng, 3)
                                                           ? likely[rng_below(&rng, sizeof likely)]
                                                           : (char)rng_below(&rng, 256);
        }
        struct outcome whole = parse_whole(bytes, c->len);
        struct outcome dripped = parse_dripped(bytes, c->len);
        if (whole.status != dripped.status || whole.used != dripped.used)
            ck_abort_msg("round %d: %d, dripped %d", round, whole.status, dripped.status);
    }
}
END_TEST

static void must_give(struct buf *b, int status)
{
    struct outcome whole = parse_whole(b->data, b->len);
    struct outcome dripped = parse_dripped(b->data, b->len);
    ck_assert_int_eq(whole.status, status);
    ck_assert_int_eq(dripped.status, status);
    buf_clear(b);
}

static void fill(struct buf *b, char c, size_t n)
{
    while (n-- > 0)
        buf_char(b, c);
}

static void long_request_line(struct buf *b, size_t line_bytes)
{
    buf_str(b, "GET /");
    fill(b, 'a', line_bytes - 14);
    buf_str(b, " HTTP/1.1\r\nHost: a\r\n\r\n");
}

START_TEST(limits_the_request_line)
{
    struct buf b = {0};
    long_request_line(&b, limits.request_line_bytes);
    must_give(&b, 0);
    long_request_line(&b, limits.request_line_bytes + 1);
    must_give(&b, 414);
    fill(&b, 'G', limits.request_line_bytes + 2);
    must_give(&b, 414);
    long_request_line(&b, limits.request_line_bytes + 1);
    b.data[limits.request_line_bytes + 1] = 'x'; /* its line end is broken, too */
    must_give(&b, 414);
    buf_deinit(&b);
}
END_TEST

static void large_head(struct buf *b, size_t head_bytes)
{
    size_t before;
    buf_str(b, "GET / HTTP/1.1\r\n");
    before = b->len;
    buf_str(b, "Host: a\r\nX: ");
    fill(b, 'x', head_bytes - (b->len - before) - 4);
    buf_str(b, "\r\n\r\n");
}

static void many_fields(struct buf *b, unsigned fields)
{
    buf_str(b, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (unsigned i = 1; i < fields; i++)
        buf_printf(b, "X-%u: y\r\n", i);
    buf_str(b, "\r\n");
}

START_TEST(limits_the_header_section)
{
    struct buf b = {0};
    large_head(&b, limits.head_bytes);
    must_give(&b, 0);
    large_head(&b, limits.head_bytes + 16);
    must_give(&b, 431);
    buf_str(&b, "GET / HTTP/1.1\r\n");
    fill(&b, 'x', limits.head_bytes + 16);
    must_give(&b, 431);
    many_fields(&b, HTTP_HEADERS_MAX);
    must_give(&b, 0);
    many_fields(&b, HTTP_HEADERS_MAX + 1);
    must_give(&b, 431);
    buf_deinit(&b);
}
END_TEST

static void must_parse(struct http_head *h, const char *text)
{
    size_t from = 0;
    struct outcome o = parse(h, text, strlen(text), &from);
    ck_assert_msg(o.used > 0, "refused with %d: %s", o.status, text);
}

START_TEST(takes_a_request_apart)
{
    struct http_head h;
    must_parse(&h, "POST /a/b%20c?x=1&y HTTP/1.1\r\nHost: h:1\r\nX-API-Key:  k e y \r\n"
                   "content-type: application/json\r\nContent-Encoding: gzip\r\n"
                   "Content-Length: 7\r\nExpect: 100-continue\r\n\r\n");
    ck_assert_int_eq(h.method, HTTP_POST);
    ck_assert(span_is(h.method_text, "POST"));
    ck_assert(span_is(h.target, "/a/b%20c?x=1&y"));
    ck_assert(span_is(h.path, "/a/b%20c"));
    ck_assert(span_is(h.query, "x=1&y"));
    ck_assert_uint_eq(h.minor, 1);
    ck_assert_uint_eq(h.headers, 6);
    ck_assert_int_eq(h.framing, HTTP_LENGTH);
    ck_assert_uint_eq(h.content_length, 7);
    ck_assert(h.keep_alive && h.expect_continue);
    ck_assert(span_is(h.host, "h:1"));
    ck_assert(span_is(h.content_type, "application/json"));
    ck_assert(span_is(h.content_encoding, "gzip"));
    ck_assert(span_is(http_head_get(&h, "x-api-key"), "k e y"));
    ck_assert_ptr_null(http_head_get(&h, "X-API-Ke").p);
}
END_TEST

START_TEST(knows_the_methods)
{
    static const char *const names[] = {"GET",    "HEAD",  "POST",    "PUT",
                                        "DELETE", "PATCH", "OPTIONS", "OTHER"};
    struct http_head h;
    char text[64];
    for (int m = HTTP_GET; m <= HTTP_OTHER; m++) {
        ck_assert_str_eq(http_method_name((enum http_method)m), names[m]);
        snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", names[m]);
        must_parse(&h, text);
        ck_assert_int_eq(h.method, m);
    }
    must_parse(&h, "get / HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert_int_eq(h.method, HTTP_OTHER);
}
END_TEST

START_TEST(reads_absolute_targets)
{
    struct http_head h;
    must_parse(&h, "GET http://h.example:80/p?q HTTP/1.1\r\nHost: other\r\n\r\n");
    ck_assert(span_is(h.path, "/p") && span_is(h.query, "q") && span_is(h.host, "h.example:80"));
    must_parse(&h, "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n");
    ck_assert(span_is(h.path, "/") && h.query.len == 0);
    must_parse(&h, "GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n");
    ck_assert(span_is(h.path, "/") && span_is(h.query, "q"));
    must_parse(&h, "OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n");
    ck_assert(span_is(h.path, "*"));
}
END_TEST

static bool keeps_alive(const char *version, const char *connection)
{
    struct http_head h;
    char text[128];
    snprintf(text, sizeof text, "GET / HTTP/%s\r\nHost: a\r\n%s\r\n", version, connection);
    must_parse(&h, text);
    return h.keep_alive;
}

START_TEST(decides_whether_the_connection_stays)
{
    ck_assert(keeps_alive("1.1", ""));
    ck_assert(!keeps_alive("1.1", "Connection: close\r\n"));
    ck_assert(!keeps_alive("1.1", "Connection: x, CLOSE\r\n"));
    ck_assert(!keeps_alive("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
    ck_assert(keeps_alive("1.1", "Connection: closed\r\n"));
    ck_assert(!keeps_alive("1.0", ""));
    ck_assert(keeps_alive("1.0", "Connection: Keep-Alive\r\n"));
    ck_assert(!keeps_alive("1.0", "Connection: keep-alive, close\r\n"));
}
END_TEST

START_TEST(starts_anew_with_each_head)
{
    struct http_head h;
    must_parse(&h, "POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Type: t\r\nContent-Length: 5\r\n"
                   "Expect: 100-continue\r\n\r\n");
    must_parse(&h, "GET / HTTP/1.0\r\n\r\n");
    ck_assert_int_eq(h.framing, HTTP_NO_BODY);
    ck_assert_uint_eq(h.content_length, 0);
    ck_assert(!h.expect_continue && !h.keep_alive);
    ck_assert(h.query.len == 0 && h.host.len == 0 && !h.content_type.p);
    ck_assert_uint_eq(h.headers, 0);
}
END_TEST

/* For the answer in the style of the route. */
START_TEST(knows_the_path_of_what_it_refuses)
{
    static const char text[] = "POST /ingest HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n";
    struct http_head h;
    size_t from = 0;
    ck_assert_int_eq(parse(&h, text, strlen(text), &from).status, 413);
    ck_assert(span_is(h.path, "/ingest"));
    ck_assert_int_eq(h.method, HTTP_POST);
    from = 0;
    ck_assert_int_eq(parse(&h, "GET /%00 HTTP/1.1\r\n", 19, &from).status, 400);
    ck_assert_uint_eq(h.path.len, 0);
}
END_TEST

UNIT_CASE(request)
{
    tcase_add_test(tc, gives_the_status_of_the_table);
    tcase_add_test(tc, has_a_table_of_many_different_hostile_requests);
    tcase_add_test(tc, gives_the_same_from_every_cut);
    tcase_add_test(tc, gives_the_same_for_damaged_requests);
    tcase_add_test(tc, limits_the_request_line);
    tcase_add_test(tc, limits_the_header_section);
    tcase_add_test(tc, takes_a_request_apart);
    tcase_add_test(tc, knows_the_methods);
    tcase_add_test(tc, reads_absolute_targets);
    tcase_add_test(tc, decides_whether_the_connection_stays);
    tcase_add_test(tc, starts_anew_with_each_head);
    tcase_add_test(tc, knows_the_path_of_what_it_refuses);
}
