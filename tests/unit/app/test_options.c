/* Settings: precedence, aliases, secrets, files, and errors that come all at once. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/app/loaded.h"
#include "tests/unit/unit.h"

/* The error output must hold this text, and nothing is run. */
static void must_fail(const char *const *flags, const char *const *environment, const char *text)
{
    struct loaded l = load(flags, environment);
    ck_assert_int_eq(l.outcome, OPTIONS_EXIT_USAGE);
    ck_assert_msg(strstr(l.err, text), "expected \"%s\" in:\n%s", text, l.err);
    loaded_free(&l);
}

static struct loaded must_load(const char *const *flags, const char *const *environment)
{
    struct loaded l = load(flags, environment);
    ck_assert_msg(l.outcome == OPTIONS_RUN, "%s", l.err);
    ck_assert_str_eq(l.err, "");
    return l;
}

START_TEST(defaults_are_parsed_like_everything_else)
{
    struct loaded l = must_load(WORDS(), WORDS());
    ck_assert_str_eq(l.sample.listen, "8001");
    ck_assert_str_eq(l.sample.level, "info");
    ck_assert_ptr_null(l.sample.token);
    ck_assert_int_eq(l.sample.count, 3);
    ck_assert_int_eq(l.sample.wait_ms, 5000);
    ck_assert_int_eq(l.sample.limit_bytes, 1048576);
    ck_assert_double_eq(l.sample.share, 0.5);
    ck_assert(l.sample.create);
    loaded_free(&l);
}
END_TEST

START_TEST(flag_beats_environment_beats_file_beats_default)
{
    char *path = temporary_file("COUNT=4\nWAIT=4s\nLISTEN = 4 # comment\n\n# note\nSHARE='0.25'\n");
    struct loaded l = must_load(WORDS("--config", path, "--count=6"),
                                WORDS("COUNT=5", "WAIT=5500ms", "PATH=/bin", "LIMIT="));
    ck_assert_int_eq(l.sample.count, 6);
    ck_assert_int_eq(l.sample.wait_ms, 5500);
    ck_assert_str_eq(l.sample.listen, "4");
    ck_assert_double_eq(l.sample.share, 0.25);
    ck_assert_int_eq(l.sample.limit_bytes, 1048576);
    loaded_free(&l);
    char *variable = joined("WEIR_CONFIG=", path);
    l = must_load(WORDS(), WORDS(variable));
    ck_assert_int_eq(l.sample.count, 4);
    loaded_free(&l);
    unlink(path);
    free(path);
    free(variable);
}
END_TEST

START_TEST(flags_take_their_value_either_way)
{
    struct loaded l = must_load(WORDS("--count", "-0", "--count", "7", "--share=-1.5e1"), WORDS());
    ck_assert_int_eq(l.sample.count, 7);
    ck_assert_double_eq(l.sample.share, -15);
    loaded_free(&l);
    must_fail(WORDS("--count"), WORDS(), "--count: needs a value");
    must_fail(WORDS("--count", "--share=1"), WORDS(), "--count: needs a value");
    must_fail(WORDS("count"), WORDS(), "count: unexpected argument");
    must_fail(WORDS("-x"), WORDS(), "-x: unexpected argument");
    must_fail(WORDS("--"), WORDS(), "--: unexpected argument");
    must_fail(WORDS("--count="), WORDS(), "--count: \"\" is not a whole number");
    must_fail(WORDS("--listen="), WORDS(), "--listen: must not be empty");
}
END_TEST

START_TEST(booleans_have_four_spellings)
{
    static const struct {
        const char *flag;
        bool value;
    } cases[] = {{"--create-topics", true},
                 {"--no-create-topics", false},
                 {"--create-topics=false", false},
                 {"--create-topics=yes", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct loaded l = must_load(WORDS(cases[i].flag), WORDS("CREATE_TOPICS=off"));
        ck_assert_int_eq(l.sample.create, cases[i].value);
        loaded_free(&l);
    }
    must_fail(WORDS("--no-create-topics=true"), WORDS(), "takes no value");
    must_fail(WORDS("--create-topics=2"), WORDS(), "neither true nor false");
    must_fail(WORDS("--no-count"), WORDS(), "--no-count: unknown option");
}
END_TEST

START_TEST(an_alias_is_the_same_setting)
{
    struct loaded l = must_load(WORDS(), WORDS("MONGO_URI=mongodb://a", "MONGO_URL=mongodb://a"));
    ck_assert_str_eq(l.sample.url, "mongodb://a");
    loaded_free(&l);
    l = must_load(WORDS("--mongo-uri=mongodb://b"), WORDS("MONGO_URL=mongodb://a"));
    ck_assert_str_eq(l.sample.url, "mongodb://b");
    loaded_free(&l);
    must_fail(WORDS(), WORDS("MONGO_URI=mongodb://a", "MONGO_URL=mongodb://b"),
              "MONGO_URL (environment): set together with its alias MONGO_URI to another value");
}
END_TEST

START_TEST(secrets_come_from_files_without_their_last_newline)
{
    char *path = temporary_file("geheim\n\n"), *variable = joined("TOKEN_FILE=", path);
    char *flag = joined("--token-file=", path);
    struct loaded l = must_load(WORDS(), WORDS(variable));
    ck_assert_str_eq(l.sample.token, "geheim\n");
    loaded_free(&l);
    l = must_load(WORDS(flag), WORDS("TOKEN=other"));
    ck_assert_str_eq(l.sample.token, "geheim\n");
    loaded_free(&l);
    must_fail(WORDS(), WORDS(variable, "TOKEN=x"), "set together with TOKEN_FILE");
    must_fail(WORDS(), WORDS("TOKEN_FILE=/nowhere/at/all"), "cannot open /nowhere/at/all");
    unlink(path);
    free(path);
    free(variable);
    free(flag);
}
END_TEST

START_TEST(only_secrets_are_read_from_files)
{
    must_fail(WORDS("--count-file=/dev/null"), WORDS(), "--count-file: unknown option");
    struct loaded l = must_load(WORDS(), WORDS("COUNT_FILE=/nowhere"));
    ck_assert_int_eq(l.sample.count, 3);
    loaded_free(&l);
}
END_TEST

START_TEST(all_errors_come_at_once)
{
    char *path = temporary_file("no equals sign\nCUONT=1\nTOKEN='open\n");
    struct loaded l = load(WORDS("--config", path, "--lisen=1", "--wait=1h"),
                           WORDS("COUNT=11", "LOG_LEVEL=loud", "LIMIT=1XB", "SHARE=nan",
                                 "WEIR_LISTEN=8001", "WEIR_RUN=/x", "WEIR_BIN=/y",
                                 "WEIR_INGEST_SERVICE_HOST=10.0.0.1", "WEIR_INGEST_PORT=tcp://x"));
    ck_assert_int_eq(l.outcome, OPTIONS_EXIT_USAGE);
    static const char *const expected[] = {
        "weir-sample: 10 errors in the settings:\n",
        "  --lisen: unknown option; did you mean --listen?\n",
        ":1: expected NAME=value\n",
        ":2: unknown setting; did you mean COUNT?\n",
        ":3: the quote ' is not closed\n",
        "  COUNT (environment): 11 is outside 0 to 10\n",
        "  LOG_LEVEL (environment): \"loud\" is none of debug|info|warn\n",
        "  LIMIT (environment): \"1XB\" is not a size such as 64KiB or 1MiB\n",
        "  SHARE (environment): \"nan\" is not a number\n",
        "  --wait: 1h is outside 1ms to 1m\n",
    };
    char *err = l.err;
    ck_assert_msg(strstr(err, "  WEIR_LISTEN: unknown setting; did you mean LISTEN?\n"), "%s", err);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        ck_assert_msg(strstr(err, expected[i]), "expected \"%s\" in:\n%s", expected[i], err);
    loaded_free(&l);
    unlink(path);
    free(path);
}
END_TEST

START_TEST(checks_across_settings_name_the_source)
{
    must_fail(WORDS("--count=0"), WORDS("WAIT=6s"),
              "WAIT (environment): has no effect when COUNT is 0");
}
END_TEST

START_TEST(unknown_variables_of_others_are_no_errors)
{
    struct loaded l = must_load(WORDS(), WORDS("CUONT=1", "WEIRD=1", "=x", "NOEQUALS"));
    ck_assert_int_eq(l.sample.count, 3);
    loaded_free(&l);
}
END_TEST

START_TEST(a_missing_settings_file_is_an_error)
{
    must_fail(WORDS("--config=/nowhere/weir.conf"), WORDS(), "cannot open /nowhere/weir.conf");
}
END_TEST

START_TEST(kafka_properties_are_collected_and_checked)
{
    char *path = temporary_file("hunter2\n"),
         *secret = joined("KAFKA_OPT_SASL_PASSWORD_FILE=", path);
    struct loaded l =
        must_load(WORDS("--kafka-opt", "client.rack=flag", "--kafka-opt=debug=broker"),
                  WORDS("KAFKA_OPT_CLIENT_RACK=env",
                        "KAFKA_OPT_socket_keepalive_"
                        "enable=true",
                        secret));
    size_t count;
    const struct kafka_property *p = options_kafka_properties(l.options, &count);
    ck_assert_uint_eq(count, 4);
    ck_assert_str_eq(p[0].name, "client.rack");
    ck_assert_str_eq(p[0].value, "flag");
    ck_assert_str_eq(p[1].name, "debug");
    ck_assert_str_eq(p[2].name, "sasl.password");
    ck_assert_str_eq(p[2].value, "hunter2");
    ck_assert_str_eq(p[3].name, "socket.keepalive.enable");
    loaded_free(&l);
    unlink(path);
    free(path);
    free(secret);
    must_fail(WORDS("--kafka-opt=acks=0"), WORDS(), "Kafka property acks (flag): ");
    must_fail(WORDS(), WORDS("KAFKA_OPT_NO_SUCH_THING=1"), "Kafka property no.such.thing");
    must_fail(WORDS("--kafka-opt", "acks"), WORDS(), "expected PROPERTY=VALUE");
}
END_TEST

START_TEST(probe_is_kept_and_needs_a_value)
{
    struct loaded l = load(WORDS("--probe", "/healthz"), WORDS());
    ck_assert_int_eq(l.outcome, OPTIONS_RUN);
    ck_assert_str_eq(options_probe(l.options), "/healthz");
    loaded_free(&l);
    l = load(WORDS("--probe"), WORDS());
    ck_assert_int_eq(l.outcome, OPTIONS_EXIT_USAGE);
    ck_assert_ptr_nonnull(strstr(l.err, "--probe: needs a value"));
    loaded_free(&l);
    l = load(WORDS(), WORDS());
    ck_assert_ptr_null(options_probe(l.options));
    loaded_free(&l);
}
END_TEST

UNIT_CASE(options)
{
    tcase_add_test(tc, defaults_are_parsed_like_everything_else);
    tcase_add_test(tc, flag_beats_environment_beats_file_beats_default);
    tcase_add_test(tc, flags_take_their_value_either_way);
    tcase_add_test(tc, booleans_have_four_spellings);
    tcase_add_test(tc, an_alias_is_the_same_setting);
    tcase_add_test(tc, secrets_come_from_files_without_their_last_newline);
    tcase_add_test(tc, only_secrets_are_read_from_files);
    tcase_add_test(tc, all_errors_come_at_once);
    tcase_add_test(tc, checks_across_settings_name_the_source);
    tcase_add_test(tc, unknown_variables_of_others_are_no_errors);
    tcase_add_test(tc, a_missing_settings_file_is_an_error);
    tcase_add_test(tc, kafka_properties_are_collected_and_checked);
    tcase_add_test(tc, probe_is_kept_and_needs_a_value);
}
