/* Two servers of one process on one port, each with a loop and a thread of its own. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/http/stage.h"
#include "tests/unit/unit.h"

enum { WORKERS = 2, CLIENTS = 32, ROUNDS = 25, ID_LEN = 16, ANSWERS = CLIENTS * ROUNDS };

struct worker {
    struct event_base *base;
    struct http_server *server;
    struct event *heartbeat;
    pthread_t thread;
    unsigned handled;
};

static struct http_router *router; /* shared, read-only */
static atomic_bool stopping;
static _Thread_local struct worker *self;

static void answer_with_id(struct http_exchange *ex, void *arg)
{
    (void)arg;
    self->handled++;
    if (http_exchange_param(ex, 0).len > 1)
        http_reply_error(ex, 503, "full", "an error, for its buffers", 1);
    else
        http_reply(ex, &(struct http_answer){
                           .status = 200, .body = span_of(http_exchange_request_id(ex), ID_LEN)});
}

static bool admit(struct http_exchange *ex, void *arg)
{
    (void)arg;
    return http_exchange_peer(ex)[0] != '\0';
}

static const struct http_route routes[] = {
    {.method = HTTP_POST, .path = "/id/{n}", .handler = answer_with_id, .admit = admit},
};

static void on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    (void)fd;
    (void)what;
    if (atomic_load(&stopping))
        event_base_loopbreak(w->base);
}

static void *run(void *arg)
{
    self = arg;
    event_base_dispatch(self->base);
    return NULL;
}

static void start_worker(struct worker *w, uint16_t port)
{
    const struct timeval period = {.tv_usec = 5000};
    char listen[32];
    struct err e = {0};
    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    struct http_server_options o = http_server_defaults(listen);
    o.reuse_port = true;
    o.max_connections_per_address = CLIENTS;
    w->base = event_base_new();
    w->heartbeat = event_new(w->base, -1, EV_PERSIST, on_heartbeat, w);
    event_add(w->heartbeat, &period);
    int rc = http_server_new(&w->server, w->base, router, &o, NULL, clock_system(), &e);
    ck_assert_msg(rc == 0, "%s", e.message);
}

static void free_worker(struct worker *w)
{
    http_server_free(w->server);
    event_free(w->heartbeat);
    event_base_free(w->base);
}

static int dial(uint16_t port)
{
    const struct timeval patience = {.tv_sec = 10};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

/* The whole answer: its head, and as much body as it announces. */
static bool is_whole(const struct buf *got)
{
    const char *end = got->len ? memmem(got->data, got->len, "\r\n\r\n", 4) : NULL;
    const char *length = end ? memmem(got->data, got->len, "Content-Length: ", 16) : NULL;
    if (!length)
        return false;
    return got->len >= (size_t)(end + 4 - got->data) + strtoul(length + 16, NULL, 10);
}

/* One request and its answer. The answer's id goes to `id`. */
static void ask(int fd, const char *request, char id[ID_LEN])
{
    struct buf got = {0};
    ck_assert_int_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    while (!is_whole(&got)) {
        ssize_t n = recv(fd, buf_reserve(&got, 4096), 4096, 0);
        ck_assert_int_gt(n, 0);
        buf_commit(&got, (size_t)n);
    }
    const char *at = memmem(got.data, got.len, "X-Request-Id: ", 14);
    ck_assert_ptr_nonnull(at);
    memcpy(id, at + 14, ID_LEN);
    buf_deinit(&got);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, ID_LEN);
}

static void must_be_distinct(char (*ids)[ID_LEN])
{
    qsort(ids, ANSWERS, ID_LEN, compare);
    for (int i = 1; i < ANSWERS; i++)
        ck_assert_int_ne(memcmp(ids[i - 1], ids[i], ID_LEN), 0);
}

START_TEST(serves_one_port_from_two_threads)
{
    static char ids[ANSWERS][ID_LEN];
    struct worker workers[WORKERS] = {0};
    int fds[CLIENTS];
    atomic_store(&stopping, false);
    router = http_router_new(routes, 1);
    start_worker(&workers[0], 0);
    uint16_t port = http_server_port(workers[0].server);
    start_worker(&workers[1], port);
    for (int i = 0; i < WORKERS; i++)
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = dial(port);
    for (int i = 0; i < ANSWERS; i++)
        ask(fds[i % CLIENTS],
            i % 3 ? "POST /id/1 HTTP/1.1\r\nHost: a\r\n\r\n"
                  : "POST /id/22 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
            ids[i]);
    atomic_store(&stopping, true);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    /* The kernel spreads connections by a hash: all 32 to one side is once in 2^31. */
    ck_assert_uint_gt(workers[0].handled, 0);
    ck_assert_uint_gt(workers[1].handled, 0);
    ck_assert_uint_eq(workers[0].handled + workers[1].handled, ANSWERS);
    must_be_distinct(ids);
    for (int i = 0; i < WORKERS; i++)
        free_worker(&workers[i]);
    http_router_free(router);
}
END_TEST

UNIT_CASE(workers)
{
    tcase_add_test(tc, serves_one_port_from_two_threads);
}
