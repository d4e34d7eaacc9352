/* A yardstick: a bare epoll loop with the least framing that answers 202. Usage: yard_epoll PORT */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 65536, EVENTS = 256, FDS = 65536 };

static const char answer[] = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
                             "Content-Length: 14\r\n\r\n{\"accepted\":1}";

static struct client {
    size_t len;
    char in[BUFFER];
} * clients[FDS];

/* Length of the first request in the buffer; 0 when it is not complete. */
static size_t request_length(const char *p, size_t len)
{
    const char *end = memmem(p, len, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t head = (size_t)(end - p) + 4, body = 0;
    const char *line = p;
    while ((line = memchr(line, '\n', (size_t)(end - line))) != NULL)
        if (strncasecmp(++line, "Content-Length:", 15) == 0)
            body = strtoul(line + 15, NULL, 10);
    return len >= head + body ? head + body : 0;
}

static void on_readable(int fd)
{
    struct client *c = clients[fd];
    char out[BUFFER];
    size_t used = 0, n, made = 0;
    ssize_t got = read(fd, c->in + c->len, sizeof c->in - c->len);
    if (got <= 0) {
        close(fd);
        return;
    }
    c->len += (size_t)got;
    while ((n = request_length(c->in + used, c->len - used)) > 0) {
        used += n;
        if (made + sizeof answer > sizeof out)
            break;
        memcpy(out + made, answer, sizeof answer - 1);
        made += sizeof answer - 1;
    }
    c->len -= used;
    memmove(c->in, c->in + used, c->len);
    if (made > 0 && write(fd, out, made) < 0)
        close(fd);
}

static int listen_on(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 1024) < 0) {
        perror("listen");
        exit(1);
    }
    return fd;
}

static void watch(int loop, int fd)
{
    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    if (argc != 2)
        return fprintf(stderr, "usage: %s PORT\n", argv[0]) < 0 ? 1 : 2;
    signal(SIGPIPE, SIG_IGN); /* a generator goes away with requests open */
    int listener = listen_on((int)strtol(argv[1], NULL, 10)), loop = epoll_create1(0);
    watch(loop, listener);
    for (;;) {
        int n = epoll_wait(loop, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd != listener) {
                on_readable(fd);
            } else if ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0 && fd < FDS) {
                if (!clients[fd])
                    clients[fd] = malloc(sizeof *clients[fd]);
                clients[fd]->len = 0;
                watch(loop, fd);
            }
        }
    }
}
