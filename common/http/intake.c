/* Takes requests off a connection's bytes: head, admission, body, handler. */
#include "common/http/intake.h"

#include <stdio.h>

#include "common/http/connection_state.h"
#include "common/http/core.h"
#include "common/http/exchange.h"
#include "common/http/output.h"

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
    exchange_refuse(c, known ? &c->server->head : NULL, status, code, detail);
}

/* Answers what no handler answers. */
static void answer_unrouted(struct http_exchange *ex)
{
    char allow[sizeof ex->match.allow + 16];
    snprintf(allow, sizeof allow, "Allow: %s\r\n", ex->match.allow);
    if (!ex->match.path_known)
        http_reply_problem(ex, &(struct http_problem){.status = 404});
    else if (ex->method == HTTP_OPTIONS)
        http_reply(ex, &(struct http_answer){.status = 204, .headers = allow});
    else
        http_reply_problem(ex, &(struct http_problem){.status = 405, .headers = allow});
}

/* Why no more can be taken on; NULL when it can. `bytes`, `requests`: with what is to be added. */
static const char *overload(const struct http_server *s, size_t bytes, unsigned requests)
{
    if (bytes > s->options.max_buffered_bytes)
        return "too many bytes are waiting in this server";
    return requests > s->options.max_in_flight ? "too many requests are in flight" : NULL;
}

/* Asks the route; false when it has answered. */
static bool ask(struct http_exchange *ex)
{
    const struct http_route *route = ex->match.route;
    if (route)
        return !route->admit || route->admit(ex, route->arg);
    answer_unrouted(ex);
    return false;
}

/* The body is still coming: may it? The budget first, then the route, then the expectation, so
 * that "100 Continue" is a promise that is kept. */
static enum progress admit(struct connection *c, const struct intake_bytes *bytes)
{
    struct http_server *s = c->server;
    struct http_head *h = &s->head;
    const char *why = overload(s, s->buffered - c->held + intake_holds(c), s->in_flight + 1);
    if (why) {
        intake_refuse(c, bytes->p, 503, "overloaded", why);
        return REFUSED;
    }
    struct http_exchange *ex = exchange_open(c, h, c->intake.started_ns);
    http_router_find(s->router, h->method, h->path, &ex->match);
    c->phase = CONNECTION_CLOSING; /* so says a refusal: the body behind it is not read */
    if (!ask(ex)) {
        ex->head = NULL;
        return REFUSED;
    }
    c->phase = CONNECTION_OPEN;
    c->intake.admitted = ex->match.route->admit != NULL;
    exchange_withdraw(ex);
    c->want_continue = h->expect_continue;
    if (c->want_continue)
        server_touch(c);
    return WANTS_MORE;
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
        exchange_refuse(c, &s->head, refusal.status, NULL, refusal.reason);
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

static void handle(struct http_exchange *ex)
{
    struct http_server *s = ex->server;
    const struct http_route *route = ex->match.route;
    const char *why = overload(s, s->buffered, s->in_flight);
    if (!route)
        answer_unrouted(ex);
    else if (why && !route->vital)
        http_reply_error(ex, 503, "overloaded", why, server_retry_after_s(s));
    else
        route->handler(ex, route->arg);
}

/* Hands a complete request to its route. */
static void dispatch(struct connection *c, const char *bytes, bool more)
{
    struct http_server *s = c->server;
    struct http_head *h = &s->head;
    struct http_exchange *ex = exchange_open(c, h, c->intake.started_ns);
    ex->body = span_of(bytes + c->intake.head_bytes, c->intake.body_bytes);
    ex->body_bytes = ex->body.len;
    ex->admitted = c->intake.admitted;
    c->intake = (struct intake){0};
    c->want_continue = false;
    c->more = more;
    http_router_find(s->router, h->method, h->path, &ex->match);
    if (!h->keep_alive || s->draining)
        c->phase = CONNECTION_CLOSING;
    s->handled = true;
    handle(ex);
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
    dispatch(c, bytes->p, bytes->len > *used);
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
