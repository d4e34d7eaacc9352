/* A strict JSON reader (RFC 8259): a small state machine over one byte range, no memory of its own.
 *
 *   VALUE ──scalar──▶ AFTER ──','──▶ VALUE (array) or KEY (object)
 *     │ '{'             ▲ │ '}' ']'
 *     ▼                 │ ▼
 *   FIRST_KEY, FIRST_ITEM, and DONE when the last container is closed */
#include "common/base/json.h"

#include <string.h>

#include "common/base/json_string.h"
#include "common/base/num.h"

enum state {
    STATE_VALUE,      /* a value must come */
    STATE_FIRST_ITEM, /* after '[': a value or ']' */
    STATE_FIRST_KEY,  /* after '{': a key or '}' */
    STATE_AFTER,      /* after a value inside a container */
    STATE_DONE,
    STATE_FAILED,
};

void json_reader_init(struct json_reader *r, const char *json, size_t len)
{
    static const char empty[1] = "";
    const char *start = json ? json : empty; /* so that pointers can be compared and subtracted */
    r->start = r->at = start;
    r->end = start + len;
    r->text = span_of(NULL, 0);
    r->error = NULL;
    r->object_bits = 0;
    r->escaped = false;
    r->depth = r->state = 0;
}

static enum json_token fail(struct json_reader *r, const char *at, const char *why)
{
    r->at = at;
    r->error = why;
    r->state = STATE_FAILED;
    return JSON_TOKEN_ERROR;
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    return p;
}

static enum json_token done_with(struct json_reader *r, const char *at, enum json_token token)
{
    r->at = at;
    r->state = r->depth > 0 ? STATE_AFTER : STATE_DONE;
    return token;
}

static enum json_token open_container(struct json_reader *r, const char *p, bool object)
{
    if (r->depth == JSON_DEPTH_MAX) {
        return fail(r, p, "nested too deeply");
    }
    uint32_t bit = UINT32_C(1) << r->depth++;
    r->object_bits = object ? r->object_bits | bit : r->object_bits & ~bit;
    r->state = object ? STATE_FIRST_KEY : STATE_FIRST_ITEM;
    r->at = p + 1;
    return object ? JSON_TOKEN_OBJECT_BEGIN : JSON_TOKEN_ARRAY_BEGIN;
}

static bool in_object(const struct json_reader *r)
{
    return r->object_bits >> (r->depth - 1) & 1;
}

static enum json_token close_container(struct json_reader *r, const char *p)
{
    enum json_token token = in_object(r) ? JSON_TOKEN_OBJECT_END : JSON_TOKEN_ARRAY_END;
    r->depth--;
    return done_with(r, p + 1, token);
}

static enum json_token read_literal(struct json_reader *r, const char *p, struct span word,
                                    enum json_token token)
{
    if ((size_t)(r->end - p) < word.len || memcmp(p, word.p, word.len) != 0) {
        return fail(r, p, "expected a value");
    }
    return done_with(r, p + word.len, token);
}

static enum json_token read_number(struct json_reader *r, const char *p)
{
    size_t len = num_scan_json(span_of(p, (size_t)(r->end - p)), &r->number);
    if (len == 0) {
        return fail(r, p, "invalid number");
    }
    r->text = span_of(p, len);
    return done_with(r, p + len, JSON_TOKEN_NUMBER);
}

static enum json_token read_value(struct json_reader *r, const char *p)
{
    if (p == r->end) {
        return fail(r, p, r->depth == 0 ? "the document is empty" : "the document is cut short");
    }
    switch (*p) {
    case '"':
        p = json_scan_string(r, p + 1);
        return p ? done_with(r, p, JSON_TOKEN_STRING) : fail(r, r->at, r->error);
    case '{':
        return open_container(r, p, true);
    case '[':
        return open_container(r, p, false);
    case 't':
        return read_literal(r, p, span_of("true", 4), JSON_TOKEN_TRUE);
    case 'f':
        return read_literal(r, p, span_of("false", 5), JSON_TOKEN_FALSE);
    case 'n':
        return read_literal(r, p, span_of("null", 4), JSON_TOKEN_NULL);
    default:
        return *p == '-' || (*p >= '0' && *p <= '9') ? read_number(r, p)
                                                     : fail(r, p, "expected a value");
    }
}

/* A key and its colon; the value comes with the next call. */
static enum json_token read_key(struct json_reader *r, const char *p)
{
    if (p == r->end || *p != '"') {
        return fail(r, p, p == r->end ? "the document is cut short" : "expected a key in quotes");
    }
    p = json_scan_string(r, p + 1);
    if (!p) {
        return fail(r, r->at, r->error);
    }
    p = skip_space(p, r->end);
    if (p == r->end || *p != ':') {
        return fail(r, p, p == r->end ? "the document is cut short" : "expected a colon");
    }
    r->at = p + 1;
    r->state = STATE_VALUE;
    return JSON_TOKEN_KEY;
}

static enum json_token after_value(struct json_reader *r, const char *p)
{
    bool object = in_object(r);
    if (p == r->end) {
        return fail(r, p, "the document is cut short");
    }
    if (*p == ',') {
        p = skip_space(p + 1, r->end);
        return object ? read_key(r, p) : read_value(r, p);
    }
    if (*p == (object ? '}' : ']')) {
        return close_container(r, p);
    }
    return fail(r, p, object ? "expected a comma or }" : "expected a comma or ]");
}

enum json_token json_next(struct json_reader *r)
{
    const char *p = skip_space(r->at, r->end);
    switch ((enum state)r->state) {
    case STATE_VALUE:
        return read_value(r, p);
    case STATE_FIRST_ITEM:
        return p < r->end && *p == ']' ? close_container(r, p) : read_value(r, p);
    case STATE_FIRST_KEY:
        return p < r->end && *p == '}' ? close_container(r, p) : read_key(r, p);
    case STATE_AFTER:
        return after_value(r, p);
    case STATE_DONE:
        r->at = p;
        return p == r->end ? JSON_TOKEN_END : fail(r, p, "more text after the document");
    case STATE_FAILED:
        break;
    }
    return JSON_TOKEN_ERROR;
}

bool json_skip(struct json_reader *r, enum json_token first)
{
    if (first != JSON_TOKEN_OBJECT_BEGIN && first != JSON_TOKEN_ARRAY_BEGIN) {
        return first != JSON_TOKEN_ERROR;
    }
    unsigned outside = r->depth - 1u;
    while (r->depth > outside) {
        if (json_next(r) == JSON_TOKEN_ERROR) {
            return false;
        }
    }
    return true;
}
