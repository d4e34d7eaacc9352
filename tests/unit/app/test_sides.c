/* A daemon with further loops on its port: all of them serve, drain and end together. */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/app/daemon.h"
#include "common/http/handler.h"
#include "tests/unit/unit.h"

enum { LOOPS = 3, CLIENTS = 64, REPLY_AFTER_MS = 50 };

struct party;

/* One loop: what its route gets. */
struct seat {
    struct party *party;
    struct event_base *loop;
    _Atomic unsigned asked;
    struct http_route routes[2];
};

struct party {
    struct daemon *daemon;
    struct seat seat[LOOPS];
    struct daemon_side side[LOOPS - 1];
    void *(*client)(void *party);
    pthread_t thread;
    uint16_t port;
    unsigned max_connections;
    bool side_fails;
    char answer[1024]; /* what the client heard last */
    unsigned served;   /* answers 200 */
};

static void get_seat(struct http_exchange *ex, void *arg)
{
    struct seat *seat = arg;
    atomic_fetch_add(&seat->asked, 1);
    http_reply(ex, &(struct http_answer){.status = 200, .body = span_str("{}")});
}

static void reply_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    http_reply(arg, &(struct http_answer){.status = 200, .body = span_str("{\"late\":1}")});
}

/* Ends the daemon, and is in flight meanwhile. */
static void get_late(struct http_exchange *ex, void *arg)
{
    const struct seat *seat = arg;
    const struct timeval later = {.tv_usec = REPLY_AFTER_MS * 1000};
    kill(getpid(), SIGTERM);
    event_base_once(seat->loop, -1, EV_TIMEOUT, reply_late, ex, &later);
}

static int start_side(void *arg, struct event_base *loop, struct err *e)
{
    struct seat *seat = arg;
    seat->loop = loop;
    return seat->party->side_fails ? err_set(e, ERR_IO, "as the test wishes") : 0;
}

static int start(void *arg, struct daemon *d, struct err *e)
{
    struct party *p = arg;
    (void)e;
    p->seat[0].loop = daemon_loop(d);
    p->port = http_server_port(daemon_server(d));
    if (p->client)
        ck_assert_int_eq(pthread_create(&p->thread, NULL, p->client, p), 0);
    return 0;
}

static void fill(struct party *p)
{
    for (int i = 0; i < LOOPS; i++) {
        struct seat *seat = &p->seat[i];
        seat->party = p;
        seat->routes[0] = (struct http_route){
            .method = HTTP_GET, .path = "/seat", .handler = get_seat, .arg = seat};
        seat->routes[1] = (struct http_route){
            .method = HTTP_GET, .path = "/late", .handler = get_late, .arg = seat};
        if (i > 0)
            p->side[i - 1] =
                (struct daemon_side){.routes = seat->routes, .arg = seat, .start = start_side};
    }
}

/* Runs it until somebody ends it. Returns the exit code. */
static int hold(struct party *p, const char *listen)
{
    struct daemon_settings settings = {.listen = listen,
                                       .log_level = "error",
                                       .drain_ms = 10000,
                                       .http = http_server_defaults("")};
    settings.http.max_connections = p->max_connections ? p->max_connections : 1000;
    fill(p);
    const struct daemon_spec spec = {.name = "weir-test",
                                     .routes = p->seat[0].routes,
                                     .route_count = 2,
                                     .sides = p->side,
                                     .side_count = LOOPS - 1,
                                     .arg = p,
                                     .start = start};
    struct err e = {0};
    ck_assert_msg(daemon_new(&p->daemon, "weir-test", &settings, &e) == 0, "%s", e.message);
    int code = daemon_run(p->daemon, &spec);
    if (p->thread)
        pthread_join(p->thread, NULL);
    daemon_free(p->daemon);
    return code;
}

/* --- clients --- */

static int call(const struct party *p)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(p->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* Sends a request and waits for the answer, or for the end. */
static void ask(struct party *p, int fd, const char *path)
{
    char text[128];
    int len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    ck_assert_int_eq(send(fd, text, (size_t)len, MSG_NOSIGNAL), len);
    ssize_t n = recv(fd, p->answer, sizeof p->answer - 1, 0);
    p->answer[n > 0 ? n : 0] = '\0';
    p->served += strncmp(p->answer, "HTTP/1.1 200", 12) == 0;
}

/* All stay open until each has been answered. */
static void *ask_many(void *arg)
{
    struct party *p = arg;
    int fd[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = call(p);
        ask(p, fd[i], "/seat");
    }
    for (int i = 0; i < CLIENTS; i++)
        close(fd[i]);
    kill(getpid(), SIGTERM);
    return NULL;
}

static void *ask_metrics(void *arg)
{
    struct party *p = arg;
    for (int i = 0; i < CLIENTS; i++) {
        int fd = call(p);
        ask(p, fd, i % 2 ? "/metrics" : "/readyz");
        close(fd);
    }
    kill(getpid(), SIGTERM);
    return NULL;
}

static void *ask_late(void *arg)
{
    struct party *p = arg;
    int fd = call(p);
    ask(p, fd, "/late");
    close(fd);
    return NULL;
}

static void *fail_elsewhere(void *arg)
{
    struct party *p = arg;
    daemon_fail(p->daemon, "a thread has failed (expected in this test)");
    return NULL;
}

START_TEST(every_loop_serves)
{
    struct party p = {.client = ask_many};
    ck_assert_int_eq(hold(&p, "127.0.0.1:0"), 0);
    ck_assert_uint_eq(p.served, CLIENTS);
    unsigned sum = 0;
    for (int i = 0; i < LOOPS; i++) {
        ck_assert_msg(p.seat[i].asked > 0, "loop %d has served nobody", i);
        sum += p.seat[i].asked;
    }
    ck_assert_uint_eq(sum, CLIENTS);
}
END_TEST

START_TEST(every_loop_tells_of_all)
{
    struct party p = {.client = ask_metrics};
    ck_assert_int_eq(hold(&p, "127.0.0.1:0"), 0);
    ck_assert_uint_eq(p.served, CLIENTS);
}
END_TEST

/* Again and again, so that it happens on different loops. */
START_TEST(what_is_in_flight_is_answered_before_the_end)
{
    for (int round = 0; round < 8; round++) {
        struct party p = {.client = ask_late};
        ck_assert_int_eq(hold(&p, "127.0.0.1:0"), 0);
        ck_assert_msg(strstr(p.answer, "{\"late\":1}"), "answer: %s", p.answer);
        ck_assert_msg(strstr(p.answer, "Connection: close"), "answer: %s", p.answer);
    }
}
END_TEST

/* What the options allow is shared out: three connections, one for each loop. */
START_TEST(the_limits_are_for_all_loops_together)
{
    struct party p = {.client = ask_many, .max_connections = LOOPS};
    ck_assert_int_eq(hold(&p, "127.0.0.1:0"), 0);
    ck_assert_uint_eq(p.served, LOOPS);
}
END_TEST

START_TEST(a_side_that_cannot_start_ends_the_daemon)
{
    struct party p = {.side_fails = true};
    ck_assert_int_eq(hold(&p, "127.0.0.1:0"), 1);
}
END_TEST

START_TEST(a_failure_ends_all_loops)
{
    struct party p = {.client = fail_elsewhere};
    ck_assert_int_eq(hold(&p, "127.0.0.1:0"), 1);
}
END_TEST

/* The port is open for these loops and for nobody else. */
START_TEST(a_port_that_others_share_is_not_free)
{
    const int on = 1;
    char listen_at[32];
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(listen_at, sizeof listen_at, "127.0.0.1:%u", ntohs(at.sin_port));
    struct party p = {.client = ask_many};
    ck_assert_int_eq(hold(&p, listen_at), 1);
    close(fd);
}
END_TEST

UNIT_CASE(sides)
{
    tcase_add_test(tc, every_loop_serves);
    tcase_add_test(tc, every_loop_tells_of_all);
    tcase_add_test(tc, what_is_in_flight_is_answered_before_the_end);
    tcase_add_test(tc, the_limits_are_for_all_loops_together);
    tcase_add_test(tc, a_side_that_cannot_start_ends_the_daemon);
    tcase_add_test(tc, a_failure_ends_all_loops);
    tcase_add_test(tc, a_port_that_others_share_is_not_free);
}
