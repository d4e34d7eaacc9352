/* The listening socket: accepts connections, and waits when the process is out of descriptors. */
#include "common/http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/xmalloc.h"
#include "common/http/address.h"
#include "common/http/connection.h"
#include "common/http/core.h"

enum {
    BACKLOG = 4096,
    ACCEPTS_A_TURN = 64,
    SPARE_CONNECTIONS = 128, /* beyond the limit, only to be told so */
    PAUSE_MS = 100,          /* without descriptors */
    ADDRESS_MAX = 256,
};

struct listener {
    struct http_server *server; /* borrowed */
    int fd;
    uint16_t port;
    struct event *ready, *again;
};

/* False when there is nothing more to accept now. */
static bool accept_one(struct listener *l)
{
    struct http_server *s = l->server;
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof from;
    int fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return errno == EINTR || errno == ECONNABORTED || errno == EPROTO;
    if (s->connected >= s->options.max_connections + SPARE_CONNECTIONS) {
        close(fd);
        return true;
    }
    connection_open(s, fd, &from);
    return true;
}

static bool out_of_resources(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void pause_accepting(struct listener *l)
{
    const struct timeval pause = {.tv_usec = PAUSE_MS * 1000};
    event_add(l->again, &pause);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct listener *l = arg;
    int left = ACCEPTS_A_TURN;
    (void)fd;
    (void)what;
    while (left > 0 && accept_one(l))
        left--;
    /* The socket stays readable while nothing can be accepted: without the pause this spins. */
    if (left > 0 && out_of_resources(errno)) {
        event_del(l->ready);
        pause_accepting(l);
    }
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
    struct listener *l = arg;
    (void)fd;
    (void)what;
    if (event_add(l->ready, NULL) != 0) /* the kernel is still out of memory */
        pause_accepting(l);
}

static int resolve(struct addrinfo **out, const char *address, struct err *e)
{
    char host[ADDRESS_MAX] = "";
    struct span name, port;
    if (!address || !address_split(address, &name, &port) || name.len >= ADDRESS_MAX)
        return err_set(e, ERR_INVALID, "listen address \"%s\" is not HOST:PORT",
                       address ? address : "");
    if (name.len > 0)
        memcpy(host, name.p, name.len); /* all of IPv4 when it is empty */
    struct addrinfo hints = {.ai_family = host[0] ? AF_UNSPEC : AF_INET,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int rc = getaddrinfo(host[0] ? host : NULL, port.p, &hints, out);
    if (rc != 0)
        return err_set(e, ERR_INVALID, "listen address \"%s\": %s", address, gai_strerror(rc));
    return 0;
}

static void set_flag(int fd, int level, int option, int value)
{
    /* Best effort: bind and listen report what matters. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

static int open_socket(const struct addrinfo *a, bool reuse_port)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* accepted sockets inherit it */
    if (reuse_port)
        set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (a->ai_family == AF_INET6)
        set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage at = {0};
    socklen_t len = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        return 0;
    return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
                                          : ((struct sockaddr_in *)&at)->sin_port);
}

int listener_new(struct listener **out, struct http_server *s, const char *address, bool reuse_port,
                 struct err *e)
{
    struct addrinfo *found;
    int rc = resolve(&found, address, e);
    if (rc < 0)
        return rc;
    int fd = open_socket(found, reuse_port);
    freeaddrinfo(found);
    if (fd < 0)
        return err_set(e, ERR_IO, "cannot listen on %s: %s", address, strerror(errno));
    struct listener *l = xcalloc(1, sizeof *l);
    l->server = s;
    l->fd = fd;
    l->port = bound_port(fd);
    l->ready = event_new(s->base, fd, EV_READ | EV_PERSIST, on_ready, l);
    l->again = event_new(s->base, -1, 0, on_again, l);
    if (event_add(l->ready, NULL) != 0) {
        listener_free(l);
        return err_set(e, ERR_IO, "cannot watch for connections on %s: %s", address,
                       strerror(errno));
    }
    *out = l;
    return 0;
}

uint16_t listener_port(const struct listener *l)
{
    return l->port;
}

void listener_free(struct listener *l)
{
    if (!l)
        return;
    event_free(l->ready);
    event_free(l->again);
    close(l->fd);
    free(l);
}
