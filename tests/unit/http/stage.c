/* A server on a loop of its own, clients on loopback, and a clock that the test moves. */
#include "tests/unit/http/stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/num.h"
#include "common/base/xmalloc.h"
#include "common/http/core.h"

static void echo(struct http_exchange *ex, void *arg)
{
    struct stage *s = arg;
    s->handled++;
    http_reply(ex, &(struct http_answer){.status = 200,
                                         .content_type = "text/plain",
                                         .body = http_exchange_body(ex),
                                         .headers = "X-Echo: yes\r\n"});
}

static void later(struct http_exchange *ex, void *arg)
{
    struct stage *s = arg;
    s->handled++;
    ck_assert_uint_lt(s->holding, STAGE_HELD_MAX);
    s->held[s->holding++] = ex;
}

static void big(struct http_exchange *ex, void *arg)
{
    struct stage *s = arg;
    int64_t n = 0;
    s->handled++;
    if (!num_parse_i64(http_exchange_param(ex, 0), 0, 1 << 28, &n)) {
        http_reply_error(ex, 422, "no_number", "bytes is no number", 0);
        return;
    }
    char *bytes = xmalloc((size_t)n + 1);
    memset(bytes, 'b', (size_t)n);
    http_reply(ex, &(struct http_answer){.status = 200, .body = span_of(bytes, (size_t)n)});
    free(bytes);
}

static void unavailable(struct http_exchange *ex, void *arg)
{
    struct stage *s = arg;
    s->handled++;
    http_reply_error(ex, 503, "queue_full", "the \"queue\" is full", 7);
}

static void at_turn(struct http_exchange *ex, void *arg)
{
    struct stage *s = arg;
    s->handled++;
    ck_assert_uint_lt(s->waiting, STAGE_HELD_MAX);
    s->for_turn[s->waiting++] = ex;
}

static void pulse(struct http_exchange *ex, void *arg)
{
    (void)arg;
    http_reply(ex, &(struct http_answer){.status = 200, .body = span_str("{}")});
}

static bool may_come(struct http_exchange *ex, void *arg)
{
    struct stage *s = arg;
    s->asked++;
    if (!s->refuse)
        return true;
    http_reply_problem(ex, s->refuse);
    return false;
}

enum { ROUTES = 7 };

/* The argument of a route is its stage, so each stage has rows of its own. */
static const struct http_route *routes_for(struct stage *s)
{
    static struct http_route routes[ROUTES];
    const struct http_route rows[ROUTES] = {
        {.method = HTTP_POST, .path = "/echo", .handler = echo, .arg = s},
        {.method = HTTP_POST,
         .path = "/later",
         .handler = later,
         .arg = s,
         .errors = HTTP_DETAIL,
         .admit = may_come},
        {.method = HTTP_POST, .path = "/slow", .handler = later, .arg = s, .admit = may_come},
        {.method = HTTP_GET, .path = "/big/{bytes}", .handler = big, .arg = s},
        {.method = HTTP_GET, .path = "/fail/{code}", .handler = unavailable, .arg = s},
        {.method = HTTP_POST, .path = "/turn", .handler = at_turn, .arg = s},
        {.method = HTTP_GET, .path = "/pulse", .handler = pulse, .arg = s, .vital = true},
    };
    memcpy(routes, rows, sizeof routes);
    return routes;
}

static void on_report(void *arg, const struct http_report *r)
{
    struct stage *s = arg;
    if (s->reports < STAGE_REPORTS_MAX)
        s->report[s->reports] = *r;
    s->reports++;
}

static void on_turn(void *arg)
{
    struct stage *s = arg;
    s->turns++;
    while (s->waiting > 0)
        http_reply(s->for_turn[--s->waiting],
                   &(struct http_answer){.status = 202, .body = span_str("{\"turn\":1}")});
}

static int64_t wall_ms(void *self)
{
    return (int64_t)(((struct stage *)self)->now_ns / 1000000);
}

static uint64_t monotonic_ns(void *self)
{
    return ((struct stage *)self)->now_ns;
}

static void on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

uint64_t clock_now_ms(void)
{
    struct clock clock = clock_system();
    return clock_monotonic_ms(&clock);
}

struct http_server_options stage_options(void)
{
    struct http_server_options o = http_server_defaults("127.0.0.1:0");
    o.limits.body_bytes = 1000000;
    return o;
}

void stage_init(struct stage *s, const struct http_server_options *options)
{
    const struct timeval period = {.tv_usec = 5000};
    struct http_server_options o = options ? *options : stage_options();
    struct err e = {0};
    memset(s, 0, sizeof *s);
    s->now_ns = UINT64_C(5000000000);
    s->base = event_base_new();
    s->router = http_router_new(routes_for(s), ROUTES);
    s->heartbeat = event_new(s->base, -1, EV_PERSIST, on_heartbeat, NULL);
    event_add(s->heartbeat, &period);
    struct http_server_hooks hooks = {.arg = s, .report = on_report, .turn = on_turn};
    struct clock clock = {.self = s, .wall_ms = wall_ms, .monotonic_ns = monotonic_ns};
    int rc = http_server_new(&s->server, s->base, s->router, &o, &hooks, clock, &e);
    ck_assert_msg(rc == 0, "%s", e.message);
}

/* Its clients are gone: what was counted must have been given back. */
static void check_accounts(struct stage *s)
{
    stage_until(s, http_server_connections(s->server) == 0);
    ck_assert_uint_eq(s->server->buffered, 0);
    ck_assert_uint_eq(s->server->lingering, 0);
}

void stage_deinit(struct stage *s)
{
    if (s->server)
        check_accounts(s);
    http_server_free(s->server);
    http_router_free(s->router);
    event_free(s->heartbeat);
    event_base_free(s->base);
}

void stage_advance(struct stage *s, int64_t ms)
{
    s->now_ns += (uint64_t)ms * 1000000;
}

void stage_turn(struct stage *s)
{
    event_base_loop(s->base, EVLOOP_ONCE);
}

void client_init(struct client *c, struct stage *s)
{
    client_init_from(c, s, "127.0.0.1");
}

void client_init_from(struct client *c, struct stage *s, const char *address)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(address)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(http_server_port(s->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    memset(c, 0, sizeof *c);
    c->stage = s;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(c->fd, 0);
    const int at_once = 1; /* so that a byte sent alone travels alone */
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    ck_assert_int_eq(bind(c->fd, (struct sockaddr *)&from, sizeof from), 0);
    ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&to, sizeof to), 0);
    ck_assert_int_eq(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
}

void client_deinit(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    buf_deinit(&c->got);
}

void client_send_bytes(struct client *c, const void *bytes, size_t len)
{
    const char *p = bytes;
    uint64_t end = clock_now_ms() + 10000;
    while (len > 0) {
        ssize_t n = send(c->fd, p, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return; /* the server has closed: what it said is looked at by the test */
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        } else {
            ck_assert(clock_now_ms() < end);
            stage_turn(c->stage);
        }
    }
}

void client_send(struct client *c, const char *text)
{
    client_send_bytes(c, text, strlen(text));
}

void client_shutdown(struct client *c)
{
    shutdown(c->fd, SHUT_WR);
}

void client_reset(struct client *c)
{
    struct linger hard = {.l_onoff = 1};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(c->fd);
    c->fd = -1;
}

void client_poll(struct client *c)
{
    while (!c->eof) {
        char *at = buf_reserve(&c->got, 65536);
        ssize_t n = recv(c->fd, at, 65536, 0);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n > 0) {
            buf_commit(&c->got, (size_t)n);
            continue;
        }
        c->eof = true;
        c->reset = n < 0;
    }
}

bool client_has(struct client *c, const char *text)
{
    client_poll(c);
    return c->got.len > 0 && memmem(c->got.data, c->got.len, text, strlen(text)) != NULL;
}

bool client_closed(struct client *c)
{
    client_poll(c);
    return c->eof;
}

const char *got_header(const struct got_answer *a, const char *name)
{
    static char value[256];
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
    const char *at = memmem(a->head.data, a->head.len, wanted, strlen(wanted));
    value[0] = '\0';
    if (!at)
        return value;
    at += strlen(wanted);
    size_t n = 0;
    while (at[n] != '\r' && n + 1 < sizeof value)
        n++;
    memcpy(value, at, n);
    value[n] = '\0';
    return value;
}

/* Takes the next answer if it is complete. */
static bool take(struct client *c, struct got_answer *a, bool head_only)
{
    client_poll(c);
    const char *end = c->got.len ? memmem(c->got.data, c->got.len, "\r\n\r\n", 4) : NULL;
    if (!end)
        return false;
    size_t head = (size_t)(end - c->got.data) + 4;
    int64_t body = 0;
    buf_clear(&a->head);
    buf_append(&a->head, c->got.data, head);
    const char *length = got_header(a, "Content-Length");
    if (length[0] && !head_only)
        ck_assert(num_parse_i64(span_str(length), 0, INT64_MAX, &body));
    if (c->got.len < head + (size_t)body)
        return false;
    ck_assert_int_eq(memcmp(a->head.data, "HTTP/1.1 ", 9), 0);
    a->status =
        (a->head.data[9] - '0') * 100 + (a->head.data[10] - '0') * 10 + (a->head.data[11] - '0');
    buf_clear(&a->body);
    buf_append(&a->body, c->got.data + head, (size_t)body);
    buf_consume(&c->got, head + (size_t)body);
    return true;
}

static void expect(struct client *c, struct got_answer *a, int status, bool head_only)
{
    uint64_t end = clock_now_ms() + 10000;
    while (!take(c, a, head_only)) {
        ck_assert_msg(!c->eof, "closed instead of answered with %d", status);
        ck_assert_msg(clock_now_ms() < end, "no answer (%d expected)", status);
        stage_turn(c->stage);
    }
    ck_assert_int_eq(a->status, status);
}

void client_expect(struct client *c, struct got_answer *a, int status)
{
    expect(c, a, status, false);
}

void client_expect_head(struct client *c, struct got_answer *a, int status)
{
    expect(c, a, status, true);
}

void client_expect_end(struct client *c)
{
    stage_until(c->stage, client_closed(c));
    ck_assert_msg(!c->reset, "reset");
    ck_assert_msg(c->got.len == 0, "unexpected: %.*s", (int)c->got.len, c->got.data);
}

void got_deinit(struct got_answer *a)
{
    buf_deinit(&a->head);
    buf_deinit(&a->body);
}

bool got_retry_after(const struct got_answer *a)
{
    const char *value = got_header(a, "Retry-After");
    return strlen(value) == 1 && value[0] >= '1' && value[0] <= '5';
}

bool got_body_is(const struct got_answer *a, const char *text)
{
    return span_is(buf_view(&a->body), text);
}
