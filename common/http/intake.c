/* Takes requests off a connection's bytes: head, admission, body, handler. */
#include "common/http/intake.h"

#include <stdio.h>

#include "common/http/connection.h"
#include "common/http/output.h"

static const char OVERLOADED[] = "too many bytes are waiting in this server";

/* What became of a step towards a complete request. */
enum progress { WANTS_MORE, REFUSED, COMPLETE };

bool intake_may(const struct connection *c)
{
    return c->phase == CONNECTION_OPEN && !c->blocked &&
           c->unanswered < c->server->options.max_pipelined &&
           connection_pending(c) < OUTPUT_HIGH_BYTES;
}

size_t intake_holds(const struct connection *c)
{
    const struct intake *in = &c->intake;
    size_t announced = in->framing == HTTP_LENGTH ? in->head_bytes + in->body_bytes : 0;
    return c->in.len > announced ? c->in.len : announced;
}

static void begin(struct connection *c)
{
    struct http_server *s = c->server;
    c->intake.begun = true;
    c->intake.started_ns = s->now_ns;
    c->intake.until_ms = server_now_ms(s) + s->options.header_deadline_ms;
}

static void allow_body_time(struct connection *c)
{
    const struct http_server_options *o = &c->server->options;
    struct intake *in = &c->intake;
    in->until_ms = in->body_from_ms + o->body_deadline_ms +
                   (int64_t)in->body_bytes * 1000 / o->body_min_rate_bytes_s;
}

/* Fills server->head again: other connections have used it since this head came. */
static void parse_again(struct connection *c, const char *bytes)
{
    struct http_server *s = c->server;
    struct http_refusal refusal;
    size_t from = 0;
    (void)http_parse_head(&s->head, bytes, c->intake.head_bytes, &from, &s->options.limits,
                          &refusal);
}

void intake_refuse(struct connection *c, const char *bytes, int status, const char *code,
                   const char *detail)
{
    bool known = c->intake.head_bytes > 0;
    if (known)
        parse_again(c, bytes);
    connection_refuse(c, known ? &c->server->head : NULL, status, code, detail);
}

/* Answers what no handler answers. */
static void answer_unrouted(struct http_exchange *ex)
{
    char allow[sizeof ex->match.allow + 16];
    snprintf(allow, sizeof allow, "Allow: %s\r\n", ex->match.allow);
    if (!ex->match.path_known)
        exchange_fail(ex, &(struct problem){.status = 404}, 0, NULL);
    else if (ex->method == HTTP_OPTIONS)
        http_reply(ex, &(struct http_answer){.status = 204, .headers = allow});
    else
        exchange_fail(ex, &(struct problem){.status = 405}, 0, allow);
}

/* The body is still coming: may it? The budget first, then the expectation, so that "100
 * Continue" is a promise that is kept. */
static enum progress admit(struct connection *c, const struct intake_bytes *bytes)
{
    struct http_server *s = c->server;
    struct http_head *h = &s->head;
    struct http_match match;
    if (s->buffered - c->held + intake_holds(c) > s->options.max_buffered_bytes) {
        intake_refuse(c, bytes->p, 503, "overloaded", OVERLOADED);
        return REFUSED;
    }
    if (!h->expect_continue)
        return WANTS_MORE;
    http_router_find(s->router, h->method, h->path, &match);
    if (match.route) {
        c->want_continue = true;
        connection_touch(c);
        return WANTS_MORE;
    }
    struct http_exchange *ex = exchange_open(c, h, c->intake.started_ns);
    ex->match = match;
    c->phase = CONNECTION_CLOSING; /* whether the body comes after this answer is not known */
    answer_unrouted(ex);
    ex->head = NULL;
    return REFUSED;
}

static enum progress take_head(struct connection *c, const struct intake_bytes *bytes)
{
    struct http_server *s = c->server;
    struct intake *in = &c->intake;
    struct http_refusal refusal;
    long n =
        http_parse_head(&s->head, bytes->p, bytes->len, &in->from, &s->options.limits, &refusal);
    if (n == 0)
        return WANTS_MORE;
    if (n < 0) {
        connection_refuse(c, &s->head, refusal.status, NULL, refusal.reason);
        return REFUSED;
    }
    in->head_bytes = (size_t)n;
    in->framing = s->head.framing;
    in->body_bytes = in->framing == HTTP_LENGTH ? (size_t)s->head.content_length : 0;
    in->body_from_ms = server_now_ms(s);
    return COMPLETE;
}

/*  [ head | body decoded so far | chunks as they came | the next request ... ]
 *          ^ head_bytes          ^ raw
 */
static enum progress take_chunks(struct connection *c, struct intake_bytes *bytes, size_t *used)
{
    struct intake *in = &c->intake;
    struct http_refusal refusal;
    size_t raw = in->head_bytes + in->body_bytes;
    bool done = false;
    while (raw < bytes->len && !done) {
        struct span data;
        long n = http_chunked_next(&in->chunked, bytes->p + raw, bytes->len - raw, &data, &done,
                                   &refusal);
        if (n < 0) {
            intake_refuse(c, bytes->p, refusal.status, NULL, refusal.reason);
            return REFUSED;
        }
        if (in->body_bytes + data.len > c->server->options.limits.body_bytes) {
            intake_refuse(c, bytes->p, 413, NULL, "body larger than the limit");
            return REFUSED;
        }
        if (data.len > 0)
            memmove(bytes->p + in->head_bytes + in->body_bytes, data.p, data.len);
        in->body_bytes += data.len;
        raw += (size_t)n;
    }
    *used = raw;
    if (done)
        return COMPLETE;
    bytes->len = in->head_bytes + in->body_bytes;
    allow_body_time(c);
    return WANTS_MORE;
}

static enum progress take_body(struct connection *c, struct intake_bytes *bytes, size_t *used)
{
    struct intake *in = &c->intake;
    if (in->framing == HTTP_CHUNKED)
        return take_chunks(c, bytes, used);
    *used = in->head_bytes + in->body_bytes;
    return bytes->len >= *used ? COMPLETE : WANTS_MORE;
}

/* Hands a complete request to its route. */
static void dispatch(struct connection *c, const char *bytes)
{
    struct http_server *s = c->server;
    struct http_head *h = &s->head;
    struct http_exchange *ex = exchange_open(c, h, c->intake.started_ns);
    ex->body = span_of(bytes + c->intake.head_bytes, c->intake.body_bytes);
    ex->body_bytes = ex->body.len;
    c->intake = (struct intake){0};
    c->want_continue = false;
    http_router_find(s->router, h->method, h->path, &ex->match);
    if (!h->keep_alive || s->draining)
        c->phase = CONNECTION_CLOSING;
    s->handled = true;
    if (!ex->match.route)
        answer_unrouted(ex);
    else if (s->buffered > s->options.max_buffered_bytes)
        http_reply_error(ex, 503, "overloaded", OVERLOADED, RETRY_AFTER_S);
    else
        ex->match.route->handler(ex, ex->match.route->arg);
    exchange_keep(ex);
}

/* One request: the bytes it used when it was handled, 0 when it is not complete. */
static enum progress take_request(struct connection *c, struct intake_bytes *bytes, size_t *used)
{
    struct intake *in = &c->intake;
    bool head_is_new = in->head_bytes == 0;
    enum progress progress = COMPLETE;
    if (!in->begun)
        begin(c);
    if (head_is_new)
        progress = take_head(c, bytes);
    if (progress == COMPLETE) {
        progress = take_body(c, bytes, used);
        if (progress == WANTS_MORE && head_is_new) {
            allow_body_time(c);
            progress = admit(c, bytes);
        }
    }
    if (progress != COMPLETE)
        return progress;
    if (!head_is_new)
        parse_again(c, bytes->p);
    dispatch(c, bytes->p);
    return COMPLETE;
}

void intake_run(struct connection *c, struct intake_bytes *bytes)
{
    size_t used;
    c->paused = false;
    while (bytes->len > 0 && intake_may(c)) {
        switch (take_request(c, bytes, &used)) {
        case WANTS_MORE:
            return;
        case REFUSED:
            bytes->len = 0;
            return;
        case COMPLETE:
            bytes->p += used;
            bytes->len -= used;
        }
    }
    if (c->phase != CONNECTION_OPEN)
        bytes->len = 0; /* what follows the last request is not looked at */
    c->paused = bytes->len > 0;
}
