/* The life of a daemon, and what it says about itself on the way. */
#include <arpa/inet.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/app/daemon.h"
#include "common/app/dependency_watch.h"
#include "common/app/health.h"
#include "tests/unit/unit.h"

/* --- health, without a loop --- */

struct dependency {
    bool ready;
    const char *why;
};

static bool dependency_ready(void *arg, char *why, size_t why_size)
{
    const struct dependency *d = arg;
    snprintf(why, why_size, "%s", d->why);
    return d->ready;
}

static struct dependency kafka = {true, ""}, store = {true, ""};
static const struct daemon_check checks[] = {{"kafka", &kafka, dependency_ready},
                                             {"mongo", &store, dependency_ready}};

static void describe(void *arg, struct buf *json)
{
    (void)arg;
    buf_str(json, ",\"x\":1");
}

static struct daemon_spec health_spec = {.name = "weir-test", .checks = checks, .check_count = 2};
static _Atomic enum daemon_phase phase;

static struct health health_of(struct clock *clock)
{
    *clock = clock_system();
    return (struct health){.spec = &health_spec, .phase = &phase, .clock = clock};
}

static void must_say(int status, const char *body)
{
    struct clock clock;
    struct health h = health_of(&clock);
    struct buf out = {0};
    ck_assert_int_eq(health_write_readyz(&h, &out), status);
    ck_assert_str_eq(buf_cstr(&out), body);
    buf_deinit(&out);
}

START_TEST(readyz_names_what_is_missing)
{
    phase = DAEMON_RUNNING;
    must_say(200, "{\"status\":\"ready\"}");
    kafka = (struct dependency){false, "no \"broker\""};
    must_say(503, "{\"status\":\"not ready\",\"dependencies\":{\"kafka\":{\"ready\":false,"
                  "\"reason\":\"no \\\"broker\\\"\"},\"mongo\":{\"ready\":true}}}");
    kafka = (struct dependency){true, ""};
    health_spec.describe = describe;
    must_say(200, "{\"status\":\"ready\",\"x\":1}");
    phase = DAEMON_DRAINING;
    must_say(503, "{\"status\":\"not ready\",\"reason\":\"draining\",\"dependencies\":{\"kafka\":"
                  "{\"ready\":true},\"mongo\":{\"ready\":true}},\"x\":1}");
    health_spec.describe = NULL;
}
END_TEST

START_TEST(health_is_json_with_version_and_dependencies)
{
    struct clock clock;
    struct health h = health_of(&clock);
    struct buf out = {0};
    phase = DAEMON_RUNNING;
    kafka = (struct dependency){false, "away"};
    ck_assert_int_eq(health_write_health(&h, &out), 503);
    json_t *doc = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(doc);
    ck_assert(json_is_false(json_object_get(doc, "ok")));
    ck_assert_str_eq(json_string_value(json_object_get(doc, "service")), "weir-test");
    ck_assert(json_is_string(json_object_get(doc, "version")));
    json_t *deps = json_object_get(doc, "dependencies");
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(deps, "kafka"), "reason")),
                     "away");
    json_decref(doc);
    buf_deinit(&out);
    kafka = (struct dependency){true, ""};
}
END_TEST

START_TEST(openmetrics_only_when_asked_for)
{
    ck_assert(health_wants_openmetrics(
        span_str("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")));
    ck_assert(!health_wants_openmetrics(span_str("text/plain")));
    ck_assert(!health_wants_openmetrics(span_str("*/*")));
    ck_assert(!health_wants_openmetrics(span_of(NULL, 0)));
}
END_TEST

START_TEST(changes_of_dependencies_are_told_once)
{
    int fd[2];
    char text[4096];
    ck_assert_int_eq(pipe(fd), 0);
    struct log *log = log_new(fd[1], "weir-test", LOG_INFO, LOG_FORMAT_JSON);
    struct metrics *metrics = metrics_new();
    struct dependency_watch w;
    dependency_watch_init(&w, checks, 2, log, metrics);
    kafka = (struct dependency){false, "away"};
    for (uint64_t second = 1; second <= 5; second++)
        dependency_watch_turn(&w, second * 1000);
    ck_assert_double_eq(metric_value(w.up, METRIC_LABELS("kafka")), 0);
    kafka = (struct dependency){true, ""};
    for (uint64_t second = 6; second <= 9; second++)
        dependency_watch_turn(&w, second * 1000);
    ck_assert_double_eq(metric_value(w.up, METRIC_LABELS("kafka")), 1);
    dependency_watch_deinit(&w);
    metrics_free(metrics);
    log_free(log);
    close(fd[1]);
    ssize_t n = read(fd[0], text, sizeof text - 1);
    close(fd[0]);
    text[n > 0 ? n : 0] = '\0';
    unsigned lines = 0;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    ck_assert_msg(lines == 3, "%s", text); /* kafka down, mongo up, kafka up */
    ck_assert_ptr_nonnull(strstr(text, "\"dependency_down\",\"dependency\":\"kafka\",\"reason\":"
                                       "\"away\"}"));
    ck_assert_ptr_nonnull(strstr(text, "\"dependency\":\"kafka\",\"down_seconds\":5}"));
}
END_TEST

/* --- a whole daemon --- */

struct life {
    struct daemon *daemon;
    void (*begin)(struct life *life); /* when it has started */
    unsigned starts, drains, reloads, posts;
    bool fails_to_start;
    enum daemon_phase phase_in_drain;
    pthread_t thread;
};

static int life_start(void *arg, struct daemon *d, struct err *e)
{
    struct life *life = arg;
    life->starts++;
    if (life->fails_to_start)
        return err_set(e, ERR_IO, "as the test wishes");
    ck_assert_int_eq(daemon_phase(d), DAEMON_STARTING);
    ck_assert_uint_gt(http_server_port(daemon_server(d)), 0);
    if (life->begin)
        life->begin(life);
    return 0;
}

static void life_drain(void *arg, struct daemon *d)
{
    struct life *life = arg;
    life->drains++;
    life->phase_in_drain = daemon_phase(d);
    daemon_drained(d);
}

static void life_reload(void *arg, struct daemon *d)
{
    struct life *life = arg;
    life->reloads++;
    (void)d;
    kill(getpid(), SIGTERM);
}

/* Runs a daemon that logs errors only, on a port of its own. */
static int live_within(struct life *life, int64_t drain_ms)
{
    struct daemon_settings settings = {.listen = "127.0.0.1:0",
                                       .log_level = "error",
                                       .log_format = "json",
                                       .drain_ms = drain_ms,
                                       .http = http_server_defaults("")};
    settings.http.max_connections = 16;
    const struct daemon_spec spec = {.name = "weir-test",
                                     .arg = life,
                                     .start = life_start,
                                     .drain = life_drain,
                                     .reload = life_reload};
    struct err e = {0};
    ck_assert_msg(daemon_new(&life->daemon, "weir-test", &settings, &e) == 0, "%s", e.message);
    int code = daemon_run(life->daemon, &spec);
    daemon_free(life->daemon);
    return code;
}

static int live(struct life *life)
{
    return live_within(life, 10000);
}

static void send_term(struct life *life)
{
    (void)life;
    kill(getpid(), SIGTERM);
}

static void send_hup(struct life *life)
{
    (void)life;
    kill(getpid(), SIGHUP);
}

START_TEST(sigterm_drains_and_exits_0)
{
    struct life life = {.begin = send_term};
    ck_assert_int_eq(live(&life), 0);
    ck_assert_uint_eq(life.starts, 1);
    ck_assert_uint_eq(life.drains, 1);
    ck_assert_int_eq(life.phase_in_drain, DAEMON_DRAINING);
}
END_TEST

START_TEST(sighup_reloads_and_goes_on)
{
    struct life life = {.begin = send_hup};
    ck_assert_int_eq(live(&life), 0);
    ck_assert_uint_eq(life.reloads, 1);
    ck_assert_uint_eq(life.drains, 1);
}
END_TEST

static void fail_twice(struct life *life)
{
    daemon_fail(life->daemon, "the disk is on fire (expected in this test)");
    daemon_fail(life->daemon, "a second reason, which is not told");
}

START_TEST(failure_drains_and_exits_1)
{
    struct life life = {.begin = fail_twice};
    ck_assert_int_eq(live(&life), 1);
    ck_assert_uint_eq(life.drains, 1);
}
END_TEST

START_TEST(failed_start_exits_1)
{
    struct life life = {.fails_to_start = true};
    ck_assert_int_eq(live(&life), 1);
    ck_assert_uint_eq(life.drains, 0);
}
END_TEST

enum { POSTS = 1000 };

static void on_post(void *arg)
{
    struct life *life = arg;
    if (++life->posts == POSTS)
        kill(getpid(), SIGTERM);
}

static void *post_many(void *arg)
{
    struct life *life = arg;
    for (int i = 0; i < POSTS; i++)
        daemon_post(life->daemon, on_post, life);
    return NULL;
}

static void start_poster(struct life *life)
{
    ck_assert_int_eq(pthread_create(&life->thread, NULL, post_many, life), 0);
}

START_TEST(posts_from_a_thread_run_on_the_loop)
{
    struct life life = {.begin = start_poster};
    ck_assert_int_eq(live(&life), 0);
    pthread_join(life.thread, NULL);
    ck_assert_uint_eq(life.posts, POSTS);
}
END_TEST

/* A client whose request never becomes complete holds the drain until its limit. */
static int half_request = -1;

/* Terms once the connection is there and its bytes, which came with it, have been read. */
static void term_when_connected(void *arg)
{
    struct life *life = arg;
    if (http_server_connections(daemon_server(life->daemon)) > 0)
        life->posts++;
    if (life->posts > 3)
        kill(getpid(), SIGTERM);
    else
        daemon_post(life->daemon, term_when_connected, life);
}

static void connect_and_term(struct life *life)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    to.sin_port = htons(http_server_port(daemon_server(life->daemon)));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    half_request = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(half_request, (struct sockaddr *)&to, sizeof to), 0);
    ck_assert_int_eq(write(half_request, "GET /healthz HTTP/1.1\r\nHo", 25), 25);
    daemon_post(life->daemon, term_when_connected, life);
}

START_TEST(drain_gives_up_after_its_limit)
{
    struct life life = {.begin = connect_and_term};
    int code = live_within(&life, 30);
    close(half_request);
    ck_assert_int_eq(code, 1);
    ck_assert_uint_eq(life.drains, 1);
}
END_TEST

static void never_drained(void *arg, struct daemon *d)
{
    (void)arg;
    (void)d;
    kill(getpid(), SIGTERM);
}

/* In a process of its own, since it must die. */
START_TEST(a_second_signal_exits_at_once)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct daemon *d;
        const struct daemon_settings settings = {.listen = "127.0.0.1:0",
                                                 .log_level = "error",
                                                 .drain_ms = 60000,
                                                 .http = http_server_defaults("")};
        const struct daemon_spec spec = {.name = "weir-test", .drain = never_drained};
        if (daemon_new(&d, "weir-test", &settings, NULL) != 0)
            _exit(7);
        kill(getpid(), SIGTERM);
        _exit(daemon_run(d, &spec) == 0 ? 8 : 9);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 1);
}
END_TEST

UNIT_CASE(daemon)
{
    tcase_add_test(tc, readyz_names_what_is_missing);
    tcase_add_test(tc, health_is_json_with_version_and_dependencies);
    tcase_add_test(tc, openmetrics_only_when_asked_for);
    tcase_add_test(tc, changes_of_dependencies_are_told_once);
    tcase_add_test(tc, sigterm_drains_and_exits_0);
    tcase_add_test(tc, sighup_reloads_and_goes_on);
    tcase_add_test(tc, failure_drains_and_exits_1);
    tcase_add_test(tc, failed_start_exits_1);
    tcase_add_test(tc, posts_from_a_thread_run_on_the_loop);
    tcase_add_test(tc, drain_gives_up_after_its_limit);
    tcase_add_test(tc, a_second_signal_exits_at_once);
}
