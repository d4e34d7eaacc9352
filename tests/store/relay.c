/* A TCP relay in front of the store that can cut the line, refuse, or lose the answers. */
#include "tests/store/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINES_MAX = 64, CHUNK = 65536 };

struct line {
    int client, store;
    bool asked_write; /* the last bytes from the client looked like a write command */
};

struct relay {
    int listener;
    struct sockaddr_in store;
    uint16_t port;
    _Atomic int mode;
    _Atomic bool stop;
    pthread_t thread;
    struct line line[LINES_MAX];
    unsigned lines;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

static void drop(struct relay *r, unsigned i)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(r->line[i].client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(r->line[i].client);
    close(r->line[i].store);
    r->line[i] = r->line[--r->lines];
}

static void take_connection(struct relay *r)
{
    int client = accept(r->listener, NULL, NULL);
    if (client < 0)
        return;
    int store = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = r->mode != RELAY_CUT && r->lines < LINES_MAX &&
              connect(store, (struct sockaddr *)&r->store, sizeof r->store) == 0;
    if (ok) {
        r->line[r->lines++] = (struct line){.client = client, .store = store};
        return;
    }
    close(store);
    close(client);
}

static bool pump(int from, int to, char *bytes, ssize_t *len)
{
    *len = read(from, bytes, CHUNK);
    for (ssize_t at = 0; *len > 0 && at < *len;) {
        ssize_t n = write(to, bytes + at, (size_t)(*len - at));
        if (n <= 0)
            return false;
        at += n;
    }
    return *len > 0;
}

static bool is_write(const char *bytes, size_t len)
{
    return memmem(bytes, len, "insert", 6) || memmem(bytes, len, "update", 6);
}

/* False when the line is to be dropped. */
static bool serve(struct relay *r, struct line *line, bool from_client, bool from_store)
{
    static char bytes[CHUNK];
    ssize_t len;
    if (from_client) {
        if (!pump(line->client, line->store, bytes, &len))
            return false;
        line->asked_write |= is_write(bytes, (size_t)len);
    }
    if (!from_store)
        return true;
    if (r->mode == RELAY_LOSE_ANSWER && line->asked_write) {
        r->mode = RELAY_PASS; /* the store has done it, but nobody hears of it */
        return false;
    }
    line->asked_write = false;
    return pump(line->store, line->client, bytes, &len);
}

static void turn(struct relay *r)
{
    struct pollfd fd[1 + 2 * LINES_MAX] = {{.fd = r->listener, .events = POLLIN}};
    unsigned lines = r->lines;
    for (unsigned i = 0; i < lines; i++) {
        fd[1 + 2 * i] = (struct pollfd){.fd = r->line[i].client, .events = POLLIN};
        fd[2 + 2 * i] = (struct pollfd){.fd = r->line[i].store, .events = POLLIN};
    }
    bool frozen = r->mode == RELAY_FREEZE;
    if (poll(fd, frozen ? 0 : 1 + 2 * lines, 10) < 0 || frozen)
        return;
    for (unsigned i = lines; i-- > 0;)
        if (r->mode == RELAY_CUT ||
            !serve(r, &r->line[i], fd[1 + 2 * i].revents, fd[2 + 2 * i].revents))
            drop(r, i);
    if (fd[0].revents)
        take_connection(r);
}

static void *run(void *arg)
{
    struct relay *r = arg;
    while (!r->stop)
        turn(r);
    return NULL;
}

struct relay *relay_new(const char *host, uint16_t port)
{
    struct relay *r = calloc(1, sizeof *r);
    must(r, "calloc");
    r->store = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    must(inet_pton(AF_INET, host, &r->store.sin_addr) == 1, "the relay wants an IPv4 address");
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof own;
    r->listener = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(r->listener, (struct sockaddr *)&own, len) == 0 && listen(r->listener, 64) == 0 &&
             getsockname(r->listener, (struct sockaddr *)&own, &len) == 0,
         "relay");
    r->port = ntohs(own.sin_port);
    must(pthread_create(&r->thread, NULL, run, r) == 0, "pthread_create");
    return r;
}

void relay_free(struct relay *r)
{
    r->stop = true;
    pthread_join(r->thread, NULL);
    while (r->lines)
        drop(r, 0);
    close(r->listener);
    free(r);
}

uint16_t relay_port(const struct relay *r)
{
    return r->port;
}

void relay_set(struct relay *r, enum relay_mode mode)
{
    r->mode = (int)mode;
}
