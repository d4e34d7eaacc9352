/* The answers over a repository in memory: shapes, defaults, borders of paging, trouble. */
#include <stdio.h>

#include "dashboard/answers.h"
#include "tests/unit/unit.h"

/* Remembers what it was asked and hands out numbered rows. */
struct memory {
    int64_t rows, known, total;
    int error;
    struct repository_latest latest;
    struct repository_history history;
    int64_t silent_since_ms;
};

static int hand_out(struct memory *m, int64_t rows, repository_row row, void *arg, struct err *e)
{
    for (int64_t i = 0; i < rows; i++) {
        char id[24];
        snprintf(id, sizeof id, "d%lld", (long long)i);
        bson_t doc = BSON_INITIALIZER;
        BSON_APPEND_UTF8(&doc, "_id", id);
        BSON_APPEND_BOOL(&doc, "online", i % 2 == 0);
        row(arg, &doc);
        bson_destroy(&doc);
    }
    return m->error ? err_set(e, m->error, "away") : 0;
}

static int latest(void *self, const struct repository_latest *q, repository_row row, void *arg,
                  struct err *e)
{
    struct memory *m = self;
    m->latest = *q;
    return hand_out(m, m->rows, row, arg, e);
}

static int devices(void *self, repository_row row, void *arg, struct err *e)
{
    return hand_out(self, ((struct memory *)self)->rows, row, arg, e);
}

static int states(void *self, struct span device_id, repository_row row, void *arg, struct err *e)
{
    struct memory *m = self;
    return hand_out(m, device_id.len ? m->known : m->rows, row, arg, e);
}

static int at_risk(void *self, int64_t silent_since_ms, repository_row row, void *arg,
                   struct err *e)
{
    struct memory *m = self;
    m->silent_since_ms = silent_since_ms;
    return hand_out(m, m->rows, row, arg, e);
}

static int history(void *self, const struct repository_history *q, repository_row row, void *arg,
                   struct err *e)
{
    struct memory *m = self;
    m->history = *q;
    return hand_out(m, m->rows, row, arg, e);
}

static int history_count(void *self, const struct repository_history *q, int64_t *count,
                         struct err *e)
{
    struct memory *m = self;
    m->history = *q;
    *count = m->total;
    return m->error ? err_set(e, m->error, "away") : 0;
}

static int totals(void *self, struct repository_totals *out, struct err *e)
{
    struct memory *m = self;
    *out = (struct repository_totals){.readings = 3, .windows = 2, .alerts = 1};
    return m->error ? err_set(e, m->error, "away") : 0;
}

/* Asks `path` with `query` and the raw device id, and returns the status. */
static int ask(struct memory *m, const char *path, const char *device, const char *query,
               struct buf *out)
{
    const struct repository r = {.self = m,
                                 .latest = latest,
                                 .devices = devices,
                                 .states = states,
                                 .at_risk = at_risk,
                                 .history = history,
                                 .history_count = history_count,
                                 .totals = totals};
    const struct answer_route *route = answer_routes;
    while (route->path && strcmp(route->path, path) != 0)
        route++;
    ck_assert_msg(route->path != NULL, "%s", path);
    struct query q = {.raw = span_str(query)};
    struct question question = {.now_ms = 10000000};
    struct err e = {0};
    if (device)
        question_set_device(&question, span_str(device));
    if (route->ask)
        route->ask(&question, &q);
    ck_assert_uint_eq(q.problems, 0);
    buf_clear(out);
    return route->answer(&r, &question, out, &e);
}

static void must_answer(struct memory *m, const char *path, const char *device, const char *query,
                        int status, const char *body)
{
    struct buf out = {0};
    ck_assert_int_eq(ask(m, path, device, query, &out), status);
    ck_assert_str_eq(buf_cstr(&out), body);
    buf_deinit(&out);
}

START_TEST(lists_have_their_shape)
{
    struct memory m = {.rows = 2};
    const char *rows =
        "{\"data\":[{\"_id\":\"d0\",\"online\":true},{\"_id\":\"d1\",\"online\":false}]}";
    must_answer(&m, "/telemetry", NULL, "", 200, rows);
    ck_assert_int_eq(m.latest.list, REPOSITORY_READINGS);
    ck_assert_int_eq(m.latest.limit, 100);
    ck_assert_uint_eq(m.latest.device_id.len, 0);
    must_answer(&m, "/aggregated", NULL, "limit=5", 200, rows);
    ck_assert_int_eq(m.latest.list, REPOSITORY_WINDOWS);
    ck_assert_int_eq(m.latest.limit, 5);
    must_answer(&m, "/alerts", NULL, "", 200, rows);
    ck_assert_int_eq(m.latest.list, REPOSITORY_ALERTS);
    must_answer(&m, "/alerts/recent", NULL, "", 200, rows);
    ck_assert_int_eq(m.latest.list, REPOSITORY_ALERTS_CREATED);
    m.rows = 0;
    must_answer(&m, "/telemetry", NULL, "", 200, "{\"data\":[]}");
    must_answer(&m, "/devices", NULL, "", 200, "{\"devices\":[]}");
    m.rows = 2;
    must_answer(&m, "/devices", NULL, "", 200, "{\"devices\":[\"d0\",\"d1\"]}");
    must_answer(&m, "/stats", NULL, "", 200,
                "{\"telemetry_records\":3,\"aggregated_records\":2,\"alerts\":1}");
}
END_TEST

START_TEST(devices_are_named_as_they_are)
{
    struct memory m = {0};
    must_answer(&m, "/devices/{id}/telemetry", "%24a%2Fb%22", "", 200,
                "{\"device_id\":\"$a/b\\\"\",\"data\":[]}");
    ck_assert_uint_eq(m.latest.device_id.len, 5);
    must_answer(&m, "/devices/{id}/aggregates", "a+b", "", 200,
                "{\"device_id\":\"a+b\",\"data\":[]}");
}
END_TEST

START_TEST(what_cannot_be_a_device_is_an_unknown_one)
{
    static const char *const wrong[] = {"%ff", "%00", "%c3%28"};
    struct memory m = {.rows = 2, .known = 1, .total = 5};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        must_answer(&m, "/devices/{id}/telemetry", wrong[i], "", 200,
                    "{\"device_id\":\"\",\"data\":[]}");
        must_answer(&m, "/status/{id}", wrong[i], "", 404, "{\"detail\":\"Device not found\"}");
        must_answer(&m, "/status/{id}/history", wrong[i], "", 404,
                    "{\"detail\":\"Device not found\"}");
    }
    char longest[READING_DEVICE_ID_MAX + 2] = {0};
    memset(longest, 'x', READING_DEVICE_ID_MAX);
    struct question q = {0};
    question_set_device(&q, span_str(longest));
    ck_assert_uint_eq(q.device_id_len, READING_DEVICE_ID_MAX);
    longest[READING_DEVICE_ID_MAX] = 'x';
    question_set_device(&q, span_str(longest));
    ck_assert_uint_eq(q.device_id_len, 0);
}
END_TEST

START_TEST(the_summary_counts_its_rows)
{
    struct memory m = {.rows = 3};
    struct buf out = {0};
    ck_assert_int_eq(ask(&m, "/status/summary", NULL, "", &out), 200);
    const char *start = "{\"total_devices\":3,\"online_devices\":2,\"offline_devices\":1,"
                        "\"devices\":[{\"device_id\":\"d0\",";
    ck_assert(strncmp(buf_cstr(&out), start, strlen(start)) == 0);
    m.rows = 0;
    must_answer(&m, "/status/summary", NULL, "", 200,
                "{\"total_devices\":0,\"online_devices\":0,\"offline_devices\":0,\"devices\":[]}");
    buf_deinit(&out);
}
END_TEST

START_TEST(at_risk_is_silent_for_half_an_hour)
{
    struct memory m = {.rows = 1};
    must_answer(&m, "/status/at-risk", NULL, "", 200,
                "{\"risk_devices\":[{\"device_id\":\"d0\",\"battery_level\":null,"
                "\"last_update\":null}]}");
    ck_assert_int_eq(m.silent_since_ms, 10000000 - 1800000);
}
END_TEST

START_TEST(a_status_is_found_or_404)
{
    struct memory m = {.known = 1};
    struct buf out = {0};
    ck_assert_int_eq(ask(&m, "/status/{id}", "d0", "", &out), 200);
    m.known = 0;
    must_answer(&m, "/status/{id}", "d0", "", 404, "{\"detail\":\"Device not found\"}");
    buf_deinit(&out);
}
END_TEST

static void must_page(int64_t total, const char *query, int status, const char *end)
{
    struct memory m = {.known = 1, .total = total};
    struct buf out = {0};
    ck_assert_msg(ask(&m, "/status/{id}/history", "d", query, &out) == status, "%s", query);
    const char *text = buf_cstr(&out);
    ck_assert_msg(out.len >= strlen(end) && strcmp(text + out.len - strlen(end), end) == 0,
                  "%s: %s", query, text);
    buf_deinit(&out);
}

START_TEST(history_has_pages)
{
    must_page(21, "", 200, "\"total_records\":21,\"page\":1,\"page_size\":10,\"total_pages\":3}");
    must_page(20, "page=2", 200,
              "\"total_records\":20,\"page\":2,\"page_size\":10,\"total_pages\":2}");
    must_page(20, "page=3", 400, "{\"detail\":\"Page 3 is past the last page, 2\"}");
    must_page(1, "page_size=100", 200,
              "\"total_records\":1,\"page\":1,\"page_size\":100,\"total_pages\":1}");
    must_page(0, "", 200, "\"total_records\":0,\"page\":1,\"page_size\":10,\"total_pages\":0}");
    must_page(0, "page=2", 400, "{\"detail\":\"Page 2 is past the last page, 0\"}");
}
END_TEST

START_TEST(history_asks_for_its_page_and_time)
{
    struct memory m = {.known = 1, .total = 100};
    struct buf out = {0};
    ck_assert_int_eq(ask(&m, "/status/{id}/history", "d",
                         "page=3&page_size=7&start_date=1970-01-02&end_date=1000", &out),
                     200);
    ck_assert_int_eq(m.history.skip, 14);
    ck_assert_int_eq(m.history.limit, 7);
    ck_assert_int_eq(m.history.from_ms, 86400000);
    ck_assert_int_eq(m.history.to_ms, 1000000);
    m = (struct memory){.known = 0, .total = 0};
    must_answer(&m, "/status/{id}/history", "d", "", 404, "{\"detail\":\"Device not found\"}");
    buf_deinit(&out);
}
END_TEST

START_TEST(trouble_is_passed_on)
{
    struct buf out = {0};
    for (const struct answer_route *r = answer_routes; r->path; r++) {
        struct memory m = {.rows = 1, .known = 1, .total = 1, .error = ERR_UNAVAILABLE};
        ck_assert_msg(ask(&m, r->path, "d", "", &out) == ERR_UNAVAILABLE, "%s", r->path);
    }
    buf_deinit(&out);
}
END_TEST

UNIT_CASE(answers)
{
    tcase_add_test(tc, lists_have_their_shape);
    tcase_add_test(tc, devices_are_named_as_they_are);
    tcase_add_test(tc, what_cannot_be_a_device_is_an_unknown_one);
    tcase_add_test(tc, the_summary_counts_its_rows);
    tcase_add_test(tc, at_risk_is_silent_for_half_an_hour);
    tcase_add_test(tc, a_status_is_found_or_404);
    tcase_add_test(tc, history_has_pages);
    tcase_add_test(tc, history_asks_for_its_page_and_time);
    tcase_add_test(tc, trouble_is_passed_on);
}
