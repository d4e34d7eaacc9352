/* --probe: what can be asked, and what each answer means. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/probe.h"
#include "tests/unit/unit.h"

static void must_parse(const char *text, const char *listen, const char *host, unsigned port,
                       const char *path)
{
    struct probe_target t;
    struct err e = {0};
    ck_assert_msg(probe_target_parse(&t, text, listen, &e) == 0, "%s: %s", text, e.message);
    ck_assert_str_eq(t.host, host);
    ck_assert_uint_eq(t.port, port);
    ck_assert_str_eq(t.path, path);
}

static void must_not_parse(const char *text, const char *why)
{
    struct probe_target t;
    struct err e = {0};
    ck_assert_msg(probe_target_parse(&t, text, "8001", &e) == ERR_INVALID, "%s", text);
    ck_assert_msg(strstr(e.message, why), "%s: %s", text, e.message);
}

START_TEST(targets)
{
    must_parse("http://127.0.0.1:8001/healthz", "", "127.0.0.1", 8001, "/healthz");
    must_parse("http://localhost:8001/readyz?x=1", "", "127.0.0.1", 8001, "/readyz?x=1");
    must_parse("http://127.0.0.1", "", "127.0.0.1", 80, "/");
    must_parse("http://[::1]:9/", "", "::1", 9, "/");
    must_parse("http://[::1]/a", "", "::1", 80, "/a");
    must_parse("/healthz", "0.0.0.0:8001", "127.0.0.1", 8001, "/healthz");
    must_parse("/healthz", "8001", "127.0.0.1", 8001, "/healthz");
    must_parse("/healthz", ":8001", "127.0.0.1", 8001, "/healthz");
    must_parse("/healthz", "[::]:8001", "::1", 8001, "/healthz");
    must_parse("/healthz", "10.0.0.7:80", "10.0.0.7", 80, "/healthz");
}
END_TEST

START_TEST(targets_that_are_none)
{
    must_not_parse("", "http://ADDRESS:PORT/PATH");
    must_not_parse("healthz", "http://ADDRESS:PORT/PATH");
    must_not_parse("https://127.0.0.1:8001/", "http://ADDRESS:PORT/PATH");
    must_not_parse("http://", "numeric address or localhost");
    must_not_parse("http://weir.example:8001/", "numeric address or localhost");
    must_not_parse("http://127.0.0.1:0/", "port from 1 to 65535");
    must_not_parse("http://127.0.0.1:65536/", "port from 1 to 65535");
    must_not_parse("http://127.0.0.1:8001/a b", "without spaces");
    must_not_parse("/a\r\nX: y", "without spaces");
    char path[PROBE_PATH_MAX + 1];
    memset(path, '/', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    must_not_parse(path, "longer than 511 bytes");
    char host[200] = "http://";
    memset(host + 7, '1', 180);
    must_not_parse(host, "numeric address or localhost");
}
END_TEST

/* --- asked of a real socket --- */

struct peer {
    int listener;
    struct probe_target target;
    const char *answer; /* NULL: accepts and says nothing until it is closed */
    bool bytewise;
    char request[512];
    pthread_t thread;
};

static void *answer_once(void *arg)
{
    struct peer *p = arg;
    int fd = accept(p->listener, NULL, NULL);
    ssize_t n = recv(fd, p->request, sizeof p->request - 1, 0);
    p->request[n > 0 ? n : 0] = '\0';
    size_t len = p->answer ? strlen(p->answer) : 0, step = p->bytewise || !len ? 1 : len;
    for (size_t at = 0; at < len; at += step)
        if (send(fd, p->answer + at, step, MSG_NOSIGNAL) < 0)
            break;
    if (!p->answer)
        (void)recv(fd, p->request, 1, 0); /* until the probe gives up */
    close(fd);
    return NULL;
}

static void peer_listen(struct peer *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(p->listener, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(p->listener, 1), 0);
    ck_assert_int_eq(getsockname(p->listener, (struct sockaddr *)&at, &len), 0);
    p->target = (struct probe_target){.host = "127.0.0.1", .port = ntohs(at.sin_port)};
    snprintf(p->target.path, sizeof p->target.path, "/readyz");
}

static int ask(struct peer *p, int64_t deadline_ms, struct err *e)
{
    struct clock clock = clock_system();
    peer_listen(p);
    ck_assert_int_eq(pthread_create(&p->thread, NULL, answer_once, p), 0);
    int rc = probe_ask(&p->target, &clock, deadline_ms, e);
    pthread_join(p->thread, NULL);
    close(p->listener);
    return rc;
}

static void must_answer(const char *answer, bool bytewise, int code, const char *sentence)
{
    struct peer p = {.answer = answer, .bytewise = bytewise};
    struct err e = {0};
    int rc = ask(&p, 10000, &e);
    ck_assert_msg(rc == code, "%s: %d %s", answer, rc, e.message);
    ck_assert_msg(strstr(e.message, sentence), "%s: %s", answer, e.message);
    ck_assert_ptr_nonnull(strstr(p.request, "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(p.request, "\r\nConnection: close\r\n\r\n"));
}

START_TEST(answers)
{
    must_answer("HTTP/1.1 200 OK\r\n\r\n{}", false, 0, "");
    must_answer("HTTP/1.1 200 OK\r\n\r\n{}", true, 0, "");
    must_answer("HTTP/1.0 204 No Content\r\n\r\n", false, 0, "");
    must_answer("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":\n\"not ready\"}", true,
                ERR_FAILED, "/readyz answered 503: {\"status\": \"not ready\"}");
    must_answer("HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", false, ERR_FAILED,
                "answered 301: (no body)");
    must_answer("SSH-2.0-OpenSSH_9.2\r\n", false, ERR_SYNTAX, "does not answer in HTTP");
    must_answer("HTTP/1.1 2", false, ERR_SYNTAX, "does not answer in HTTP");
    must_answer("", false, ERR_SYNTAX, "does not answer in HTTP");
}
END_TEST

START_TEST(silence_ends_at_the_deadline)
{
    struct peer p = {.answer = NULL};
    struct err e = {0};
    ck_assert_int_eq(ask(&p, 30, &e), ERR_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(e.message, "no answer from 127.0.0.1 port"));
}
END_TEST

START_TEST(a_closed_port_is_told)
{
    struct peer p = {.answer = NULL};
    struct clock clock = clock_system();
    struct err e = {0};
    peer_listen(&p);
    close(p.listener);
    ck_assert_int_eq(probe_ask(&p.target, &clock, 10000, &e), ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(e.message, strerror(ECONNREFUSED)));
}
END_TEST

UNIT_CASE(probe)
{
    tcase_add_test(tc, targets);
    tcase_add_test(tc, targets_that_are_none);
    tcase_add_test(tc, answers);
    tcase_add_test(tc, silence_ends_at_the_deadline);
    tcase_add_test(tc, a_closed_port_is_told);
}
