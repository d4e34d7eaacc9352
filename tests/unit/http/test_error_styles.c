/* How an error looks in each style: what users of the older systems, and of InfluxDB, read. */
#include <string.h>

#include "common/http/answer.h"
#include "tests/unit/unit.h"

static void must_look(enum http_error_style style, int status, const char *detail,
                      const char *expected)
{
    struct buf out = {0};
    const struct http_problem p = {
        .status = status, .code = "some_code", .detail = detail, .members = span_str("\"a\":1")};
    const struct problem_frame frame = {
        .style = style, .instance = span_str("/x"), .request_id = "0123456789abcdef"};
    problem_write(&out, &p, &frame);
    ck_assert_str_eq(buf_cstr(&out), expected);
    buf_deinit(&out);
}

START_TEST(each_style_has_its_shape)
{
    must_look(HTTP_DETAIL, 400, "no \"x\"", "{\"detail\":\"no \\\"x\\\"\"}");
    must_look(HTTP_INFLUX, 400, "no \"x\"", "{\"code\":\"invalid\",\"message\":\"no \\\"x\\\"\"}");
    must_look(HTTP_INFLUX_1, 400, "no \"x\"", "{\"error\":\"no \\\"x\\\"\"}");
    must_look(HTTP_INFLUX_1, 503, NULL, "{\"error\":\"Service Unavailable\"}");
}
END_TEST

/* The words of InfluxDB 2. */
START_TEST(influx_has_a_word_for_each_status)
{
    static const struct {
        int status;
        const char *expected;
    } words[] = {
        {400, "{\"code\":\"invalid\",\"message\":\"d\"}"},
        {401, "{\"code\":\"unauthorized\",\"message\":\"d\"}"},
        {403, "{\"code\":\"forbidden\",\"message\":\"d\"}"},
        {405, "{\"code\":\"method not allowed\",\"message\":\"d\"}"},
        {413, "{\"code\":\"request too large\",\"message\":\"d\"}"},
        {415, "{\"code\":\"invalid\",\"message\":\"d\"}"},
        {429, "{\"code\":\"too many requests\",\"message\":\"d\"}"},
        {500, "{\"code\":\"internal error\",\"message\":\"d\"}"},
        {503, "{\"code\":\"unavailable\",\"message\":\"d\"}"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        must_look(HTTP_INFLUX, words[i].status, "d", words[i].expected);
}
END_TEST

START_TEST(only_problems_have_a_type_of_their_own)
{
    ck_assert_str_eq(problem_content_type(HTTP_PROBLEM), "application/problem+json");
    ck_assert_str_eq(problem_content_type(HTTP_DETAIL), "application/json");
    ck_assert_str_eq(problem_content_type(HTTP_INFLUX), "application/json");
    ck_assert_str_eq(problem_content_type(HTTP_INFLUX_1), "application/json");
}
END_TEST

/* The style of a route is that of its refusals before a handler runs: 405, 413, ... */
START_TEST(a_path_keeps_its_style)
{
    static const struct http_route routes[] = {
        {.method = HTTP_POST, .path = "/api/v2/write", .errors = HTTP_INFLUX},
        {.method = HTTP_POST, .path = "/write", .errors = HTTP_INFLUX_1},
    };
    struct http_match match;
    struct http_router *router = http_router_new(routes, 2);
    http_router_find(router, HTTP_GET, span_str("/api/v2/write"), &match);
    ck_assert_int_eq(match.errors, HTTP_INFLUX);
    http_router_find(router, HTTP_POST, span_str("/write"), &match);
    ck_assert_int_eq(match.errors, HTTP_INFLUX_1);
    http_router_find(router, HTTP_POST, span_str("/write/more"), &match);
    ck_assert_int_eq(match.errors, HTTP_PROBLEM);
    http_router_free(router);
}
END_TEST

UNIT_CASE(error_styles)
{
    tcase_add_test(tc, each_style_has_its_shape);
    tcase_add_test(tc, influx_has_a_word_for_each_status);
    tcase_add_test(tc, only_problems_have_a_type_of_their_own);
    tcase_add_test(tc, a_path_keeps_its_style);
}
