/* Bodies with many readings: where each begins and ends, and what is refused as a whole. */
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/json.h"
#include "ingest/batch.h"
#include "tests/unit/unit.h"

enum { MANY = 10000 };

static struct batch batch;
static struct err error;

static struct span trimmed(struct span s)
{
    while (s.len > 0 && strchr(" \t\r\n", s.p[0]))
        s = span_of(s.p + 1, s.len - 1);
    while (s.len > 0 && strchr(" \t\r\n", s.p[s.len - 1]))
        s.len--;
    return s;
}

/* `expected`: the items, each as "index:text" and a bar. */
static void must_be(int rc, const char *body, const char *expected)
{
    struct buf found = {0};
    ck_assert_msg(rc == 0, "%s: %s", body, error.message);
    for (unsigned i = 0; i < batch.items; i++) {
        buf_printf(&found, "%u:", batch.item[i].index);
        buf_span(&found, trimmed(batch.item[i].json));
        buf_char(&found, '|');
    }
    ck_assert_str_eq(buf_cstr(&found), expected);
    buf_deinit(&found);
}

static void must_cut_array(const char *body, const char *expected)
{
    err_clear(&error);
    must_be(batch_of_array(&batch, span_str(body), MANY, &error), body, expected);
}

static void must_cut_lines(const char *body, const char *expected)
{
    err_clear(&error);
    must_be(batch_of_lines(&batch, span_str(body), MANY, &error), body, expected);
}

static void must_refuse_array(const char *body, const char *why)
{
    err_clear(&error);
    ck_assert_int_eq(batch_of_array(&batch, span_str(body), MANY, &error), ERR_SYNTAX);
    ck_assert_msg(strstr(error.message, why), "%s: %s", body, error.message);
}

START_TEST(arrays)
{
    must_cut_array("[]", "");
    must_cut_array(" [ ] ", "");
    must_cut_array("[{\"a\":1}]", "0:{\"a\":1}|");
    must_cut_array("[{\"a\":[1,2]},{\"b\":{\"c\":3}}]", "0:{\"a\":[1,2]}|1:{\"b\":{\"c\":3}}|");
    must_cut_array("[ {} , {}\n,\t{} ]\n", "0:{}|1:{}|2:{}|");
    must_cut_array("[1,-2.5e3,\"a,b\",\"\\\"],[\",true,false,null,[],[1,2]]",
                   "0:1|1:-2.5e3|2:\"a,b\"|3:\"\\\"],[\"|4:true|5:false|6:null|7:[]|8:[1,2]|");
}
END_TEST

START_TEST(arrays_with_any_mistake_are_refused_as_a_whole)
{
    must_refuse_array("[{\"a\":1},{\"a\":}]", "expected a value at byte 14");
    must_refuse_array("[{},]", "expected a value at byte 4");
    must_refuse_array("[{} {}]", "expected a comma or ] at byte 4");
    must_refuse_array("[{}", "cut short at byte 3");
    must_refuse_array("[", "cut short at byte 1");
    must_refuse_array("[{}]x", "more text after the document at byte 4");
    must_refuse_array("[{}][{}]", "more text after the document at byte 4");
    must_refuse_array("[\"\xff\"]", "UTF-8");
    must_refuse_array("", "empty");
    must_refuse_array("{}", "no JSON array");
    must_refuse_array("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "nested too deeply");
}
END_TEST

START_TEST(lines)
{
    must_cut_lines("", "");
    must_cut_lines("\n\r\n \t\n", "");
    must_cut_lines("{}", "0:{}|");
    must_cut_lines("{}\n", "0:{}|");
    must_cut_lines("{}\r\n{ }\r\n", "0:{}|1:{ }|");
    must_cut_lines("\n{}\n\n  \n[]\n{oops\n", "1:{}|4:[]|5:{oops|");
    must_cut_lines("\xff\n{}", "0:\xff|1:{}|");
}
END_TEST

/* `count` times "1" and the separator, in the brackets. */
static struct span numbers(struct buf *out, const char *open, char separator, unsigned count)
{
    buf_clear(out);
    buf_str(out, open);
    for (unsigned i = 0; i < count; i++) {
        buf_char(out, '1');
        if (separator == '\n' || i + 1 < count)
            buf_char(out, separator);
    }
    buf_str(out, open[0] ? "]" : "");
    return buf_view(out);
}

START_TEST(no_more_than_allowed)
{
    struct buf body = {0};
    ck_assert_int_eq(batch_of_array(&batch, numbers(&body, "[", ',', MANY), MANY, NULL), 0);
    ck_assert_uint_eq(batch.items, MANY);
    ck_assert_uint_eq(batch.item[MANY - 1].index, MANY - 1);
    ck_assert_int_eq(batch_of_array(&batch, numbers(&body, "[", ',', MANY + 1), MANY, NULL),
                     ERR_TOO_LARGE);
    ck_assert_int_eq(batch_of_lines(&batch, numbers(&body, "", '\n', MANY), MANY, NULL), 0);
    ck_assert_uint_eq(batch.items, MANY);
    err_clear(&error);
    ck_assert_int_eq(batch_of_lines(&batch, numbers(&body, "", '\n', MANY + 1), MANY, &error),
                     ERR_TOO_LARGE);
    ck_assert_str_eq(error.message, "a request may hold at most 10000 readings");
    buf_deinit(&body);
}
END_TEST

/* The number of a line must fit a ticket of a delivery. */
START_TEST(blank_lines_are_limited_too)
{
    static char text[BATCH_LINES_MAX + 1];
    memset(text, '\n', sizeof text);
    text[BATCH_LINES_MAX - 1] = '1';
    ck_assert_int_eq(batch_of_lines(&batch, span_of(text, BATCH_LINES_MAX), MANY, NULL), 0);
    ck_assert_uint_eq(batch.items, 1);
    ck_assert_uint_eq(batch.item[0].index, BATCH_LINES_MAX - 1);
    text[BATCH_LINES_MAX - 1] = '\n';
    err_clear(&error);
    ck_assert_int_eq(batch_of_lines(&batch, span_of(text, sizeof text), MANY, &error),
                     ERR_TOO_LARGE);
    ck_assert_str_eq(error.message, "a request may hold at most 65535 lines");
}
END_TEST

/* Each span alone is the document that it was inside. */
START_TEST(items_are_documents_of_their_own)
{
    const char *body = " [ {\"a\" : \"]},{\" } ,[ ], \"\\u0041\" ,-0.1e1,true , null]";
    ck_assert_int_eq(batch_of_array(&batch, span_str(body), MANY, NULL), 0);
    ck_assert_uint_eq(batch.items, 6);
    for (unsigned i = 0; i < batch.items; i++) {
        struct json_reader r;
        json_reader_init(&r, batch.item[i].json.p, batch.item[i].json.len);
        ck_assert(json_skip(&r, json_next(&r)));
        ck_assert_int_eq(json_next(&r), JSON_TOKEN_END);
    }
}
END_TEST

static void teardown(void)
{
    batch_deinit(&batch);
}

UNIT_CASE(batch)
{
    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_add_test(tc, arrays);
    tcase_add_test(tc, arrays_with_any_mistake_are_refused_as_a_whole);
    tcase_add_test(tc, lines);
    tcase_add_test(tc, no_more_than_allowed);
    tcase_add_test(tc, blank_lines_are_limited_too);
    tcase_add_test(tc, items_are_documents_of_their_own);
}
