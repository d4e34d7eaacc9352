/* Documents as JSON: every type that is stored, and what must not be shown. */
#include <math.h>

#include "common/base/json.h"
#include "dashboard/views.h"
#include "tests/unit/unit.h"

static void must_show(void (*view)(struct buf *, const bson_t *), const char *document,
                      const char *expected)
{
    bson_error_t error;
    bson_t *doc = bson_new_from_json((const uint8_t *)document, -1, &error);
    ck_assert_msg(doc != NULL, "%s", error.message);
    struct buf out = {0};
    view(&out, doc);
    ck_assert_str_eq(buf_cstr(&out), expected);
    buf_deinit(&out);
    bson_destroy(doc);
}

START_TEST(a_reading_is_shown_whole_but_for_its_key)
{
    must_show(view_reading,
              "{\"_id\":{\"$oid\":\"690102030405060708090a0b\"},\"device_id\":\"$a.b\","
              "\"ts\":{\"$date\":{\"$numberLong\":\"1795255200123\"}},\"temperature_c\":21.5,"
              "\"battery_level\":87,\"online\":true,\"seq\":{\"$numberLong\":\"42\"},"
              "\"key\":\"secret\",\"origin\":{\"p\":3,\"o\":17}}",
              "{\"_id\":\"690102030405060708090a0b\",\"device_id\":\"$a.b\","
              "\"ts\":\"2026-11-21T10:00:00.123Z\",\"temperature_c\":21.5,\"battery_level\":87,"
              "\"online\":true,\"seq\":42,\"origin\":{\"p\":3,\"o\":17}}");
}
END_TEST

START_TEST(a_window_is_shown_without_its_bookkeeping)
{
    must_show(view_window,
              "{\"_id\":\"humidity/0/d\",\"stddev\":null,\"count\":{\"$numberLong\":\"3\"},"
              "\"src\":{\"p3\":1},\"acc\":[{\"p\":3}],\"rev\":1}",
              "{\"_id\":\"humidity/0/d\",\"stddev\":null,\"count\":3,\"rev\":1}");
}
END_TEST

START_TEST(an_alert_is_shown_with_its_history)
{
    must_show(view_alert,
              "{\"_id\":\"a\",\"outbox\":[1],\"src\":{},\"history\":[{\"by\":\"me\"},[]],\"x\":[]}",
              "{\"_id\":\"a\",\"history\":[{\"by\":\"me\"},[]],\"x\":[]}");
}
END_TEST

START_TEST(an_empty_document_is_an_empty_object)
{
    must_show(view_reading, "{}", "{}");
    must_show(view_reading, "{\"key\":\"k\"}", "{}");
}
END_TEST

static const char last_state[] =
    "{\"_id\":\"dev-1\",\"last_seen\":{\"$date\":{\"$numberLong\":\"1795255201000\"}},"
    "\"battery_level\":12,\"rssi\":-61,\"online\":true,\"status\":{"
    "\"id\":{\"$oid\":\"690102030405060708090a0b\"},"
    "\"timestamp\":{\"$date\":{\"$numberLong\":\"1795255200000\"}},"
    "\"created_at\":{\"$date\":{\"$numberLong\":\"1795255200500\"}}}}";

START_TEST(a_last_state_has_its_views)
{
    must_show(view_device_id, last_state, "\"dev-1\"");
    must_show(view_status, last_state,
              "{\"device_id\":\"dev-1\",\"timestamp\":\"2026-11-21T10:00:00.000Z\","
              "\"battery_level\":12,\"rssi\":-61,\"online\":true,"
              "\"id\":\"690102030405060708090a0b\",\"created_at\":\"2026-11-21T10:00:00.500Z\"}");
    must_show(view_summary, last_state,
              "{\"device_id\":\"dev-1\",\"timestamp\":\"2026-11-21T10:00:00.000Z\","
              "\"last_update\":\"2026-11-21T10:00:01.000Z\",\"battery_level\":12,\"rssi\":-61,"
              "\"online\":true}");
    must_show(view_risk, last_state,
              "{\"device_id\":\"dev-1\",\"battery_level\":12,"
              "\"last_update\":\"2026-11-21T10:00:01.000Z\"}");
}
END_TEST

START_TEST(what_is_not_known_is_null)
{
    must_show(view_risk, "{\"_id\":\"d\"}",
              "{\"device_id\":\"d\",\"battery_level\":null,\"last_update\":null}");
    must_show(view_device_id, "{}", "null");
}
END_TEST

START_TEST(a_past_status_looks_like_a_status)
{
    must_show(view_past_status,
              "{\"_id\":{\"$oid\":\"690102030405060708090a0b\"},\"device_id\":\"d\","
              "\"ts\":{\"$date\":{\"$numberLong\":\"0\"}},\"rssi\":-1}",
              "{\"device_id\":\"d\",\"timestamp\":\"1970-01-01T00:00:00.000Z\","
              "\"battery_level\":null,\"rssi\":-1,\"online\":null,"
              "\"id\":\"690102030405060708090a0b\",\"created_at\":null}");
}
END_TEST

static void must_be_json(const struct buf *b)
{
    struct json_reader r;
    enum json_token t;
    json_reader_init(&r, b->data, b->len);
    do
        t = json_next(&r);
    while (t > JSON_TOKEN_END);
    ck_assert_msg(t == JSON_TOKEN_END, "%.*s", (int)b->len, b->data);
}

/* Whatever else writes into the database: the answer stays JSON. */
START_TEST(foreign_values_stay_json)
{
    bson_t doc = BSON_INITIALIZER;
    struct buf out = {0};
    bson_append_utf8(&doc, "bad", -1, "\xff\xfe", 2);
    bson_append_utf8(&doc, "quote\"\xff", -1, "x", 1);
    BSON_APPEND_DOUBLE(&doc, "nan", NAN);
    BSON_APPEND_DOUBLE(&doc, "inf", INFINITY);
    BSON_APPEND_DATE_TIME(&doc, "far", INT64_MAX);
    BSON_APPEND_DATE_TIME(&doc, "old", INT64_MIN);
    BSON_APPEND_REGEX(&doc, "regex", "a", "i");
    BSON_APPEND_BINARY(&doc, "binary", BSON_SUBTYPE_BINARY, (const uint8_t *)"x", 1);
    BSON_APPEND_UNDEFINED(&doc, "undefined");
    BSON_APPEND_MAXKEY(&doc, "max");
    view_reading(&out, &doc);
    must_be_json(&out);
    buf_deinit(&out);
    bson_destroy(&doc);
}
END_TEST

static void nest(bson_t *doc, int depth)
{
    bson_t child;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "x", &child);
    if (depth > 1)
        nest(&child, depth - 1);
    bson_append_document_end(doc, &child);
}

START_TEST(deep_documents_end)
{
    bson_t doc = BSON_INITIALIZER;
    struct buf out = {0};
    nest(&doc, 60);
    view_reading(&out, &doc);
    must_be_json(&out);
    ck_assert_uint_lt(out.len, 200);
    buf_deinit(&out);
    bson_destroy(&doc);
}
END_TEST

UNIT_CASE(views)
{
    tcase_add_test(tc, a_reading_is_shown_whole_but_for_its_key);
    tcase_add_test(tc, a_window_is_shown_without_its_bookkeeping);
    tcase_add_test(tc, an_alert_is_shown_with_its_history);
    tcase_add_test(tc, an_empty_document_is_an_empty_object);
    tcase_add_test(tc, a_last_state_has_its_views);
    tcase_add_test(tc, what_is_not_known_is_null);
    tcase_add_test(tc, a_past_status_looks_like_a_status);
    tcase_add_test(tc, foreign_values_stay_json);
    tcase_add_test(tc, deep_documents_end);
}
