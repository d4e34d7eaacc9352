/* The table of routes: which paths there are, and how what is no path fails. */
#include "dashboard/requests.h"
#include "tests/unit/unit.h"

static struct http_router *router;
static struct http_route routes[REQUESTS_ROUTES_MAX];

static void start(void)
{
    struct requests requests = {0};
    router = http_router_new(routes, requests_routes(&requests, routes));
}

static void stop(void)
{
    http_router_free(router);
}

static void must_find(const char *path)
{
    struct http_match m;
    http_router_find(router, HTTP_GET, span_str(path), &m);
    ck_assert_msg(m.route && m.errors == HTTP_DETAIL, "%s", path);
    http_router_find(router, HTTP_DELETE, span_str(path), &m);
    ck_assert_msg(!m.route && m.path_known && m.errors == HTTP_DETAIL, "DELETE %s", path);
}

static void must_miss(const char *path, enum http_error_style errors)
{
    struct http_match m;
    http_router_find(router, HTTP_GET, span_str(path), &m);
    ck_assert_msg(!m.path_known && m.errors == errors, "%s", path);
}

START_TEST(older_routes_are_all_there)
{
    must_find("/");
    must_find("/telemetry");
    must_find("/aggregated");
    must_find("/alerts");
    must_find("/alerts/recent");
    must_find("/devices");
    must_find("/devices/dev-1/telemetry");
    must_find("/devices/dev-1/aggregates");
    must_find("/stats");
    must_find("/status/summary");
    must_find("/status/at-risk");
    must_find("/status/dev-1");
    must_find("/status/dev-1/history");
}
END_TEST

START_TEST(unknown_paths_beside_older_routes_fail_as_those_do)
{
    must_miss("/status", HTTP_DETAIL);
    must_miss("/status/", HTTP_DETAIL);
    must_miss("/status/dev-1/histories", HTTP_DETAIL);
    must_miss("/devices/", HTTP_DETAIL);
    must_miss("/devices/dev-1", HTTP_DETAIL);
    must_miss("/alerts/recent/", HTTP_DETAIL);
    must_miss("/telemetry/dev-1", HTTP_DETAIL);
    must_miss("/nowhere", HTTP_PROBLEM);
    must_miss("/api/v1/nowhere", HTTP_PROBLEM);
    must_miss("//devices", HTTP_PROBLEM);
}
END_TEST

UNIT_CASE(routes)
{
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, older_routes_are_all_there);
    tcase_add_test(tc, unknown_paths_beside_older_routes_fail_as_those_do);
}
