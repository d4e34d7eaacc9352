/* One keep-alive connection: non-blocking connect, send and receive on one libevent event. */
#include "tools/load/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "tools/load/response.h"

enum { READ_STEP = 16 * 1024 };

static void on_event(evutil_socket_t fd, short what, void *self);

void connection_init(struct connection *c, struct event_base *base, struct target *target,
                     connection_done done, void *self)
{
    *c = (struct connection){.base = base, .target = target, .done = done, .self = self, .fd = -1};
}

static void close_socket(struct connection *c)
{
    if (c->events) {
        event_free(c->events);
        c->events = NULL;
    }
    if (c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
    c->state = CONNECTION_CLOSED;
    buf_clear(&c->in);
}

void connection_deinit(struct connection *c)
{
    close_socket(c);
    buf_deinit(&c->in);
    buf_deinit(&c->out);
}

void connection_abort(struct connection *c)
{
    close_socket(c);
}

struct buf *connection_request(struct connection *c)
{
    buf_clear(&c->out);
    return &c->out;
}

static void finish(struct connection *c, struct connection_result result)
{
    c->done(c->self, c, result);
}

static void fail(struct connection *c, enum failure failure, const char *why)
{
    close_socket(c);
    finish(c, (struct connection_result){.failure = failure, .why = why});
}

static void wait_for(struct connection *c, short what)
{
    if (c->events && c->waiting_for == what) {
        return;
    }
    if (!c->events) {
        c->events = event_new(c->base, c->fd, (short)(what | EV_PERSIST), on_event, c);
    } else {
        event_del(c->events);
        event_assign(c->events, c->base, c->fd, (short)(what | EV_PERSIST), on_event, c);
    }
    c->waiting_for = what;
    event_add(c->events, NULL);
}

/* Starts connect(2) to c->trying. 0, or -1 with errno. */
static int open_socket(struct connection *c)
{
    const struct target_address *to = &c->target->address[c->trying];
    c->fd = socket(to->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        return -1;
    }
    int on = 1; /* a request is one send: Nagle could only delay it */
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, (const struct sockaddr *)&to->addr, to->len) != 0 && errno != EINPROGRESS) {
        return -1;
    }
    c->state = CONNECTION_OPENING;
    wait_for(c, EV_WRITE);
    return 0;
}

/* Tries the addresses from the one that worked last; false when none is left, with errno. */
static bool open_next(struct connection *c)
{
    while (c->tried < c->target->addresses) {
        c->trying = (c->target->preferred + c->tried) % c->target->addresses;
        c->tried++;
        if (open_socket(c) == 0) {
            return true;
        }
        int error = errno;
        close_socket(c);
        errno = error;
    }
    return false;
}

/* A failure that is known at once is told from the loop, so that the owner is never re-entered. */
static void fail_later(struct connection *c, int error)
{
    c->state = CONNECTION_OPENING;
    c->events = event_new(c->base, -1, EV_TIMEOUT, on_event, c);
    c->error = error;
    event_active(c->events, EV_TIMEOUT, 0);
}

static void send_more(struct connection *c)
{
    while (c->written < c->out.len) {
        ssize_t n = send(c->fd, c->out.data + c->written, c->out.len - c->written, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            wait_for(c, EV_WRITE);
            return;
        }
        if (n < 0) {
            break; /* reading says why, and there may be an answer already */
        }
        c->written += (size_t)n;
    }
    wait_for(c, EV_READ);
}

void connection_start(struct connection *c)
{
    c->written = 0;
    if (c->state == CONNECTION_IDLE) {
        c->state = CONNECTION_BUSY;
        send_more(c);
        return;
    }
    c->tried = 0;
    if (!open_next(c)) {
        fail_later(c, errno);
    }
}

static void connected(struct connection *c)
{
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        close_socket(c);
        if (!open_next(c)) {
            fail(c, FAILURE_CONNECT, strerror(error));
        }
        return;
    }
    c->target->preferred = c->trying;
    c->state = CONNECTION_BUSY;
    send_more(c);
}

static void answered(struct connection *c, const struct response *response, size_t used)
{
    bool garbage = used < c->in.len; /* more than was asked for: nothing after it can be trusted */
    buf_clear(&c->in);
    c->state = CONNECTION_IDLE;
    if (response->close || garbage) {
        close_socket(c);
    }
    finish(c, (struct connection_result){.status = response->status});
}

static void end_of_stream(struct connection *c, const char *why)
{
    struct response response;
    bool idle = c->state == CONNECTION_IDLE;
    if (idle) {
        close_socket(c);
    } else if (response_parse(&response, c->in.data, c->in.len) == 0 && response.until_close) {
        answered(c, &response, c->in.len);
    } else {
        fail(c, FAILURE_RESET, why);
    }
}

static void receive(struct connection *c)
{
    ssize_t n = recv(c->fd, buf_reserve(&c->in, READ_STEP), READ_STEP, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        end_of_stream(c, n < 0 ? strerror(errno) : "the server closed the connection");
        return;
    }
    if (c->state == CONNECTION_IDLE) { /* an answer to nothing */
        close_socket(c);
        return;
    }
    buf_commit(&c->in, (size_t)n);
    struct response response;
    long used = response_parse(&response, c->in.data, c->in.len);
    if (used < 0) {
        fail(c, FAILURE_PROTOCOL, "the answer is not plain HTTP/1.x");
    } else if (used > 0) {
        answered(c, &response, (size_t)used);
    }
}

static void on_event(evutil_socket_t fd, short what, void *self)
{
    struct connection *c = self;
    (void)fd;
    if (what & EV_TIMEOUT) {
        fail(c, FAILURE_CONNECT, strerror(c->error));
    } else if (c->state == CONNECTION_OPENING) {
        connected(c);
    } else if (what & EV_WRITE) {
        send_more(c);
    } else {
        receive(c);
    }
}
