/* Patterns that name devices, against one-line cases and a naive oracle. */
#include "common/base/random.h"
#include "common/model/device_pattern.h"
#include "tests/unit/unit.h"

static bool matches(const char *pattern, const char *id)
{
    return device_pattern_matches(span_str(pattern), span_str(id));
}

static void must_match(const char *pattern, const char *id)
{
    ck_assert_msg(matches(pattern, id), "%s should match %s", pattern, id);
}

static void must_not_match(const char *pattern, const char *id)
{
    ck_assert_msg(!matches(pattern, id), "%s should not match %s", pattern, id);
}

START_TEST(a_star_is_any_run_of_bytes)
{
    must_match("dev-1*", "dev-1");
    must_match("dev-1*", "dev-17");
    must_match("*", "");
    must_match("*", "anything at all");
    must_match("**", "a");
    must_match("*-1", "dev-1");
    must_match("a*c", "ac");
    must_match("a*c", "abc");
    must_match("a*b*c", "a-b-b-c");
    must_match("*b*", "abc");
    must_match("a*", "a*");
    must_match("caf\xc3\xa9*", "caf\xc3\xa9-7");
}
END_TEST

START_TEST(everything_else_is_itself)
{
    must_match("dev-1", "dev-1");
    must_match("dev?", "dev?");
    must_match("[a]", "[a]");
    must_match("a\\*", "a\\b"); /* no escape */
    must_not_match("dev?", "dev1");
    must_not_match("[a]", "a");
    must_not_match("dev-1", "DEV-1");
}
END_TEST

START_TEST(nothing_but_the_whole_id)
{
    must_not_match("dev-1*", "dev-2");
    must_not_match("dev-1*", "xdev-1");
    must_not_match("dev-1*", "dev-");
    must_not_match("dev-1", "dev-17");
    must_not_match("*-1", "dev-17");
    must_not_match("", "a");
    must_not_match("ab*ba", "aba"); /* head and tail may not overlap */
    must_not_match("a*b*c", "acb");
    must_not_match("*bb*bb*", "abbb");
}
END_TEST

/* The definition itself; exponential, so for short texts only. */
static bool oracle(struct span p, struct span s)
{
    if (p.len == 0)
        return s.len == 0;
    struct span next = span_of(p.p + 1, p.len - 1);
    if (*p.p != '*')
        return s.len > 0 && *s.p == *p.p && oracle(next, span_of(s.p + 1, s.len - 1));
    for (size_t skip = 0; skip <= s.len; skip++)
        if (oracle(next, span_of(s.p + skip, s.len - skip)))
            return true;
    return false;
}

static struct span random_text(struct rng *r, const char *letters, char out[8])
{
    size_t len = rng_below(r, 9);
    for (size_t i = 0; i < len; i++)
        out[i] = letters[rng_below(r, 3)];
    return span_of(out, len);
}

START_TEST(agrees_with_the_definition)
{
    struct rng r;
    rng_seed(&r, 7);
    unsigned matched = 0;
    for (int i = 0; i < 300000; i++) {
        char a[8], b[8];
        struct span pattern = random_text(&r, "ab*", a), id = random_text(&r, "abb", b);
        bool expected = oracle(pattern, id);
        matched += expected;
        ck_assert_msg(device_pattern_matches(pattern, id) == expected, "%.*s with %.*s",
                      (int)pattern.len, a, (int)id.len, b);
    }
    ck_assert_uint_gt(matched, 10000);
}
END_TEST

/* With backtracking this takes longer than the universe has. */
START_TEST(many_stars_cost_no_more_than_few)
{
    char pattern[128], id[128];
    for (int i = 0; i < 128; i += 2) {
        pattern[i] = '*';
        pattern[i + 1] = 'a';
    }
    pattern[127] = 'b';
    memset(id, 'a', sizeof id);
    for (int i = 0; i < 10000; i++)
        ck_assert(!device_pattern_matches(span_of(pattern, 128), span_of(id, 128)));
}
END_TEST

UNIT_CASE(device_pattern)
{
    tcase_add_test(tc, a_star_is_any_run_of_bytes);
    tcase_add_test(tc, everything_else_is_itself);
    tcase_add_test(tc, nothing_but_the_whole_id);
    tcase_add_test(tc, agrees_with_the_definition);
    tcase_add_test(tc, many_stars_cost_no_more_than_few);
}
