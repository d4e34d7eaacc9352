/* The table of adapters: every row can be served, and none hides another. */
#include <string.h>

#include "ingest/adapter.h"
#include "tests/unit/unit.h"

START_TEST(every_row_is_complete)
{
    ck_assert_uint_ge(adapter_count, 1);
    for (unsigned i = 0; i < adapter_count; i++) {
        const struct adapter *a = adapters[i];
        ck_assert_int_eq(a->path[0], '/');
        ck_assert_msg(a->takes && a->submit, "%s", a->path);
        ck_assert_msg(a->takes_text && a->takes_text[0], "%s", a->path);
        ck_assert_int_eq(a->status / 100, 2);
        ck_assert_int_eq(a->method, HTTP_POST);
    }
}
END_TEST

START_TEST(what_a_row_says_it_takes_it_takes)
{
    for (unsigned i = 0; i < adapter_count; i++) {
        const struct adapter *a = adapters[i];
        struct span type = span_of(a->takes_text, strcspn(a->takes_text, " ,;"));
        ck_assert_msg(a->takes(type), "%s: %s", a->path, a->takes_text);
        ck_assert_msg(!a->takes(span_str("image/png")), "%s", a->path);
    }
}
END_TEST

START_TEST(paths_are_unique_and_every_row_is_found)
{
    struct http_route routes[64] = {0};
    ck_assert_uint_le(adapter_count, 64);
    for (unsigned i = 0; i < adapter_count; i++) {
        routes[i] = (struct http_route){.method = adapters[i]->method, .path = adapters[i]->path};
        for (unsigned k = 0; k < i; k++)
            ck_assert_str_ne(adapters[i]->path, adapters[k]->path);
    }
    struct http_router *router = http_router_new(routes, adapter_count);
    for (unsigned i = 0; i < adapter_count; i++) {
        struct http_match match;
        http_router_find(router, routes[i].method, span_str(routes[i].path), &match);
        ck_assert_ptr_eq(match.route, &routes[i]);
    }
    http_router_free(router);
}
END_TEST

UNIT_CASE(adapters)
{
    tcase_add_test(tc, every_row_is_complete);
    tcase_add_test(tc, what_a_row_says_it_takes_it_takes);
    tcase_add_test(tc, paths_are_unique_and_every_row_is_found);
}
