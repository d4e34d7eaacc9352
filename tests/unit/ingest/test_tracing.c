/* Which trace a request brings, by its header fields. */
#include "ingest/tracing.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/unit.h"

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define OTHER  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static struct tracing tracing;

static bool take(const char *fields)
{
    static char bytes[4096];
    static struct http_head head;
    static const struct http_limits limits = {
        .request_line_bytes = 1024, .head_bytes = 4096, .body_bytes = 1024};
    struct http_refusal refusal;
    size_t from = 0;
    int len = snprintf(bytes, sizeof bytes, "POST / HTTP/1.1\r\nHost: h\r\n%s\r\n", fields);
    ck_assert_msg(http_parse_head(&head, bytes, (size_t)len, &from, &limits, &refusal) > 0, "%s",
                  fields);
    return tracing_take(&tracing, &head);
}

static void must_take(const char *fields, const char *parent, const char *state)
{
    struct kafka_header header[TRACING_HEADERS_MAX];
    ck_assert_msg(take(fields), "%s", fields);
    unsigned count = tracing_headers(&tracing, header);
    ck_assert_uint_eq(count, state ? 2 : 1);
    ck_assert_str_eq(header[0].name, "traceparent");
    ck_assert(span_is(header[0].value, parent));
    if (state) {
        ck_assert_str_eq(header[1].name, "tracestate");
        ck_assert_msg(span_is(header[1].value, state), "%.*s", (int)header[1].value.len,
                      header[1].value.p);
    }
}

START_TEST(a_trace_is_taken_over)
{
    must_take("traceparent: " PARENT "\r\n", PARENT, NULL);
    must_take("TraceParent:" PARENT "\r\ntracestate: a=1\r\n", PARENT, "a=1");
    must_take("tracestate: a=1\r\nX: y\r\ntracestate: b=2,c=3\r\ntraceparent: " PARENT "\r\n",
              PARENT, "a=1,b=2,c=3");
}
END_TEST

START_TEST(no_trace_without_one_good_traceparent)
{
    ck_assert(!take(""));
    ck_assert(!take("tracestate: a=1\r\n"));
    ck_assert(!take("traceparent: " PARENT "x\r\n"));
    ck_assert(!take("traceparent: " PARENT "\r\ntraceparent: " OTHER "\r\n"));
    ck_assert(!take("traceparent: " PARENT ", " OTHER "\r\n"));
}
END_TEST

START_TEST(a_bad_tracestate_is_left_out)
{
    char fields[2048];
    must_take("traceparent: " PARENT "\r\ntracestate: nonsense\r\n", PARENT, NULL);
    must_take("traceparent: " PARENT "\r\ntracestate: a=1\r\ntracestate: a=2\r\n", PARENT, NULL);
    must_take("traceparent: " PARENT "\r\ntracestate:\r\n", PARENT, NULL);
    snprintf(fields, sizeof fields,
             "traceparent: %s\r\ntracestate: a=%0250d\r\ntracestate: b=%0250d"
             "\r\ntracestate: c=%0250d\r\n",
             PARENT, 1, 1, 1);
    must_take(fields, PARENT, NULL);
}
END_TEST

UNIT_CASE(tracing)
{
    tcase_add_test(tc, a_trace_is_taken_over);
    tcase_add_test(tc, no_trace_without_one_good_traceparent);
    tcase_add_test(tc, a_bad_tracestate_is_left_out);
}
