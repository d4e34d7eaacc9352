/* The trace of a request on its way into the records of its readings. */
#include "ingest/tracing.h"

static bool is_field(const struct http_header *h, const char *name)
{
    return h->name.len == strlen(name) && span_ieq(h->name, span_str(name));
}

/* Several fields of one name are one list (RFC 9110, section 5.3). What is too long for `state` is
 * dropped whole: half a list would be another one. */
static void take_state(struct tracing *t, const struct http_head *head)
{
    size_t len = 0;
    for (unsigned i = 0; i < head->headers; i++) {
        const struct http_header *h = &head->header[i];
        if (!is_field(h, "tracestate"))
            continue;
        size_t comma = len > 0;
        if (len + comma + h->value.len > TRACE_STATE_MAX) {
            len = 0;
            break;
        }
        if (comma)
            t->state[len++] = ',';
        if (h->value.len > 0)
            memcpy(t->state + len, h->value.p, h->value.len);
        len += h->value.len;
    }
    t->state[trace_state_valid(span_of(t->state, len)) ? len : 0] = '\0';
}

bool tracing_take(struct tracing *t, const struct http_head *head)
{
    const struct http_header *found = NULL;
    for (unsigned i = 0; i < head->headers; i++) {
        if (!is_field(&head->header[i], "traceparent"))
            continue;
        if (found)
            return false;
        found = &head->header[i];
    }
    if (!found || !trace_parent_parse(found->value, t->parent))
        return false;
    take_state(t, head);
    return true;
}

unsigned tracing_headers(const struct tracing *t, struct kafka_header out[TRACING_HEADERS_MAX])
{
    out[0] = (struct kafka_header){.name = "traceparent", .value = span_str(t->parent)};
    out[1] = (struct kafka_header){.name = "tracestate", .value = span_str(t->state)};
    return t->state[0] ? 2 : 1;
}
