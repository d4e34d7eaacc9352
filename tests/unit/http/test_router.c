/* The router against a table of requests. */
#include "common/http/router.h"
#include "tests/unit/unit.h"

static void handle(struct http_exchange *ex, void *arg)
{
    (void)ex;
    (void)arg;
}

static const struct http_route routes[] = {
    {.method = HTTP_POST, .path = "/ingest", .handler = handle, .errors = HTTP_DETAIL},
    {.method = HTTP_GET, .path = "/", .handler = handle, .errors = HTTP_DETAIL},
    {.method = HTTP_GET, .path = "/status/{id}", .handler = handle, .errors = HTTP_DETAIL},
    {.method = HTTP_GET, .path = "/status/{id}/history", .handler = handle, .errors = HTTP_DETAIL},
    {.method = HTTP_GET, .path = "/status/summary", .handler = handle, .errors = HTTP_DETAIL},
    {.method = HTTP_GET, .path = "/devices/{id}/{what}", .handler = handle, .errors = HTTP_PROBLEM},
    {.method = HTTP_GET,
     .path = "/devices/{id}/telemetry",
     .handler = handle,
     .errors = HTTP_DETAIL},
    {.method = HTTP_GET, .path = "/api/v1/silences", .handler = handle, .errors = HTTP_PROBLEM},
    {.method = HTTP_POST, .path = "/api/v1/silences", .handler = handle, .errors = HTTP_PROBLEM},
    {.method = HTTP_DELETE,
     .path = "/api/v1/silences/{id}",
     .handler = handle,
     .errors = HTTP_PROBLEM},
    {.method = HTTP_OPTIONS, .path = "/cors", .handler = handle, .errors = HTTP_PROBLEM},
    {.method = HTTP_GET, .path = "/cors", .handler = handle, .errors = HTTP_PROBLEM},
    {.method = HTTP_HEAD, .path = "/cors", .handler = handle, .errors = HTTP_PROBLEM},
    {.method = HTTP_GET,
     .path = "/alerts/{id}/log",
     .handler = handle,
     .errors = HTTP_DETAIL_FAMILY},
};

static const struct {
    enum http_method method;
    const char *path;
    int route; /* index; -1 = none */
    const char *allow;
    const char *param[2];
    enum http_error_style errors;
} cases[] = {
    {HTTP_POST, "/ingest", 0, "", {0}, HTTP_DETAIL},
    {HTTP_GET, "/ingest", -1, "POST, OPTIONS", {0}, HTTP_DETAIL},
    {HTTP_HEAD, "/ingest", -1, "POST, OPTIONS", {0}, HTTP_DETAIL},
    {HTTP_OTHER, "/ingest", -1, "POST, OPTIONS", {0}, HTTP_DETAIL},
    {HTTP_OPTIONS, "/ingest", -1, "POST, OPTIONS", {0}, HTTP_DETAIL},
    {HTTP_POST, "/ingest/", -1, NULL, {0}, HTTP_PROBLEM},
    {HTTP_POST, "/Ingest", -1, NULL, {0}, HTTP_PROBLEM},
    {HTTP_POST, "/inges", -1, NULL, {0}, HTTP_PROBLEM},
    {HTTP_POST, "//ingest", -1, NULL, {0}, HTTP_PROBLEM},
    {HTTP_GET, "/", 1, "", {0}, HTTP_DETAIL},
    {HTTP_HEAD, "/", 1, "", {0}, HTTP_DETAIL},
    {HTTP_POST, "/", -1, "GET, HEAD, OPTIONS", {0}, HTTP_DETAIL},
    {HTTP_GET, "/status/dev-1", 2, "", {"dev-1"}, HTTP_DETAIL},
    {HTTP_GET, "/status/summary", 4, "", {0}, HTTP_DETAIL},
    {HTTP_GET, "/status/summary2", 2, "", {"summary2"}, HTTP_DETAIL},
    {HTTP_GET, "/status/%2f", 2, "", {"%2f"}, HTTP_DETAIL},
    {HTTP_GET, "/status/", -1, NULL, {0}, HTTP_PROBLEM},
    {HTTP_GET, "/status", -1, NULL, {0}, HTTP_PROBLEM},
    {HTTP_GET, "/status/a/history", 3, "", {"a"}, HTTP_DETAIL},
    {HTTP_GET, "/status/a/histories", -1, NULL, {0}, HTTP_PROBLEM},
    {HTTP_GET, "/status/a/history/", -1, NULL, {0}, HTTP_PROBLEM},
    {HTTP_GET, "/status//history", -1, NULL, {0}, HTTP_PROBLEM},
    {HTTP_GET, "/devices/a/telemetry", 6, "", {"a"}, HTTP_DETAIL},
    {HTTP_GET, "/devices/a/b", 5, "", {"a", "b"}, HTTP_PROBLEM},
    {HTTP_PUT, "/devices/a/b", -1, "GET, HEAD, OPTIONS", {"a", "b"}, HTTP_PROBLEM},
    {HTTP_GET, "/api/v1/silences", 7, "", {0}, HTTP_PROBLEM},
    {HTTP_POST, "/api/v1/silences", 8, "", {0}, HTTP_PROBLEM},
    {HTTP_PATCH, "/api/v1/silences", -1, "GET, HEAD, POST, OPTIONS", {0}, HTTP_PROBLEM},
    {HTTP_DELETE, "/api/v1/silences/7", 9, "", {"7"}, HTTP_PROBLEM},
    {HTTP_GET, "/api/v1/silences/7", -1, "DELETE, OPTIONS", {"7"}, HTTP_PROBLEM},
    {HTTP_OPTIONS, "/cors", 10, "", {0}, HTTP_PROBLEM},
    {HTTP_HEAD, "/cors", 12, "", {0}, HTTP_PROBLEM},
    {HTTP_GET, "/alerts/7/log", 13, "", {"7"}, HTTP_DETAIL},
    {HTTP_GET, "/alerts/7/logs", -1, NULL, {0}, HTTP_DETAIL},
    {HTTP_GET, "/alerts/", -1, NULL, {0}, HTTP_DETAIL},
    {HTTP_GET, "/alerts", -1, NULL, {0}, HTTP_DETAIL},
    {HTTP_GET, "/alertss", -1, NULL, {0}, HTTP_PROBLEM},
    {HTTP_GET, "//alerts", -1, NULL, {0}, HTTP_PROBLEM},
    {HTTP_GET, "", -1, NULL, {0}, HTTP_PROBLEM}, /* refused before the path was known */
    {HTTP_OPTIONS, "*", -1, "GET, HEAD, POST, DELETE, OPTIONS", {0}, HTTP_PROBLEM},
};

static void check_case(const struct http_router *r, size_t i)
{
    struct http_match m;
    http_router_find(r, cases[i].method, span_str(cases[i].path), &m);
    const struct http_route *wanted = cases[i].route < 0 ? NULL : &routes[cases[i].route];
    ck_assert_msg(m.route == wanted, "case %zu: route", i);
    ck_assert_msg(m.path_known == (cases[i].allow != NULL), "case %zu: path_known", i);
    ck_assert_msg(strcmp(m.allow, cases[i].allow ? cases[i].allow : "") == 0, "case %zu: %s", i,
                  m.allow);
    ck_assert_msg(m.errors == cases[i].errors, "case %zu: errors", i);
    unsigned params = cases[i].param[1] ? 2 : cases[i].param[0] ? 1 : 0;
    ck_assert_msg(m.params == params, "case %zu: %u params", i, m.params);
    for (unsigned p = 0; p < params; p++)
        ck_assert_msg(span_is(m.param[p], cases[i].param[p]), "case %zu: param %u", i, p);
}

START_TEST(finds_what_the_table_says)
{
    struct http_router *r = http_router_new(routes, sizeof routes / sizeof routes[0]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_case(r, i);
    http_router_free(r);
}
END_TEST

START_TEST(works_without_routes)
{
    struct http_router *r = http_router_new(NULL, 0);
    struct http_match m;
    http_router_find(r, HTTP_GET, span_str("/"), &m);
    ck_assert(!m.route && !m.path_known);
    http_router_free(r);
    http_router_free(NULL);
}
END_TEST

UNIT_CASE(router)
{
    tcase_add_test(tc, finds_what_the_table_says);
    tcase_add_test(tc, works_without_routes);
}
