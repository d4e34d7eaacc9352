/* Percent-decoding and query parameters. */
#include "common/http/request.h"
#include "tests/unit/unit.h"

static void must_decode(const char *in, bool form, const char *expected)
{
    char out[128];
    long n = http_percent_decode(span_str(in), form, out);
    ck_assert_msg(n == (long)strlen(expected) && memcmp(out, expected, (size_t)n) == 0,
                  "%s does not become %s", in, expected);
}

static void must_not_decode(const char *in)
{
    char out[128];
    ck_assert_msg(http_percent_decode(span_str(in), false, out) == -1, "%s", in);
}

START_TEST(decodes_escapes)
{
    must_decode("", false, "");
    must_decode("abc", false, "abc");
    must_decode("a%20b%2F%2f", false, "a b//");
    must_decode("%C3%A4", false, "\xc3\xa4");
    must_decode("%41%7a", false, "Az");
    must_decode("a+b", false, "a+b");
    must_decode("a+b%2B", true, "a b+");
    must_decode("%2541", false, "%41");
}
END_TEST

START_TEST(refuses_bad_escapes)
{
    must_not_decode("%");
    must_not_decode("%4");
    must_not_decode("a%");
    must_not_decode("%g1");
    must_not_decode("%1g");
    must_not_decode("%%41");
    must_not_decode("%00");
    must_not_decode("a%00b");
    must_not_decode("%-1");
}
END_TEST

static void must_get(const char *query, const char *name, const char *value, unsigned count)
{
    unsigned n;
    struct span got = http_query_get(span_str(query), name, &n);
    ck_assert_msg(n == count, "%s: %s appears %u times", query, name, n);
    if (value)
        ck_assert_msg(got.p && span_is(got, value), "%s: %s", query, name);
    else
        ck_assert_msg(!got.p, "%s: %s", query, name);
}

START_TEST(finds_parameters)
{
    must_get("limit=10&from=-15m", "limit", "10", 1);
    must_get("limit=10&from=-15m", "from", "-15m", 1);
    must_get("limit=10&from=-15m", "to", NULL, 0);
    must_get("", "a", NULL, 0);
    must_get("a", "a", "", 1);
    must_get("a=", "a", "", 1);
    must_get("=x", "a", NULL, 0);
    must_get("ab=1&a=2", "a", "2", 1);
    must_get("a=1&a=2&a", "a", "1", 3);
    must_get("&&a=b=c&", "a", "b=c", 1);
    must_get("a=x%26y", "a", "x%26y", 1);
}
END_TEST

UNIT_CASE(query)
{
    tcase_add_test(tc, decodes_escapes);
    tcase_add_test(tc, refuses_bad_escapes);
    tcase_add_test(tc, finds_parameters);
}
