/* Which traces are taken over from a request, and what of them is passed on. */
#include "common/obs/trace.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/unit.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

/* Inputs have no byte behind them that may be read. */
static bool parse(const char *text, char out[TRACE_PARENT_LEN + 1])
{
    size_t len = strlen(text);
    char *exact = malloc(len > 0 ? len : 1);
    memcpy(exact, text, len);
    bool ok = trace_parent_parse(span_of(exact, len), out);
    free(exact);
    return ok;
}

static void must_pass(const char *text, const char *passed_on)
{
    char out[TRACE_PARENT_LEN + 1];
    ck_assert_msg(parse(text, out), "%s", text);
    ck_assert_str_eq(out, passed_on);
}

static void must_not_pass(const char *text)
{
    char out[TRACE_PARENT_LEN + 1];
    ck_assert_msg(!parse(text, out), "%s", text);
    ck_assert_str_eq(out, "");
}

START_TEST(version_00_is_passed_on)
{
    must_pass("00-" TRACE "-" PARENT "-01", "00-" TRACE "-" PARENT "-01");
    must_pass("00-" TRACE "-" PARENT "-00", "00-" TRACE "-" PARENT "-00");
}
END_TEST

START_TEST(unknown_flags_are_cleared)
{
    must_pass("00-" TRACE "-" PARENT "-ff", "00-" TRACE "-" PARENT "-01");
    must_pass("00-" TRACE "-" PARENT "-02", "00-" TRACE "-" PARENT "-00");
    must_pass("00-" TRACE "-" PARENT "-f0", "00-" TRACE "-" PARENT "-00");
}
END_TEST

START_TEST(later_versions_are_read_as_far_as_they_are_known)
{
    must_pass("01-" TRACE "-" PARENT "-01", "00-" TRACE "-" PARENT "-01");
    must_pass("cc-" TRACE "-" PARENT "-01-what-the-future-will-be", "00-" TRACE "-" PARENT "-01");
    must_pass("cc-" TRACE "-" PARENT "-03-", "00-" TRACE "-" PARENT "-01");
    must_not_pass("cc-" TRACE "-" PARENT "-01.what");
    must_not_pass("cc-" TRACE "-" PARENT "-01x");
}
END_TEST

START_TEST(other_forms_are_refused)
{
    static const char *const bad[] = {
        "",
        "00",
        "ff-" TRACE "-" PARENT "-01",
        "00-" TRACE "-" PARENT "-0",
        "00-" TRACE "-" PARENT "-01-",
        "00-" TRACE "-" PARENT "-011",
        "00-" TRACE "-" PARENT "-01-more",
        " 00-" TRACE "-" PARENT "-01",
        "00-" TRACE "-" PARENT "-0x",
        "00-" TRACE "-" PARENT "-0A",
        "0x-" TRACE "-" PARENT "-01",
        "00_" TRACE "-" PARENT "-01",
        "00-" TRACE "_" PARENT "-01",
        "00-" TRACE "-" PARENT "_01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-" TRACE "-00F067AA0BA902B7-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-" PARENT "-001",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        must_not_pass(bad[i]);
}
END_TEST

START_TEST(ids_that_only_begin_with_zeros_are_good)
{
    must_pass("00-00000000000000000000000000000001-0000000000000001-01",
              "00-00000000000000000000000000000001-0000000000000001-01");
}
END_TEST

START_TEST(the_trace_id_is_inside)
{
    char out[TRACE_PARENT_LEN + 1];
    ck_assert(parse("00-" TRACE "-" PARENT "-01", out));
    ck_assert(span_is(trace_parent_id(out), TRACE));
}
END_TEST

static char *repeat(char c, size_t len)
{
    static char text[TRACE_STATE_MAX * 2];
    memset(text, c, len);
    text[len] = '\0';
    return text;
}

static bool state(const char *format, const char *text)
{
    char value[TRACE_STATE_MAX * 3];
    snprintf(value, sizeof value, "%.*s%s%s", (int)strcspn(format, "$"), format, text,
             format + strcspn(format, "$") + 1);
    return trace_state_valid(span_str(value));
}

START_TEST(good_states)
{
    static const char *const good[] = {
        "foo=1",
        "foo=1,bar=2",
        "foo=1 , bar=2",
        "foo=1\t,\tbar=2",
        "foo=1,,bar=2,",
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "a_-*/b=!~",
        "fw529a3039@dt=FfIXICAgMTIzNDU2",
        "0tenant@system=1",
        "foo=a b",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(trace_state_valid(span_str(good[i])), "%s", good[i]);
    ck_assert(state("$=1", repeat('k', 256)));
    ck_assert(state("$@dt=1", repeat('k', 241)));
    ck_assert(state("t@$=1", repeat('k', 14)));
    ck_assert(state("k=$", repeat('v', 256)));
}
END_TEST

START_TEST(bad_states)
{
    static const char *const bad[] = {
        "",       ",",       " , ",      "foo",       "foo=",        "=1",      "foo =1",
        "FOO=1",  "foo=1=2", "foo=\x7f", "foo=\xc3",  "foo=1,foo=2", "foo@=1",  "@foo=1",
        "f@@b=1", "f@b@c=1", "0foo=1",   "foo@0dt=1", "f.o=1",       "foo=a,=", "foo=\x01",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!trace_state_valid(span_str(bad[i])), "%s", bad[i]);
    ck_assert(!trace_state_valid((struct span){0}));
    ck_assert(!state("$=1", repeat('k', 257)));
    ck_assert(!state("$@dt=1", repeat('k', 242)));
    ck_assert(!state("t@$=1", repeat('k', 15)));
    ck_assert(!state("k=$", repeat('v', 257)));
}
END_TEST

START_TEST(states_are_bounded)
{
    char value[TRACE_STATE_MAX * 2] = "";
    int len = 0, members = 0;
    for (; members < TRACE_STATE_MEMBERS_MAX; members++)
        len += snprintf(value + len, sizeof value - (size_t)len, "k%d=1,", members);
    ck_assert(trace_state_valid(span_str(value)));
    len += snprintf(value + len, sizeof value - (size_t)len, "more=1");
    ck_assert(!trace_state_valid(span_str(value)));
    ck_assert(state("a=$,b=2", repeat('v', 256)));
    snprintf(value, sizeof value, "a=%.256s", repeat('v', 256));
    len = (int)strlen(value);
    snprintf(value + len, sizeof value - (size_t)len, ",b=%.251s", repeat('v', 251));
    ck_assert_uint_eq(strlen(value), TRACE_STATE_MAX);
    ck_assert(trace_state_valid(span_str(value)));
    ck_assert(!state("$,", value));
}
END_TEST

UNIT_CASE(trace)
{
    tcase_add_test(tc, version_00_is_passed_on);
    tcase_add_test(tc, unknown_flags_are_cleared);
    tcase_add_test(tc, later_versions_are_read_as_far_as_they_are_known);
    tcase_add_test(tc, other_forms_are_refused);
    tcase_add_test(tc, ids_that_only_begin_with_zeros_are_good);
    tcase_add_test(tc, the_trace_id_is_inside);
    tcase_add_test(tc, good_states);
    tcase_add_test(tc, bad_states);
    tcase_add_test(tc, states_are_bounded);
}
