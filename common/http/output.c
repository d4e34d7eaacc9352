/* The way out of a connection: writing what its peer takes, and waiting for a slow one. */
#include "common/http/output.h"

#include <errno.h>
#include <sys/socket.h>

#include "common/http/connection_state.h"
#include "common/http/core.h"

void output_trim(struct buf *b)
{
    if (b->cap > OUTPUT_KEEP_BYTES)
        buf_deinit(b);
    else
        buf_clear(b);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;
    (void)fd;
    (void)what;
    c->can_write = true;
    server_touch(c);
}

/* A peer that takes its answers at the least rate for bodies lives; one that drips does not. */
static void block(struct connection *c, size_t sent)
{
    const struct http_server_options *o = &c->server->options;
    int64_t limit_ms = server_now_ms(c->server) + o->write_deadline_ms;
    int64_t earned_ms = (int64_t)sent * 1000 / o->body_min_rate_bytes_s;
    if (!c->blocked || c->write_until_ms + earned_ms > limit_ms)
        c->write_until_ms = limit_ms;
    else
        c->write_until_ms += earned_ms;
    if (c->blocked)
        return;
    c->blocked = true;
    if (!c->writable)
        c->writable = event_new(c->server->base, c->fd, EV_WRITE | EV_PERSIST, on_writable, c);
    if (event_add(c->writable, NULL) != 0)
        c->phase = CONNECTION_DEAD; /* no memory in the kernel: nobody would tell when to go on */
}

static void unblock(struct connection *c)
{
    if (!c->blocked)
        return;
    c->blocked = false;
    event_del(c->writable);
}

void output_write(struct connection *c)
{
    size_t pending = connection_pending(c);
    ssize_t sent = send(c->fd, c->out.data + c->out_at, pending, MSG_NOSIGNAL);
    c->can_write = false;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        c->phase = CONNECTION_DEAD;
        return;
    }
    size_t n = sent > 0 ? (size_t)sent : 0;
    c->out_at += n;
    c->written += n;
    c->server->buffered -= n;
    if (n == pending) {
        c->out_at = 0;
        output_trim(&c->out);
        unblock(c);
        return;
    }
    if (c->server->buffered > c->server->options.max_buffered_bytes) {
        c->phase = CONNECTION_DEAD; /* memory is short: first go those that do not read */
        return;
    }
    block(c, n);
    if (c->out_at > c->out.len / 2) {
        buf_consume(&c->out, c->out_at);
        c->out_at = 0;
    }
}

/* Only after the answers of earlier requests: this one has no exchange yet. */
void output_promise_continue(struct connection *c)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    c->want_continue = false;
    buf_str(&c->out, line);
    c->server->buffered += sizeof line - 1;
}
