/* One request on its way through a handler, and its answer on the way back, in order. */
#include "common/http/exchange.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "common/http/connection_state.h"
#include "common/http/core.h"

enum {
    POOL_MAX = 4096,     /* unused exchanges that are kept */
    KEEP_CAP_MAX = 4096, /* memory that an unused exchange keeps in each buffer */
};

/* Distinct for 2^64 calls: an odd multiplier and xor-shifts are bijections (splitmix64). */
static void write_id(char out[HTTP_REQUEST_ID_LEN + 1], uint64_t n)
{
    static const char digits[] = "0123456789abcdef";
    n = (n ^ (n >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    n = (n ^ (n >> 27)) * UINT64_C(0x94d049bb133111eb);
    n ^= n >> 31;
    for (int i = HTTP_REQUEST_ID_LEN - 1; i >= 0; i--, n >>= 4)
        out[i] = digits[n & 15];
    out[HTTP_REQUEST_ID_LEN] = '\0';
}

static struct http_exchange *take_from_pool(struct http_server *s)
{
    struct http_exchange *ex = s->pool;
    if (!ex)
        return xcalloc(1, sizeof *ex);
    s->pool = ex->next;
    s->pooled--;
    return ex;
}

static void exchange_free(struct http_exchange *ex)
{
    buf_deinit(&ex->path);
    buf_deinit(&ex->kept);
    free(ex);
}

static void trim(struct buf *b)
{
    if (b->cap > KEEP_CAP_MAX)
        buf_deinit(b);
    else
        buf_clear(b);
}

static void give_back(struct http_server *s, struct http_exchange *ex)
{
    if (s->pooled == POOL_MAX) {
        exchange_free(ex);
        return;
    }
    trim(&ex->path);
    trim(&ex->kept);
    ex->next = s->pool;
    s->pool = ex;
    s->pooled++;
}

struct http_exchange *exchange_open(struct connection *c, const struct http_head *head,
                                    uint64_t started_ns)
{
    struct http_server *s = c->server;
    struct http_exchange *ex = take_from_pool(s);
    ex->server = s;
    ex->connection = c;
    ex->next = ex->prev = NULL;
    ex->head = head;
    ex->body = (struct span){0};
    ex->method = head ? head->method : HTTP_OTHER;
    ex->minor = head ? head->minor : 1;
    ex->admitted = ex->answered = ex->rendered = ex->endless = ex->ended = false;
    ex->started_ns = started_ns;
    ex->body_bytes = ex->answer_bytes = 0;
    write_id(ex->id, s->next_id);
    s->next_id += UINT64_C(0x9e3779b97f4a7c15);
    *(c->last ? &c->last->next : &c->first) = ex;
    c->last = ex;
    if (!c->front)
        c->front = ex;
    c->unanswered++;
    server_count(&s->in_flight, 1);
    return ex;
}

void exchange_withdraw(struct http_exchange *ex)
{
    struct connection *c = ex->connection;
    struct http_exchange *before = c->first == ex ? NULL : c->first;
    while (before && before->next != ex)
        before = before->next;
    *(before ? &before->next : &c->first) = NULL;
    c->last = before;
    if (c->front == ex)
        c->front = NULL;
    c->unanswered--;
    server_count(&ex->server->in_flight, -1);
    give_back(ex->server, ex);
}

void exchange_keep(struct http_exchange *ex)
{
    if (!ex->answered)
        buf_span(&ex->path, ex->head->path);
    ex->head = NULL;
    ex->body = (struct span){0};
}

static void report(const struct http_exchange *ex)
{
    struct http_server *s = ex->server;
    struct http_report r = {
        .route = ex->match.route ? ex->match.route->path : "unmatched",
        .method = http_method_name(ex->method),
        .status = ex->status,
        .duration_ns = s->now_ns > ex->started_ns ? s->now_ns - ex->started_ns : 0,
        .body_bytes = ex->body_bytes,
        .answer_bytes = ex->answer_bytes,
    };
    if (s->hooks.report)
        s->hooks.report(s->hooks.arg, &r);
}

/* The end of an exchange: nobody points to it any more. */
static void conclude(struct http_exchange *ex)
{
    struct http_server *s = ex->server;
    server_count(&s->in_flight, -1);
    report(ex);
    give_back(s, ex);
}

/* Writes the answer of the exchange at the front into the connection's output. */
static void render(struct http_exchange *ex, const struct http_answer *a)
{
    struct connection *c = ex->connection;
    struct http_server *s = ex->server;
    size_t before = c->out.len;
    bool last = ex == c->last;
    /* A server that leaves says so with the last answer, unless another request is coming in. */
    if (last && (s->draining || s->retiring) && connection_is_between(c))
        c->phase = CONNECTION_CLOSING;
    struct answer_frame frame = {
        .request_id = ex->id,
        .head_only = ex->method == HTTP_HEAD,
        .close = ex->endless || (last && c->phase == CONNECTION_CLOSING),
        .keep_alive = ex->minor == 0,
        .endless = ex->endless,
    };
    ex->answer_bytes = answer_write(&c->out, a, &frame);
    s->buffered += c->out.len - before;
    c->served = true;
    if (ex->endless && !ex->ended)
        c->streaming = true; /* keeps its place at the front */
    else
        exchange_rendered(ex);
}

/* Copies an answer that came before its turn. */
static void keep_answer(struct http_exchange *ex, const struct http_answer *a)
{
    size_t headers = a->headers ? strlen(a->headers) + 1 : 0;
    buf_reserve(&ex->kept, headers + a->body.len);
    buf_append(&ex->kept, a->headers, headers);
    buf_span(&ex->kept, a->body);
    ex->answer = *a;
    ex->answer.headers = headers ? ex->kept.data : NULL;
    ex->answer.body.p = ex->kept.data + headers;
    ex->server->buffered += ex->kept.len;
}

static void render_kept(struct http_exchange *ex)
{
    ex->server->buffered -= ex->kept.len;
    render(ex, &ex->answer);
    trim(&ex->kept);
}

/* All that have been answered up to the first that has not, or that is a stream. */
static void render_kept_ones(struct connection *c)
{
    while (c->front && c->front->answered && !c->streaming)
        render_kept(c->front);
}

void exchange_rendered(struct http_exchange *ex)
{
    struct connection *c = ex->connection;
    ex->end = c->written + connection_pending(c);
    ex->rendered = true;
    c->front = ex->next;
    c->unanswered--;
}

static void unlink_detached(struct http_exchange *ex)
{
    if (ex->prev)
        ex->prev->next = ex->next;
    else
        ex->server->detached = ex->next;
    if (ex->next)
        ex->next->prev = ex->prev;
}

static void reply_to_nobody(struct http_exchange *ex)
{
    if (!ex->server) {
        exchange_free(ex);
        return;
    }
    unlink_detached(ex);
    server_begin_turn(ex->server);
    conclude(ex);
}

void http_reply(struct http_exchange *ex, const struct http_answer *a)
{
    struct connection *c = ex->connection;
    ex->answered = true;
    ex->status = a->status;
    if (!c) {
        reply_to_nobody(ex);
        return;
    }
    server_touch(c);
    if (ex != c->front) {
        keep_answer(ex, a);
        return;
    }
    render(ex, a);
    render_kept_ones(c);
}

void http_reply_problem(struct http_exchange *ex, const struct http_problem *p)
{
    struct http_server *s = ex->server;
    if (!ex->connection) {
        http_reply(ex, &(struct http_answer){.status = p->status});
        return;
    }
    const struct problem_frame frame = {
        .style = ex->match.errors,
        .instance = ex->head ? ex->head->path : buf_view(&ex->path),
        .request_id = ex->id,
    };
    buf_clear(&s->text);
    buf_clear(&s->lines);
    problem_write(&s->text, p, &frame);
    buf_str(&s->lines, "X-Content-Type-Options: nosniff\r\n");
    if (p->retry_after_s > 0)
        buf_printf(&s->lines, "Retry-After: %d\r\n", p->retry_after_s);
    buf_str(&s->lines, p->headers ? p->headers : "");
    http_reply(ex, &(struct http_answer){
                       .status = p->status,
                       .content_type = problem_content_type(frame.style),
                       .body = buf_view(&s->text),
                       .headers = buf_cstr(&s->lines),
                   });
}

void http_reply_error(struct http_exchange *ex, int status, const char *code, const char *detail,
                      int retry_after_s)
{
    http_reply_problem(
        ex, &(struct http_problem){
                .status = status, .code = code, .detail = detail, .retry_after_s = retry_after_s});
}

void exchange_refuse(struct connection *c, const struct http_head *head, int status,
                     const char *code, const char *detail)
{
    struct http_server *s = c->server;
    struct span path = head ? head->path : (struct span){0};
    uint64_t started_ns = c->intake.begun ? c->intake.started_ns : s->now_ns;
    struct http_exchange *ex = exchange_open(c, head, started_ns);
    struct http_problem p = {.status = status, .code = code, .detail = detail};
    http_router_find(s->router, ex->method, path, &ex->match);
    c->phase = CONNECTION_CLOSING;
    c->want_continue = false;
    if (status == 429 || status == 503)
        p.retry_after_s = server_retry_after_s(s);
    http_reply_problem(ex, &p);
    ex->head = NULL;
}

void exchange_delivered(struct connection *c)
{
    while (c->first && c->first->rendered && c->first->end <= c->written) {
        struct http_exchange *ex = c->first;
        c->first = ex->next;
        if (!c->first)
            c->last = NULL;
        bool ends_connection = ex->endless;
        conclude(ex);
        if (ends_connection)
            exchange_abandon(c);
    }
}

static void detach(struct http_exchange *ex)
{
    struct http_server *s = ex->server;
    memcpy(ex->peer, ex->connection->peer, sizeof ex->peer);
    ex->connection = NULL;
    ex->prev = NULL;
    ex->next = s->detached;
    if (s->detached)
        s->detached->prev = ex;
    s->detached = ex;
}

void exchange_abandon(struct connection *c)
{
    struct http_exchange *ex, *next;
    for (ex = c->first; ex; ex = next) {
        next = ex->next;
        if (ex->answered && !ex->rendered)
            ex->server->buffered -= ex->kept.len;
        if (ex->endless && !ex->ended)
            ex->gone(ex->gone_arg);
        if (ex->answered)
            conclude(ex);
        else
            detach(ex);
    }
    c->first = c->last = c->front = NULL;
    c->unanswered = 0;
}

void exchange_server_gone(struct http_server *s)
{
    struct http_exchange *ex, *next;
    for (ex = s->pool; ex; ex = next) {
        next = ex->next;
        exchange_free(ex);
    }
    for (ex = s->detached; ex; ex = next) {
        next = ex->next;
        ex->server = NULL;
    }
    s->pool = s->detached = NULL;
}

const struct http_head *http_exchange_head(const struct http_exchange *ex)
{
    return ex->head;
}

struct span http_exchange_body(const struct http_exchange *ex)
{
    return ex->body;
}

struct span http_exchange_param(const struct http_exchange *ex, unsigned i)
{
    return i < ex->match.params ? ex->match.param[i] : (struct span){0};
}

const struct http_match *http_exchange_match(const struct http_exchange *ex)
{
    return &ex->match;
}

const char *http_exchange_peer(const struct http_exchange *ex)
{
    return ex->connection ? ex->connection->peer : ex->peer;
}

const char *http_exchange_request_id(const struct http_exchange *ex)
{
    return ex->id;
}

bool http_exchange_admitted(const struct http_exchange *ex)
{
    return ex->admitted;
}
