/* What operators read: --help, --version, --print-config and --check-config. */
#include <string.h>

#include "common/app/settings.h"
#include "common/app/suggest.h"
#include "tests/unit/app/loaded.h"
#include "tests/unit/unit.h"

static void must_print(const char *const *flags, const char *const *environment, const char *text)
{
    struct loaded l = load(flags, environment);
    ck_assert_int_eq(l.outcome, OPTIONS_EXIT_OK);
    ck_assert_msg(strstr(l.out, text), "expected \"%s\" in:\n%s", text, l.out);
    ck_assert_str_eq(l.err, "");
    loaded_free(&l);
}

static void must_not_print(const char *const *flags, const char *const *environment,
                           const char *text)
{
    struct loaded l = load(flags, environment);
    ck_assert_int_eq(l.outcome, OPTIONS_EXIT_OK);
    ck_assert_msg(!strstr(l.out, text), "did not expect \"%s\" in:\n%s", text, l.out);
    loaded_free(&l);
}

START_TEST(help_shows_flag_environment_and_default)
{
    must_print(WORDS("--help"), WORDS(), "\nStore\n  --mongo-url TEXT");
    must_print(WORDS("-h"), WORDS(), "[env: MONGO_URL or MONGO_URI; MONGO_URL_FILE reads it from");
    must_print(WORDS("--help"), WORDS(), "  --[no-]create-topics");
    must_print(WORDS("--help"), WORDS(), "  --log-level debug|info|warn");
    must_print(WORDS("--help"), WORDS(), "[env: WAIT] [default: 5s]");
    must_print(WORDS("--help"), WORDS("COUNT=bad"), "Usage: weir-sample [OPTION]...");
}
END_TEST

START_TEST(help_fits_a_terminal)
{
    struct loaded l = load(WORDS("--help"), WORDS());
    for (const char *p = l.out; *p; p += strcspn(p, "\n") + 1)
        ck_assert_msg(strcspn(p, "\n") <= 100, "%.*s", (int)strcspn(p, "\n"), p);
    loaded_free(&l);
}
END_TEST

START_TEST(markdown_help_is_a_table)
{
    must_print(WORDS("--help=markdown"), WORDS(),
               "| `MONGO_URL` (`MONGO_URI`) | "
               "`mongodb://localhost` | The store. A secret:");
    must_print(WORDS("--help=markdown"), WORDS(), "One of `debug\\|info\\|warn`.");
}
END_TEST

START_TEST(version_names_the_libraries)
{
    must_print(WORDS("--version"), WORDS(), "weir-sample ");
    must_print(WORDS("--version"), WORDS(), "\nlibrdkafka ");
    must_print(WORDS("--version"), WORDS(), "\nlibevent ");
    must_print(WORDS("--version"), WORDS(), "\nOpenSSL ");
    must_print(WORDS("--version"), WORDS(), "\ncompiler ");
}
END_TEST

START_TEST(print_config_tells_value_and_source)
{
    must_print(WORDS("--print-config", "--count=9"), WORDS(), "COUNT=9 ");
    must_print(WORDS("--print-config", "--count=9"), WORDS(), "# flag\n");
    must_print(WORDS("--print-config"), WORDS("WAIT=9s"), "# environment\n");
    must_print(WORDS("--print-config"), WORDS(), "# TOKEN is not set\n");
    must_print(WORDS("--print-config"), WORDS("LISTEN=a b#c"), "LISTEN=\"a b#c\"");
}
END_TEST

START_TEST(print_config_masks_every_secret)
{
    must_print(WORDS("--print-config"), WORDS("TOKEN=geheim"), "TOKEN=**** ");
    must_print(WORDS("--print-config"),
               WORDS("MONGO_URL=mongodb://joe:geh@eim@h1:1,h2:2/db?authSource=admin"),
               "MONGO_URL=mongodb://joe:****@h1:1,h2:2/db?authSource=admin ");
    must_print(WORDS("--print-config"), WORDS("MONGO_URL=mongodb://joe@h1"),
               "MONGO_URL=mongodb://joe@h1 ");
    must_print(WORDS("--print-config"), WORDS("MONGO_URL=mongodb://h1/?x=a:b@c"), "x=a:b@c ");
    must_print(WORDS("--print-config"), WORDS("KAFKA_OPT_SASL_PASSWORD=geheim"),
               "KAFKA_OPT_SASL_PASSWORD=**** ");
    must_not_print(WORDS("--print-config", "--kafka-opt=ssl.key.password=geheim"),
                   WORDS("TOKEN=geheim", "MONGO_URL=mongodb://a:geheim@b"), "geheim");
}
END_TEST

START_TEST(check_config_runs_nothing)
{
    must_print(WORDS("--check-config"), WORDS(), "weir-sample: the settings are valid\n");
    struct loaded l = load(WORDS("--check-config"), WORDS("COUNT=x"));
    ck_assert_int_eq(l.outcome, OPTIONS_EXIT_USAGE);
    loaded_free(&l);
}
END_TEST

START_TEST(distance_counts_typing_mistakes)
{
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {
        {"", "", 0},
        {"listen", "LISTEN", 0},
        {"log-level", "LOG_LEVEL", 0},
        {"", "abc", 3},
        {"listen", "lisen", 1},
        {"listen", "lsiten", 1},
        {"listen", "listenn", 1},
        {"kitten", "sitting", 3},
        {"ca", "abc", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_uint_eq(suggest_distance(cases[i].a, cases[i].b), cases[i].distance);
        ck_assert_uint_eq(suggest_distance(cases[i].b, cases[i].a), cases[i].distance);
    }
}
END_TEST

START_TEST(nothing_is_suggested_for_what_is_not_near)
{
    struct suggest s = {.word = "zzz"};
    suggest_consider(&s, "LISTEN");
    ck_assert_ptr_null(s.best);
    s = (struct suggest){.word = "mongo-ulr"};
    suggest_consider(&s, "MONGO_DB");
    suggest_consider(&s, "MONGO_URL");
    suggest_consider(&s, "MONGO_URI");
    ck_assert_str_eq(s.best, "MONGO_URL");
}
END_TEST

static void must_be(int (*valid)(const char *text, struct err *e), const char *text, bool good)
{
    struct err e = {0};
    int rc = valid(text, &e);
    ck_assert_msg((rc == 0) == good, "%s: %s", text, e.message);
}

START_TEST(shared_settings_are_checked)
{
    static const char *const listen[] = {"8001", ":8001", "0.0.0.0:8001", "host:0", "[::1]:8001"};
    for (size_t i = 0; i < sizeof listen / sizeof listen[0]; i++)
        must_be(settings_valid_listen, listen[i], true);
    static const char *const bad[] = {"",     "host",     ":",         "host:", "host:65536",
                                      "a:+1", "::1:8001", "8001:host", "h:80x", "-1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        must_be(settings_valid_listen, bad[i], false);
    must_be(settings_valid_bootstrap, "a:9092,b:9092", true);
    must_be(settings_valid_bootstrap, "kafka", true);
    must_be(settings_valid_bootstrap, "a:9092,", false);
    must_be(settings_valid_bootstrap, "a:0", false);
    must_be(settings_valid_bootstrap, "a:1, b:2", false);
    must_be(settings_valid_topic, "telemetry.raw", true);
    must_be(settings_valid_topic, "a b", false);
    must_be(settings_valid_topic, "..", false);
    must_be(settings_valid_mongo_url, "mongodb+srv://x", true);
    must_be(settings_valid_mongo_url, "http://x", false);
    must_be(settings_valid_mongo_name, "iotdb", true);
    must_be(settings_valid_mongo_name, "a$b", false);
}
END_TEST

UNIT_CASE(help)
{
    tcase_add_test(tc, help_shows_flag_environment_and_default);
    tcase_add_test(tc, help_fits_a_terminal);
    tcase_add_test(tc, markdown_help_is_a_table);
    tcase_add_test(tc, version_names_the_libraries);
    tcase_add_test(tc, print_config_tells_value_and_source);
    tcase_add_test(tc, print_config_masks_every_secret);
    tcase_add_test(tc, check_config_runs_nothing);
    tcase_add_test(tc, distance_counts_typing_mistakes);
    tcase_add_test(tc, nothing_is_suggested_for_what_is_not_near);
    tcase_add_test(tc, shared_settings_are_checked);
}
