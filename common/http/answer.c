/* Answers as bytes: status line, headers, body, and the bodies of errors. */
#include "common/http/answer.h"

#include "common/http/status.h"

enum { FIXED_BYTES = 384 }; /* status line and the headers written here, with room to spare */

static char *put(char *at, const char *p, size_t len)
{
    memcpy(at, p, len);
    return at + len;
}

#define PUT(at, literal) put(at, literal, sizeof(literal) - 1)

static char *put_text(char *at, const char *s)
{
    return put(at, s, strlen(s));
}

static char *put_number(char *at, size_t n)
{
    char digits[20];
    size_t i = sizeof digits;
    do
        digits[--i] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    return put(at, digits + i, sizeof digits - i);
}

static bool may_have_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static char *put_status(char *at, int status)
{
    at = PUT(at, "HTTP/1.1 ");
    at = put_number(at, (size_t)status);
    *at++ = ' ';
    at = put_text(at, http_status_text(status));
    return PUT(at, "\r\n");
}

static char *put_entity(char *at, const struct http_answer *a, const char *type, bool endless)
{
    at = PUT(at, "Content-Type: ");
    at = put_text(at, type);
    if (endless)
        return PUT(at, "\r\n");
    at = PUT(at, "\r\nContent-Length: ");
    at = put_number(at, a->body.len);
    return PUT(at, "\r\n");
}

static char *put_connection(char *at, const struct answer_frame *f)
{
    if (f->close)
        return PUT(at, "Connection: close\r\n");
    return f->keep_alive ? PUT(at, "Connection: keep-alive\r\n") : at;
}

static char *put_request_id(char *at, const char *id)
{
    at = PUT(at, "X-Request-Id: ");
    at = put(at, id, HTTP_REQUEST_ID_LEN);
    return PUT(at, "\r\n");
}

size_t answer_write(struct buf *out, const struct http_answer *a, const struct answer_frame *f)
{
    const char *type = a->content_type ? a->content_type : "application/json";
    size_t headers = a->headers ? strlen(a->headers) : 0;
    bool body = may_have_body(a->status);
    char *start = buf_reserve(out, FIXED_BYTES + strlen(type) + headers + a->body.len), *at;
    at = put_status(start, a->status);
    if (body)
        at = put_entity(at, a, type, f->endless);
    if (f->request_id)
        at = put_request_id(at, f->request_id);
    at = put_connection(at, f);
    if (headers > 0)
        at = put(at, a->headers, headers);
    at = PUT(at, "\r\n");
    body = body && !f->head_only && a->body.len > 0;
    if (body)
        at = put(at, a->body.p, a->body.len);
    buf_commit(out, (size_t)(at - start));
    return body ? a->body.len : 0;
}

static void string_member(struct buf *out, const char *name, struct span value)
{
    buf_str(out, name);
    buf_json_string(out, value);
}

/* The words of InfluxDB 2 for a status: its clients show them. */
static const char *influx_code(int status)
{
    static const struct {
        int status;
        const char *code;
    } codes[] = {
        {401, "unauthorized"},       {403, "forbidden"},         {404, "not found"},
        {405, "method not allowed"}, {413, "request too large"}, {422, "unprocessable entity"},
        {429, "too many requests"},  {501, "not implemented"},   {503, "unavailable"},
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].status == status)
            return codes[i].code;
    return status < 500 ? "invalid" : "internal error";
}

/* The styles of older systems: a sentence and hardly more. False: it is none of them. */
static bool write_plain(struct buf *out, int status, struct span detail,
                        enum http_error_style style)
{
    if (style == HTTP_DETAIL) {
        string_member(out, "{\"detail\":", detail);
    } else if (style == HTTP_INFLUX) {
        string_member(out, "{\"code\":", span_str(influx_code(status)));
        string_member(out, ",\"message\":", detail);
    } else if (style == HTTP_INFLUX_1) {
        string_member(out, "{\"error\":", detail);
    } else {
        return false;
    }
    buf_char(out, '}');
    return true;
}

void problem_write(struct buf *out, const struct http_problem *p, const struct problem_frame *f)
{
    const char *code = p->code ? p->code : http_status_code_word(p->status);
    struct span detail = span_str(p->detail ? p->detail : http_status_text(p->status));
    if (write_plain(out, p->status, detail, f->style))
        return;
    /* The type is a page of its own only where the code says more than the status does. */
    buf_str(out, p->code ? "{\"type\":\"/problems/" : "{\"type\":\"about:blank");
    buf_str(out, p->code ? p->code : "");
    string_member(out, "\",\"title\":", span_str(http_status_text(p->status)));
    buf_printf(out, ",\"status\":%d", p->status);
    string_member(out, ",\"detail\":", detail);
    if (f->instance.len > 0)
        string_member(out, ",\"instance\":", f->instance);
    string_member(out, ",\"code\":", span_str(code ? code : "error"));
    string_member(out, ",\"request_id\":", span_str(f->request_id));
    if (p->members.len > 0) {
        buf_char(out, ',');
        buf_span(out, p->members);
    }
    buf_char(out, '}');
}

const char *problem_content_type(enum http_error_style style)
{
    return style == HTTP_PROBLEM ? "application/problem+json" : "application/json";
}
