/* The command line and the URL: defaults, good values, and clear refusals. */
#include "tools/load/options.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/unit/unit.h"
#include "tools/load/target.h"

enum { ARGS_MAX = 32 };

/* Splits `line` at '|', since conditions hold spaces. */
static int parse(struct load_options *o, const char *line, struct err *e)
{
    static char text[1024], program[] = "weir-load";
    char *argv[ARGS_MAX] = {program};
    int argc = 1;
    ck_assert_uint_lt(strlen(line), sizeof text);
    memcpy(text, line, strlen(line) + 1);
    for (char *rest = text, *arg; argc < ARGS_MAX && (arg = strsep(&rest, "|"));) {
        if (*line) {
            argv[argc++] = arg;
        }
    }
    *e = (struct err){0};
    return load_options_parse(o, argc, argv, e);
}

static struct load_options must_parse(const char *line)
{
    struct load_options o;
    struct err e;
    ck_assert_msg(parse(&o, line, &e) == 0, "%s: %s", line, e.message);
    return o;
}

static void must_not_parse(const char *line, const char *message)
{
    struct load_options o;
    struct err e;
    ck_assert_msg(parse(&o, line, &e) == ERR_INVALID, "%s", line);
    ck_assert_msg(strstr(e.message, message) != NULL, "%s: %s", line, e.message);
}

START_TEST(has_defaults)
{
    struct load_options o = must_parse("");
    ck_assert_int_eq(o.action, LOAD_RUN);
    ck_assert_str_eq(o.base_url, "http://localhost:8001");
    ck_assert_int_eq(o.devices, 10);
    ck_assert_double_eq(o.rps, 1.0);
    ck_assert_int_eq(o.duration_ms, 0);
    ck_assert_int_eq(o.requests, 0);
    ck_assert_int_eq(o.connections, 64);
    ck_assert_int_eq(o.timeout_ms, 10000);
    ck_assert_int_eq(o.seed, 1);
    ck_assert(!o.has_start && !o.json && !o.verbose && !o.allow_remote);
    ck_assert_uint_eq(o.conditions + o.headers, 0);
}
END_TEST

START_TEST(takes_every_option)
{
    struct load_options o = must_parse(
        "--devices|5|--rps=2.5|--base-url|http://[::1]:9/x/|--duration|10s|--requests=7|"
        "--connections|2|--timeout|500ms|--seed|0|--start|2026-11-21T10:00:00Z|--json|--verbose|"
        "--allow-remote|--fail-if|p99 > 50ms|--fail-if=errors>0|--header|X-API-Key: a=b");
    ck_assert_int_eq(o.devices, 5);
    ck_assert_double_eq(o.rps, 2.5);
    ck_assert_str_eq(o.base_url, "http://[::1]:9/x/");
    ck_assert_int_eq(o.duration_ms, 10000);
    ck_assert_int_eq(o.requests, 7);
    ck_assert_int_eq(o.connections, 2);
    ck_assert_int_eq(o.timeout_ms, 500);
    ck_assert_int_eq(o.seed, 0);
    ck_assert(o.has_start && o.start_ms == INT64_C(1795255200000));
    ck_assert(o.json && o.verbose && o.allow_remote);
    ck_assert_uint_eq(o.conditions, 2);
    ck_assert_uint_eq(o.headers, 1);
    ck_assert_str_eq(o.header[0], "X-API-Key: a=b");
    ck_assert_int_eq(must_parse("--devices|5|--devices|6").devices, 6);
    ck_assert_int_eq(must_parse("--help|--nonsense").action, LOAD_HELP);
    ck_assert_int_eq(must_parse("--version").action, LOAD_VERSION);
    ck_assert_int_eq(must_parse("--print-bodies|--requests|3").action, LOAD_PRINT_BODIES);
}
END_TEST

START_TEST(refuses_bad_options)
{
    must_not_parse("--nope", "unknown option --nope");
    must_not_parse("--nope=1", "unknown option --nope");
    must_not_parse("-d", "unexpected argument '-d'");
    must_not_parse("--", "unexpected argument '--'");
    must_not_parse("devices", "unexpected argument 'devices'");
    must_not_parse("--devices", "--devices needs a value");
    must_not_parse("--json=1", "--json takes no value");
    must_not_parse("--devices|0", "--devices '0'");
    must_not_parse("--devices|1000001", "--devices");
    must_not_parse("--devices|1.5", "--devices '1.5'");
    must_not_parse("--rps|0", "--rps '0'");
    must_not_parse("--rps|-1", "--rps '-1'");
    must_not_parse("--rps|nan", "--rps 'nan'");
    must_not_parse("--rps|1e7", "--rps '1e7'");
    must_not_parse("--devices|1000|--rps|1001", "at most 1000000 a second");
    must_not_parse("--duration|10", "--duration '10'");
    must_not_parse("--duration|0s", "--duration '0s'");
    must_not_parse("--duration|9999d", "--duration '9999d'");
    must_not_parse("--requests|0", "--requests '0'");
    must_not_parse("--connections|20001", "--connections '20001'");
    must_not_parse("--timeout|11m", "--timeout '11m'");
    must_not_parse("--seed|-1", "--seed '-1'");
    must_not_parse("--start|now", "--start 'now'");
    must_not_parse("--fail-if|p99", "--fail-if 'p99'");
    must_not_parse("--header|x", "--header 'x'");
    must_not_parse("--header|: x", "--header");
    must_not_parse("--header|a b: x", "--header");
    must_not_parse("--header|content-length: 0", "--header");
    must_not_parse("--header|a: b\r\nc: d", "--header");
    must_not_parse("--print-bodies", "--print-bodies needs");
    must_not_parse("--base-url|localhost:8001", "must begin with http://");
    must_not_parse("--base-url|https://localhost", "must begin with http://");
}
END_TEST

START_TEST(helps_with_every_option)
{
    struct buf help = {0};
    load_options_help(&help);
    static const char *const parts[] = {"--base-url URL",      "--devices N",
                                        "--rps NUMBER",        "--duration TIME",
                                        "--fail-if CONDITION", "[default: http://localhost:8001]",
                                        "[default: 1.0]",      "p99.9",
                                        "latency_ms",          "Exit status"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        ck_assert_msg(strstr(buf_cstr(&help), parts[i]) != NULL, "%s", parts[i]);
    }
    buf_deinit(&help);
}
END_TEST

static void must_be_url(const char *url, const char *host, const char *port, const char *prefix)
{
    struct target t;
    struct err e = {0};
    ck_assert_msg(target_parse(&t, url, &e) == 0, "%s: %s", url, e.message);
    ck_assert_str_eq(t.host, host);
    ck_assert_str_eq(t.port, port);
    ck_assert_msg(span_is(t.prefix, prefix), "%s: %.*s", url, (int)t.prefix.len, t.prefix.p);
}

START_TEST(takes_urls_apart)
{
    must_be_url("http://localhost:8001", "localhost", "8001", "");
    must_be_url("http://localhost", "localhost", "80", "");
    must_be_url("http://localhost:8001/", "localhost", "8001", "");
    must_be_url("http://127.0.0.1:1/a/b//", "127.0.0.1", "1", "/a/b");
    must_be_url("http://[::1]:65535", "::1", "65535", "");
    must_be_url("http://[::1]", "::1", "80", "");
    static const char *const bad[] = {
        "",
        "http:/",
        "http://",
        "http://:80",
        "http://a:",
        "http://a:0",
        "http://a:65536",
        "http://a:08",
        "http://a:8x",
        "http://[::1",
        "http://[]:1",
        "http://[::1]x",
        "http://a b",
        "http://a?x",
        "http://a/#x",
        "http://u@h",
        "http://h\r\nx",
        "ftp://h",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct target t;
        struct err e = {0};
        ck_assert_msg(target_parse(&t, bad[i], &e) == ERR_INVALID, "%s", bad[i]);
    }
}
END_TEST

static bool v4_is_loopback(const char *text)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    ck_assert_int_eq(inet_pton(AF_INET, text, &a.sin_addr), 1);
    return target_is_loopback((struct sockaddr *)&a);
}

static bool v6_is_loopback(const char *text)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6};
    ck_assert_int_eq(inet_pton(AF_INET6, text, &a.sin6_addr), 1);
    return target_is_loopback((struct sockaddr *)&a);
}

START_TEST(knows_this_machine)
{
    ck_assert(v4_is_loopback("127.0.0.1") && v4_is_loopback("127.255.255.254"));
    ck_assert(!v4_is_loopback("126.0.0.1") && !v4_is_loopback("128.0.0.1") &&
              !v4_is_loopback("10.0.0.1"));
    ck_assert(!v4_is_loopback("0.0.0.0"));
    ck_assert(v6_is_loopback("::1") && v6_is_loopback("::ffff:127.0.0.1"));
    ck_assert(!v6_is_loopback("::") && !v6_is_loopback("::ffff:10.0.0.1"));
    ck_assert(!v6_is_loopback("fe80::1"));
    struct sockaddr other = {.sa_family = AF_UNIX};
    ck_assert(!target_is_loopback(&other));
}
END_TEST

START_TEST(refuses_other_machines_unless_allowed)
{
    struct target t;
    struct err e = {0};
    ck_assert_int_eq(target_parse(&t, "http://192.0.2.1:80", &e), 0);
    ck_assert_int_eq(target_resolve(&t, false, &e), ERR_INVALID);
    ck_assert_ptr_nonnull(strstr(e.message, "--allow-remote"));
    err_clear(&e);
    ck_assert_int_eq(target_parse(&t, "http://192.0.2.1:80", &e), 0);
    ck_assert_int_eq(target_resolve(&t, true, &e), 0);
    ck_assert_uint_eq(t.addresses, 1);
    ck_assert_int_eq(target_parse(&t, "http://127.0.0.1:80", &e), 0);
    ck_assert_int_eq(target_resolve(&t, false, &e), 0);
}
END_TEST

UNIT_CASE(options)
{
    tcase_add_test(tc, has_defaults);
    tcase_add_test(tc, takes_every_option);
    tcase_add_test(tc, refuses_bad_options);
    tcase_add_test(tc, helps_with_every_option);
    tcase_add_test(tc, takes_urls_apart);
    tcase_add_test(tc, knows_this_machine);
    tcase_add_test(tc, refuses_other_machines_unless_allowed);
}
