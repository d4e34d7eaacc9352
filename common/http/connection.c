/* The life of a client's connection: reading, deadlines, and its phases. */
#include "common/http/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/xmalloc.h"
#include "common/http/connection_state.h"
#include "common/http/core.h"
#include "common/http/exchange.h"
#include "common/http/gather.h"
#include "common/http/intake.h"
#include "common/http/output.h"

enum {
    READ_MAX = 256 * 1024, /* bytes of a long body in one read */
    READ_MIN = 16 * 1024,
    LINGER_MS = 2000,
};

static void on_readable(evutil_socket_t fd, short what, void *arg);

static void peer_text(const struct sockaddr_storage *from, char out[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)from;
    const struct sockaddr_in *four = (const struct sockaddr_in *)from;
    out[0] = '\0';
    if (from->ss_family == AF_INET)
        inet_ntop(AF_INET, &four->sin_addr, out, INET6_ADDRSTRLEN);
    else if (from->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, out, INET6_ADDRSTRLEN);
    else if (from->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &six->sin6_addr, out, INET6_ADDRSTRLEN);
}

static void set_dead(struct connection *c)
{
    c->phase = CONNECTION_DEAD;
    server_touch(c);
}

/* Whether what the peer still sends is read only to see it leave. */
static bool discards(const struct connection *c)
{
    return c->phase == CONNECTION_LINGERING || (c->phase == CONNECTION_CLOSING && c->streaming);
}

/* Adds or deletes the read event; no system call when nothing changes. */
static void watch(struct connection *c)
{
    bool takes = c->phase == CONNECTION_OPEN && !c->paused && !c->blocked;
    bool wanted = !c->eof && (takes || discards(c));
    if (wanted == c->watching)
        return;
    c->watching = wanted;
    if (!wanted)
        event_del(c->readable);
    else if (event_add(c->readable, NULL) != 0)
        set_dead(c); /* the kernel is out of memory, and a peer that is not heard would only wait */
}

static int64_t intake_deadline(const struct connection *c)
{
    const struct http_server *s = c->server;
    bool sooner = s->draining && s->intake_until_ms < c->intake.until_ms;
    return sooner ? s->intake_until_ms : c->intake.until_ms;
}

static int64_t deadline_of(const struct connection *c)
{
    const struct http_server *s = c->server;
    if (c->phase == CONNECTION_LINGERING)
        return c->linger_until_ms;
    if (c->blocked)
        return c->write_until_ms;
    if (c->phase == CONNECTION_OPEN && c->intake.begun)
        return intake_deadline(c);
    if (c->first)
        return WHEEL_NEVER;
    return server_now_ms(s) + (c->served ? s->options.idle_ms : s->options.header_deadline_ms);
}

static void set_deadline(struct connection *c)
{
    wheel_set(&c->server->wheel, &c->timer, deadline_of(c));
}

static void refuse_guest(struct connection *c)
{
    char detail[96];
    snprintf(detail, sizeof detail, "your address has %u connections open, and may have no more",
             c->server->options.max_connections_per_address);
    exchange_refuse(c, NULL, 429, "too_many_connections", detail);
}

static void welcome(struct connection *c)
{
    struct http_server *s = c->server;
    if (c->unwelcome)
        refuse_guest(c);
    else if (s->connected - s->lingering > s->options.max_connections)
        exchange_refuse(c, NULL, 503, "too_many_connections", "too many connections are open");
}

void connection_open(struct http_server *s, int fd, const struct sockaddr_storage *from)
{
    struct peer *account = NULL;
    enum peers_verdict verdict = s->peers ? peers_enter(s->peers, from, &account) : PEERS_WELCOME;
    if (verdict == PEERS_IGNORED) {
        close(fd);
        return;
    }
    struct connection *c = xcalloc(1, sizeof *c);
    c->server = s;
    c->fd = fd;
    c->account = account;
    c->unwelcome = verdict == PEERS_REFUSED;
    peer_text(from, c->peer);
    c->readable = event_new(s->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    server_begin_turn(s);
    server_connection_opened(s, c);
    welcome(c);
    watch(c);
    set_deadline(c);
}

void connection_free(struct connection *c)
{
    struct http_server *s = c->server;
    s->buffered -= c->held + connection_pending(c);
    s->lingering -= c->linger_until_ms > 0;
    exchange_abandon(c);
    wheel_remove(&c->timer);
    event_free(c->readable);
    if (c->writable)
        event_free(c->writable);
    close(c->fd);
    if (c->account)
        peers_leave(s->peers, c->account, c->unwelcome);
    server_connection_closed(s, c);
    buf_deinit(&c->in);
    buf_deinit(&c->out);
    free(c);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Keeps what was not consumed: moves it to the front of `in`, out of the scratch buffer if it
 * stands there. */
static void keep_rest(struct connection *c, const struct intake_bytes *bytes, bool in_scratch)
{
    if (in_scratch) {
        buf_append(&c->in, bytes->p, bytes->len);
    } else if (bytes->len == 0) {
        output_trim(&c->in);
    } else {
        c->in.len = (size_t)(bytes->p - c->in.data) + bytes->len;
        buf_consume(&c->in, (size_t)(bytes->p - c->in.data));
    }
}

/* Counts what the connection holds back, and refuses when all of them hold too much. */
static void count_held(struct connection *c)
{
    struct http_server *s = c->server;
    size_t holds = c->in.len > 0 ? intake_holds(c) : 0;
    s->buffered += holds - c->held;
    c->held = holds;
    if (holds == 0 || s->buffered <= s->options.max_buffered_bytes || c->phase != CONNECTION_OPEN)
        return;
    intake_refuse(c, c->in.data, 503, "overloaded", "too many bytes are waiting in this server");
    s->buffered -= holds;
    c->held = 0;
    output_trim(&c->in);
}

static void consume(struct connection *c, struct intake_bytes bytes, bool in_scratch)
{
    server_begin_turn(c->server);
    intake_run(c, &bytes);
    keep_rest(c, &bytes, in_scratch);
    count_held(c);
    watch(c);
    if (!c->touched)
        set_deadline(c);
}

static void on_end_of_stream(struct connection *c)
{
    c->eof = true;
    if (discards(c)) /* who reads a stream does not half-close */
        c->phase = CONNECTION_DEAD;
    watch(c);
    server_touch(c);
}

static void on_bytes(struct connection *c, char *place, size_t n)
{
    if (discards(c))
        return;
    if (place == c->server->scratch) {
        consume(c, (struct intake_bytes){place, n}, true);
        return;
    }
    buf_commit(&c->in, n);
    consume(c, (struct intake_bytes){c->in.data, c->in.len}, false);
}

/* Where the next bytes go: behind what is held back, else into the scratch buffer of all. */
static char *read_place(struct connection *c, size_t *room)
{
    if (c->in.len == 0 || discards(c)) {
        *room = SCRATCH_BYTES;
        return c->server->scratch;
    }
    size_t missing = intake_holds(c) - c->in.len;
    *room = missing > READ_MAX ? READ_MAX : missing > READ_MIN ? missing : READ_MIN;
    return buf_reserve(&c->in, *room);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;
    size_t room;
    (void)what;
    if (c->phase == CONNECTION_DEAD || !c->watching)
        return;
    char *place = read_place(c, &room);
    ssize_t n = read(fd, place, room);
    if (n > 0)
        on_bytes(c, place, (size_t)n);
    else if (n == 0)
        on_end_of_stream(c);
    else if (errno != EAGAIN && errno != EINTR)
        set_dead(c);
    else if (c->server->draining)
        server_touch(c);
}

/* --- the end of a turn ------------------------------------------------------------------------ */

/* Takes the requests that waited until answers were out. */
static void resume(struct connection *c)
{
    /* Half of the queue first, so that reading is not switched on and off with each answer. */
    if (!c->paused || !intake_may(c) || c->unanswered > c->server->options.max_pipelined / 2)
        return;
    consume(c, (struct intake_bytes){c->in.data, c->in.len}, false);
}

/* Nothing is left to do for this client. */
static bool is_finished(const struct connection *c)
{
    if (c->first || connection_pending(c) > 0)
        return false;
    if (c->phase == CONNECTION_CLOSING)
        return true;
    return !c->paused && (c->eof || (c->server->draining && !c->intake.begun));
}

/* Closing at once would send a reset when unread bytes are left, and a reset overtakes the answer:
 * the write side goes first (RFC 9112 section 9.6). */
static void finish(struct connection *c)
{
    if (c->phase != CONNECTION_CLOSING || c->eof) {
        c->phase = CONNECTION_DEAD;
        return;
    }
    shutdown(c->fd, SHUT_WR);
    c->phase = CONNECTION_LINGERING;
    c->server->lingering++;
    c->linger_until_ms = server_now_ms(c->server) + LINGER_MS;
    buf_deinit(&c->in);
    c->server->buffered -= c->held;
    c->held = 0;
    c->intake = (struct intake){0};
}

/* While there is much to do, answers wait one turn for the next ones of their connection: a write
 * costs more than all else that an answer needs. */
static bool may_wait(const struct connection *c)
{
    const struct http_server *s = c->server;
    return s->options.gather && gather_is_busy(s->in_flight) && c->unanswered > 0 && !c->waited &&
           !c->blocked && !c->streaming && c->phase == CONNECTION_OPEN && !s->draining;
}

static void write_answers(struct connection *c)
{
    c->waited = may_wait(c);
    if (c->waited)
        server_put_off(c);
    else
        output_write(c);
}

void connection_settle(struct connection *c)
{
    if (c->want_continue && c->unanswered == 0)
        output_promise_continue(c);
    if (c->phase != CONNECTION_DEAD && connection_pending(c) > 0 && (!c->blocked || c->can_write))
        write_answers(c);
    exchange_delivered(c);
    if (c->phase == CONNECTION_OPEN)
        resume(c);
    if ((c->phase == CONNECTION_OPEN || c->phase == CONNECTION_CLOSING) && is_finished(c))
        finish(c);
    if (c->phase == CONNECTION_DEAD) {
        if (!c->touched) /* else it is freed when its turn comes again */
            connection_free(c);
        return;
    }
    watch(c);
    set_deadline(c);
}

/* A line break behind a body, as old clients send, does not begin a request. */
static bool is_quiet(const struct connection *c)
{
    return !c->first && (!c->intake.begun || (c->in.len <= 2 && c->in.data[0] == '\r'));
}

static void refuse_late(struct connection *c)
{
    if (c->server->draining)
        intake_refuse(c, c->in.data, 503, "stopping", "the server is shutting down");
    else
        intake_refuse(c, c->in.data, 408, NULL, "the request did not come in time");
}

void connection_fire(struct wheel_timer *t)
{
    struct connection *c = (struct connection *)((char *)t - offsetof(struct connection, timer));
    if (c->touched) /* much may have changed in this turn: settling sets a new deadline */
        return;
    if (c->phase == CONNECTION_OPEN && !c->blocked && !is_quiet(c))
        refuse_late(c);
    else
        c->phase = CONNECTION_DEAD;
    server_touch(c);
}

void connection_drain(struct connection *c)
{
    /* What the kernel holds of an idle connection is looked at before it is closed. */
    if (c->watching && c->phase == CONNECTION_OPEN)
        event_active(c->readable, EV_READ, 0);
    else
        server_touch(c);
}
