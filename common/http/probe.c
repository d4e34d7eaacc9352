/* --probe: one GET with a deadline, for health checks where nothing else can ask. */
#include "common/http/probe.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STATUS_LINE_MIN = sizeof "HTTP/1.1 200" - 1, REASON_MAX = 160 };

struct probe {
    const struct probe_target *target; /* borrowed */
    const struct clock *clock;         /* borrowed */
    uint64_t until_ms;
    int fd;
    char answer[1024]; /* its beginning; NUL-terminated */
    size_t len;
};

static int unavailable(const struct probe *p, struct err *e)
{
    return err_set(e, ERR_UNAVAILABLE, "cannot ask %s port %u: %s", p->target->host,
                   (unsigned)p->target->port, strerror(errno));
}

/* Numeric only, so this asks no resolver. */
static int begin_connect(struct probe *p, struct err *e)
{
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)p->target->port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *to;
    int rc = getaddrinfo(p->target->host, port, &hints, &to);
    if (rc != 0)
        return err_set(e, ERR_INVALID, "cannot ask %s: %s", p->target->host, gai_strerror(rc));
    p->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool begun =
        p->fd >= 0 && (connect(p->fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EINPROGRESS);
    rc = begun ? 0 : unavailable(p, e);
    freeaddrinfo(to);
    return rc;
}

static int wait_for(struct probe *p, short what, struct err *e)
{
    struct pollfd ready = {.fd = p->fd, .events = what};
    for (;;) {
        uint64_t now = clock_monotonic_ms(p->clock);
        int left = now < p->until_ms ? (int)(p->until_ms - now) : 0;
        int rc = poll(&ready, 1, left);
        if (rc > 0)
            return 0;
        if (rc == 0)
            return err_set(e, ERR_TIMEOUT, "no answer from %s port %u in time", p->target->host,
                           (unsigned)p->target->port);
        if (errno != EINTR)
            return unavailable(p, e);
    }
}

static int end_connect(struct probe *p, struct err *e)
{
    int refused = 0, rc = wait_for(p, POLLOUT, e);
    socklen_t size = sizeof refused;
    if (rc != 0)
        return rc;
    if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &refused, &size) == 0)
        errno = refused;
    return errno == 0 ? 0 : unavailable(p, e);
}

/* It fits into the buffer of a fresh socket, so a short write is an error. */
static int send_request(struct probe *p, struct err *e)
{
    char request[PROBE_PATH_MAX + 256];
    const char *host = p->target->host;
    bool v6 = strchr(host, ':') != NULL;
    int len =
        snprintf(request, sizeof request,
                 "GET %s HTTP/1.1\r\nHost: %s%s%s:%u\r\nUser-Agent: weir-probe\r\n"
                 "Connection: close\r\n\r\n",
                 p->target->path, v6 ? "[" : "", host, v6 ? "]" : "", (unsigned)p->target->port);
    return send(p->fd, request, (size_t)len, MSG_NOSIGNAL) == len ? 0 : unavailable(p, e);
}

/* The status of the answer so far: 0 when it is too short, -1 when it is no HTTP. */
static int status_of(const struct probe *p)
{
    const char *s = p->answer;
    if (p->len < STATUS_LINE_MIN)
        return 0;
    if (strncmp(s, "HTTP/1.", 7) != 0 || s[8] != ' ' || !isdigit((unsigned char)s[9]) ||
        !isdigit((unsigned char)s[10]) || !isdigit((unsigned char)s[11]))
        return -1;
    return (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
}

static bool is_success(int status)
{
    return status >= 200 && status < 300;
}

/* A good status is enough; of another one the body is wanted, which tells the reason. */
static int read_answer(struct probe *p, struct err *e)
{
    while (p->len < sizeof p->answer - 1 && !is_success(status_of(p))) {
        int rc = wait_for(p, POLLIN, e);
        if (rc != 0)
            return rc;
        ssize_t n = recv(p->fd, p->answer + p->len, sizeof p->answer - 1 - p->len, 0);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return unavailable(p, e);
        p->len += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* One line of what the body says, whatever it holds. */
static void reason_of(const struct probe *p, char out[REASON_MAX])
{
    const char *body = strstr(p->answer, "\r\n\r\n");
    snprintf(out, REASON_MAX, "%s", body && body[4] ? body + 4 : "(no body)");
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
}

static int judge(const struct probe *p, struct err *e)
{
    int status = status_of(p);
    if (is_success(status))
        return 0;
    if (status <= 0)
        return err_set(e, ERR_SYNTAX, "%s port %u does not answer in HTTP", p->target->host,
                       (unsigned)p->target->port);
    char reason[REASON_MAX];
    reason_of(p, reason);
    return err_set(e, ERR_FAILED, "%s answered %d: %s", p->target->path, status, reason);
}

int probe_ask(const struct probe_target *t, const struct clock *clock, int64_t deadline_ms,
              struct err *e)
{
    struct probe p = {.target = t, .clock = clock, .fd = -1};
    p.until_ms = clock_monotonic_ms(clock) + (uint64_t)deadline_ms;
    int rc = begin_connect(&p, e);
    if (rc == 0)
        rc = end_connect(&p, e);
    if (rc == 0)
        rc = send_request(&p, e);
    if (rc == 0)
        rc = read_answer(&p, e);
    if (rc == 0)
        rc = judge(&p, e);
    if (p.fd >= 0)
        close(p.fd);
    return rc;
}
