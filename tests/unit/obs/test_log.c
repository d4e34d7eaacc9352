/* The log: one line an event whatever it holds, levels, and the limit on storms. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/obs/log.h"
#include "common/obs/log_limit.h"
#include "common/obs/log_line.h"
#include "tests/unit/unit.h"

static char text[8192];

static const char *json_of(const struct log_field *fields)
{
    struct buf b = {0};
    struct log_line line = {.time_ms = 1763719200123, .level = LOG_WARN, .service = "weir-test"};
    line.event = "delivery_failed";
    line.fields = fields;
    log_line_json(&line, &b);
    ck_assert_uint_lt(b.len, sizeof text);
    memcpy(text, buf_cstr(&b), b.len + 1);
    buf_deinit(&b);
    return text;
}

START_TEST(json_line_has_the_fixed_fields_first)
{
    const struct log_field fields[] = {LOG_STR("topic", "t"),
                                       LOG_INT("count", -3),
                                       LOG_DBL("share", 0.5),
                                       LOG_BOOL("final", true),
                                       {0}};
    ck_assert_str_eq(json_of(fields),
                     "{\"time\":\"2025-11-21T10:00:00.123Z\",\"level\":\"warn\",\"service\":"
                     "\"weir-test\",\"event\":\"delivery_failed\",\"topic\":\"t\",\"count\":-3,"
                     "\"share\":0.5,\"final\":true}\n");
}
END_TEST

START_TEST(hostile_text_stays_one_valid_json_line)
{
    static const char *const hostile[] = {
        "a\nb", "\xff\xfe", "\"}\\", "\x01\x1b[31m", "good \xc3\xa9 bad \xc3", "", NULL};
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        const struct log_field fields[] = {LOG_STR("v", hostile[i]), {0}};
        const char *line = json_of(fields);
        ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
        json_error_t error;
        json_t *doc = json_loads(line, JSON_REJECT_DUPLICATES, &error);
        ck_assert_msg(doc, "%s: %s", line, error.text);
        json_decref(doc);
    }
}
END_TEST

START_TEST(invalid_utf8_is_replaced)
{
    const struct log_field fields[] = {LOG_STR("v", "a\xff"
                                                    "b\xc3"),
                                       {0}};
    ck_assert_ptr_nonnull(strstr(json_of(fields), "\"v\":\"a\xef\xbf\xbd"
                                                  "b\xef\xbf\xbd\""));
}
END_TEST

START_TEST(human_line_quotes_only_what_needs_it)
{
    struct buf b = {0};
    const struct log_field fields[] = {
        LOG_STR("a", "plain"), LOG_STR("b", "two words"), LOG_STR("c", NULL), {0}};
    struct log_line line = {.level = LOG_INFO, .service = "s", .event = "started"};
    line.fields = fields;
    line.suppressed = 7;
    log_line_human(&line, false, &b);
    ck_assert_str_eq(buf_cstr(&b), "1970-01-01T00:00:00.000Z INFO  started a=plain "
                                   "b=\"two words\" c=null suppressed=7\n");
    buf_deinit(&b);
}
END_TEST

START_TEST(limit_lets_ten_lines_of_an_event_through_in_ten_seconds)
{
    struct log_limit *l = calloc(1, sizeof *l);
    uint64_t left_out;
    for (int i = 0; i < LOG_LIMIT_LINES; i++)
        ck_assert(log_limit_take(l, "a", 1000, &left_out));
    for (int i = 0; i < 5; i++)
        ck_assert(!log_limit_take(l, "a", 10999, &left_out));
    ck_assert(log_limit_take(l, "b", 10999, &left_out)); /* other events are not concerned */
    ck_assert(log_limit_take(l, "a", 11000, &left_out));
    ck_assert_uint_eq(left_out, 5);
    ck_assert(log_limit_take(l, "a", 11000, &left_out));
    ck_assert_uint_eq(left_out, 0);
    free(l);
}
END_TEST

static int64_t fixed_wall(void *self)
{
    (void)self;
    return 0;
}

static uint64_t fixed_monotonic(void *self)
{
    return *(uint64_t *)self;
}

/* Lines that come out of a log with the given level after `use`. */
static int lines_of(enum log_level level, void (*use)(struct log *l, uint64_t *now_ns))
{
    int fd[2];
    ck_assert_int_eq(pipe(fd), 0);
    uint64_t now_ns = 0;
    struct log *l = log_new(fd[1], "weir-test", level, LOG_FORMAT_JSON);
    log_set_clock(l, (struct clock){.self = &now_ns, fixed_wall, fixed_monotonic});
    use(l, &now_ns);
    log_free(l);
    close(fd[1]);
    ssize_t n = read(fd[0], text, sizeof text - 1);
    close(fd[0]);
    text[n > 0 ? n : 0] = '\0';
    int lines = 0;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    return lines;
}

static void one_of_each_level(struct log *l, uint64_t *now_ns)
{
    (void)now_ns;
    log_event(l, LOG_DEBUG, "d");
    log_event(l, LOG_INFO, "i", LOG_INT("n", 1));
    log_event(l, LOG_WARN, "w");
    log_event(l, LOG_ERROR, "e");
    log_event(NULL, LOG_ERROR, "nowhere");
}

static void a_storm(struct log *l, uint64_t *now_ns)
{
    for (int i = 0; i < 1000; i++)
        log_event(l, LOG_WARN, "storm");
    *now_ns = UINT64_C(10000000000);
    log_event(l, LOG_WARN, "storm");
}

START_TEST(levels_below_the_threshold_are_not_written)
{
    ck_assert_int_eq(lines_of(LOG_DEBUG, one_of_each_level), 4);
    ck_assert_int_eq(lines_of(LOG_WARN, one_of_each_level), 2);
    ck_assert_int_eq(lines_of(LOG_ERROR, one_of_each_level), 1);
}
END_TEST

START_TEST(a_storm_is_told_in_eleven_lines)
{
    ck_assert_int_eq(lines_of(LOG_INFO, a_storm), 11);
    ck_assert_ptr_nonnull(strstr(text, "\"suppressed\":990}"));
}
END_TEST

START_TEST(words_of_level_and_format_are_exact)
{
    enum log_level level;
    enum log_format format;
    ck_assert(log_level_parse("warn", &level) && level == LOG_WARN);
    ck_assert(!log_level_parse("WARN", &level));
    ck_assert(!log_level_parse("", &level));
    ck_assert(log_format_parse("human", &format) && format == LOG_FORMAT_HUMAN);
    ck_assert(!log_format_parse("logfmt", &format));
}
END_TEST

UNIT_CASE(log)
{
    tcase_add_test(tc, json_line_has_the_fixed_fields_first);
    tcase_add_test(tc, hostile_text_stays_one_valid_json_line);
    tcase_add_test(tc, invalid_utf8_is_replaced);
    tcase_add_test(tc, human_line_quotes_only_what_needs_it);
    tcase_add_test(tc, limit_lets_ten_lines_of_an_event_through_in_ten_seconds);
    tcase_add_test(tc, levels_below_the_threshold_are_not_written);
    tcase_add_test(tc, a_storm_is_told_in_eleven_lines);
    tcase_add_test(tc, words_of_level_and_format_are_exact);
}
