/* What the service manager is told, on a real socket. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/app/daemon.h"
#include "common/app/notify.h"
#include "tests/unit/app/loaded.h"
#include "tests/unit/unit.h"

/* --- the manager's side --- */

struct manager {
    int fd;
    char *path;
};

static struct manager manager_new(void)
{
    struct manager m = {.path = temporary_file("")};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    unlink(m.path);
    memcpy(at.sun_path, m.path, strlen(m.path) + 1);
    m.fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_eq(bind(m.fd, (struct sockaddr *)&at, sizeof at), 0);
    return m;
}

static void manager_free(struct manager *m)
{
    close(m->fd);
    unlink(m->path);
    free(m->path);
}

/* Everything was sent before: an empty socket is the end. */
static void must_be_told(const struct manager *m, const char *beginning)
{
    char text[512];
    ssize_t n = recv(m->fd, text, sizeof text - 1, MSG_DONTWAIT);
    ck_assert_msg(n > 0, "nothing more was told, expected %s", beginning);
    text[n] = '\0';
    ck_assert_msg(strncmp(text, beginning, strlen(beginning)) == 0, "told %s, expected %s", text,
                  beginning);
}

static void must_be_told_no_more(const struct manager *m)
{
    char text[512];
    ck_assert_int_eq(recv(m->fd, text, sizeof text, MSG_DONTWAIT), -1);
}

/* --- messages --- */

START_TEST(a_status_is_told_when_it_changes)
{
    struct manager m = manager_new();
    struct notify n;
    ck_assert_int_eq(notify_init(&n, m.path, NULL), 0);
    notify_status(&n, "waits for kafka");
    notify_status(&n, "waits for kafka");
    notify_status(&n, "ready");
    must_be_told(&m, "WATCHDOG=1\nSTATUS=waits for kafka");
    must_be_told(&m, "WATCHDOG=1");
    must_be_told(&m, "WATCHDOG=1\nSTATUS=ready");
    must_be_told_no_more(&m);
    notify_deinit(&n);
    manager_free(&m);
}
END_TEST

START_TEST(an_abstract_name_has_no_nul)
{
    char name[64];
    snprintf(name, sizeof name, "@weir-unit-%ld", (long)getpid());
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path + 1, name + 1, strlen(name) - 1);
    struct manager m = {.fd = socket(AF_UNIX, SOCK_DGRAM, 0)};
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    ck_assert_int_eq(bind(m.fd, (struct sockaddr *)&at, len), 0);
    struct notify n;
    ck_assert_int_eq(notify_init(&n, name, NULL), 0);
    notify_ready(&n);
    must_be_told(&m, "READY=1");
    notify_deinit(&n);
    close(m.fd);
}
END_TEST

static void must_refuse(const char *address)
{
    struct notify n;
    struct err e = {0};
    ck_assert_int_eq(notify_init(&n, address, &e), ERR_INVALID);
    ck_assert_ptr_nonnull(strstr(e.message, "NOTIFY_SOCKET"));
    notify_ready(&n); /* to nobody */
    notify_deinit(&n);
}

START_TEST(an_address_that_is_none_is_refused)
{
    char longest[sizeof((struct sockaddr_un *)0)->sun_path + 1];
    memset(longest, '/', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    must_refuse("vsock:2:1234");
    must_refuse("run/notify");
    must_refuse("/");
    must_refuse(longest);
}
END_TEST

START_TEST(without_a_manager_nothing_is_sent)
{
    struct notify n;
    ck_assert_int_eq(notify_init(&n, NULL, NULL), 0);
    ck_assert_int_eq(n.fd, -1);
    ck_assert_int_eq(notify_init(&n, "", NULL), 0);
    ck_assert_int_eq(n.fd, -1);
    notify_stopping(&n, "SIGTERM");
    notify_deinit(&n);
}
END_TEST

/* --- the life of a daemon, as the manager sees it --- */

static int hup_at_start(void *arg, struct daemon *d, struct err *e)
{
    (void)arg;
    (void)d;
    (void)e;
    return kill(getpid(), SIGHUP);
}

static void term_at_reload(void *arg, struct daemon *d)
{
    (void)arg;
    (void)d;
    kill(getpid(), SIGTERM);
}

START_TEST(a_life_is_told)
{
    struct manager m = manager_new();
    const struct daemon_settings settings = {.listen = "127.0.0.1:0",
                                             .log_level = "error",
                                             .notify_socket = m.path,
                                             .drain_ms = 10000,
                                             .http = http_server_defaults("")};
    const struct daemon_spec spec = {
        .name = "weir-test", .start = hup_at_start, .reload = term_at_reload};
    struct daemon *d;
    ck_assert_int_eq(daemon_new(&d, "weir-test", &settings, NULL), 0);
    must_be_told_no_more(&m);
    ck_assert_int_eq(daemon_run(d, &spec), 0);
    daemon_free(d);
    must_be_told(&m, "READY=1");
    must_be_told(&m, "RELOADING=1\nMONOTONIC_USEC=");
    must_be_told(&m, "READY=1");
    must_be_told(&m, "STOPPING=1\nSTATUS=finishing what was begun (SIGTERM)");
    must_be_told_no_more(&m);
    manager_free(&m);
}
END_TEST

START_TEST(a_start_that_fails_is_never_ready)
{
    struct manager m = manager_new();
    const struct daemon_settings settings = {.listen = "127.0.0.1:99999",
                                             .log_level = "error",
                                             .notify_socket = m.path,
                                             .drain_ms = 10000,
                                             .http = http_server_defaults("")};
    const struct daemon_spec spec = {.name = "weir-test"};
    struct daemon *d;
    ck_assert_int_eq(daemon_new(&d, "weir-test", &settings, NULL), 0);
    ck_assert_int_eq(daemon_run(d, &spec), 1);
    daemon_free(d);
    must_be_told_no_more(&m);
    manager_free(&m);
}
END_TEST

UNIT_CASE(notify)
{
    tcase_add_test(tc, a_status_is_told_when_it_changes);
    tcase_add_test(tc, an_abstract_name_has_no_nul);
    tcase_add_test(tc, an_address_that_is_none_is_refused);
    tcase_add_test(tc, without_a_manager_nothing_is_sent);
    tcase_add_test(tc, a_life_is_told);
    tcase_add_test(tc, a_start_that_fails_is_never_ready);
}
