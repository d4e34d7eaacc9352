/* What the answer to a batch says of each item that was not taken. */
#include <stdio.h>
#include <string.h>

#include "ingest/verdicts.h"
#include "tests/unit/unit.h"

static struct verdicts verdicts;
static struct reading reading;
static struct reading_problems problems;

static void must_write(const char *expected)
{
    struct buf out = {0};
    verdicts_write(&verdicts, &out);
    ck_assert_str_eq(buf_cstr(&out), expected);
    buf_deinit(&out);
}

static void reject(unsigned index, const char *json)
{
    const struct reading_rules rules = {
        .mode = READING_STRICT, .now_ms = 1795255200000, .max_future_skew_ms = 300000};
    ck_assert_int_ne(reading_decode(&reading, span_str(json), &rules, &problems), 0);
    verdicts_reject_reading(&verdicts, index, &problems);
}

START_TEST(nothing_rejected)
{
    must_write("\"accepted\":0,\"rejected\":0");
    verdicts_accept(&verdicts);
    verdicts_accept(&verdicts);
    must_write("\"accepted\":2,\"rejected\":0");
}
END_TEST

START_TEST(each_item_has_index_code_pointer_and_detail)
{
    verdicts_accept(&verdicts);
    reject(3, "{\"device_id\":\"a\",\"humidity\":\"48\"}");
    reject(9, "{oops");
    must_write("\"accepted\":1,\"rejected\":2,\"errors\":["
               "{\"index\":3,\"code\":\"type\",\"pointer\":\"/humidity\","
               "\"detail\":\"humidity must be a number, is a string\"},"
               "{\"index\":9,\"code\":\"syntax\",\"pointer\":\"\","
               "\"detail\":\"the item is not JSON: expected a key in quotes at byte 1\"}]");
}
END_TEST

START_TEST(more_problems_of_one_item_are_counted)
{
    reject(0, "{\"humidity\":\"48\",\"rssi\":1.5}");
    must_write("\"accepted\":0,\"rejected\":1,\"errors\":["
               "{\"index\":0,\"code\":\"type\",\"pointer\":\"/humidity\","
               "\"detail\":\"humidity must be a number, is a string (and 2 more)\"}]");
}
END_TEST

START_TEST(pointers_are_escaped)
{
    const struct verdict why = {
        .index = 1, .code = "type", .field = "a/b~c\"d\\", .detail = "no \"x\""};
    verdicts_reject(&verdicts, &why);
    must_write("\"accepted\":0,\"rejected\":1,\"errors\":[{\"index\":1,\"code\":\"type\","
               "\"pointer\":\"/a~1b~0c\\u0022d\\u005c\",\"detail\":\"no \\\"x\\\"\"}]");
}
END_TEST

START_TEST(the_first_hundred_are_listed)
{
    for (unsigned i = 0; i < VERDICTS_LISTED_MAX + 50; i++)
        verdicts_reject(
            &verdicts,
            &(struct verdict){.index = 2 * i, .code = "type", .field = "", .detail = "no"});
    ck_assert_uint_eq(verdicts.rejected, VERDICTS_LISTED_MAX + 50);
    unsigned listed = 0;
    buf_cstr(&verdicts.errors);
    for (const char *p = verdicts.errors.data; (p = strstr(p, "\"index\":")); p++) {
        unsigned index;
        ck_assert_int_eq(sscanf(p, "\"index\":%u", &index), 1);
        ck_assert_uint_eq(index, 2 * listed++);
    }
    ck_assert_uint_eq(listed, VERDICTS_LISTED_MAX);
}
END_TEST

/* A slot of the pool serves one request after the other. */
START_TEST(cleared_ones_are_as_new)
{
    reject(0, "{oops");
    verdicts_accept(&verdicts);
    verdicts_clear(&verdicts);
    must_write("\"accepted\":0,\"rejected\":0");
}
END_TEST

static void setup(void)
{
    verdicts_clear(&verdicts);
}

static void teardown(void)
{
    verdicts_deinit(&verdicts);
}

UNIT_CASE(verdicts)
{
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, nothing_rejected);
    tcase_add_test(tc, each_item_has_index_code_pointer_and_detail);
    tcase_add_test(tc, more_problems_of_one_item_are_counted);
    tcase_add_test(tc, pointers_are_escaped);
    tcase_add_test(tc, the_first_hundred_are_listed);
    tcase_add_test(tc, cleared_ones_are_as_new);
}
