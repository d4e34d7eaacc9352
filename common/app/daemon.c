/* The life of a daemon: start, run, drain, stop. */
#include "common/app/daemon.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/app/dependency_watch.h"
#include "common/app/loop.h"
#include "common/app/mailbox.h"
#include "common/app/notify.h"
#include "common/app/servings.h"
#include "common/app/signals.h"
#include "common/app/version.h"
#include "common/base/xmalloc.h"
#include "common/obs/process_metrics.h"

enum { WATCH_MS = 1000 };

struct daemon {
    struct daemon_settings settings;
    const struct daemon_spec *spec; /* borrowed; from daemon_run on */
    struct clock clock;
    struct log *log;
    struct metrics *metrics;
    struct process_metrics process;
    struct event_base *loop;
    struct signals signals;
    struct mailbox mailbox;
    struct notify notify;
    uint64_t started_ns;
    struct servings servings;
    struct dependency_watch watch;
    struct event *watch_timer;
    struct drain drain;
    _Atomic enum daemon_phase phase;
    int exit_code;
    char fail_reason[ERR_MESSAGE_MAX]; /* under fail_lock until the loop reads it */
    pthread_mutex_t fail_lock;
};

static uint64_t now_ms(const struct daemon *d)
{
    return clock_monotonic_ms(&d->clock);
}

/* --- drain --- */

static void on_retire(void *arg)
{
    struct daemon *d = arg;
    servings_retire(&d->servings);
}

static void on_stop(void *arg)
{
    struct daemon *d = arg;
    servings_drain(&d->servings);
    if (d->spec->drain)
        d->spec->drain(d->spec->arg, d);
    else
        drain_work_done(&d->drain);
}

static struct drain_left left_to_drain(void *arg)
{
    const struct daemon *d = arg;
    return servings_left(&d->servings);
}

static void on_drain_finished(void *arg, bool in_time)
{
    struct daemon *d = arg;
    if (!in_time)
        d->exit_code = 1;
    event_base_loopbreak(d->loop);
}

void daemon_drained(struct daemon *d)
{
    drain_work_done(&d->drain);
}

static void begin_drain(struct daemon *d, const char *cause)
{
    d->phase = DAEMON_DRAINING;
    notify_stopping(&d->notify, cause);
    drain_begin(&d->drain, cause, d->exit_code != 0);
}

static void reload(struct daemon *d)
{
    log_event(d->log, LOG_INFO, d->spec->reload ? "reloading" : "nothing_to_reload");
    notify_reloading(&d->notify, clock_monotonic_ns(&d->clock));
    if (d->spec->reload)
        d->spec->reload(d->spec->arg, d);
    notify_ready(&d->notify);
}

static void on_signal(void *arg, int signo)
{
    struct daemon *d = arg;
    if (signo == SIGHUP) {
        reload(d);
        return;
    }
    signals_exit_on_next();
    begin_drain(d, signo == SIGTERM ? "SIGTERM" : "SIGINT");
}

/* --- from other threads --- */

static void on_fail(void *arg)
{
    struct daemon *d = arg;
    pthread_mutex_lock(&d->fail_lock);
    log_event(d->log, LOG_ERROR, "failed", LOG_STR("reason", d->fail_reason));
    pthread_mutex_unlock(&d->fail_lock);
    d->exit_code = 1;
    begin_drain(d, "failure");
}

void daemon_fail(struct daemon *d, const char *reason)
{
    pthread_mutex_lock(&d->fail_lock);
    bool first = d->fail_reason[0] == '\0';
    if (first)
        snprintf(d->fail_reason, sizeof d->fail_reason, "%s", *reason ? reason : "unknown");
    pthread_mutex_unlock(&d->fail_lock);
    if (first)
        daemon_post(d, on_fail, d);
}

void daemon_post(struct daemon *d, void (*fn)(void *arg), void *arg)
{
    mailbox_post(&d->mailbox, fn, arg);
}

/* --- set-up --- */

static struct log *make_log(const struct daemon_settings *s, const char *name)
{
    enum log_level level = LOG_INFO;
    enum log_format format = LOG_FORMAT_AUTO;
    (void)log_level_parse(s->log_level ? s->log_level : "info", &level);
    (void)log_format_parse(s->log_format ? s->log_format : "auto", &format);
    return log_new(STDERR_FILENO, name, level, format);
}

/* Each connection is a descriptor; the soft limit is often only 1024. */
static void raise_descriptor_limit(struct daemon *d)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    const rlim_t spare = 128; /* log, Kafka, store, files */
    if (limit.rlim_cur < d->settings.http.max_connections + spare)
        log_event(d->log, LOG_WARN, "few_descriptors", LOG_INT("limit", (int64_t)limit.rlim_cur),
                  LOG_INT("max_connections", d->settings.http.max_connections));
}

/* systemctl status shows it. */
static void tell_status(struct daemon *d)
{
    struct buf text = {0};
    dependency_watch_describe(&d->watch, &text);
    if (d->phase == DAEMON_RUNNING)
        notify_status(&d->notify, buf_cstr(&text));
    buf_deinit(&text);
}

static void open_notify(struct daemon *d)
{
    struct err e = {0};
    if (notify_init(&d->notify, d->settings.notify_socket, &e) != 0)
        log_event(d->log, LOG_WARN, "notify_unusable", LOG_STR("reason", e.message));
}

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct daemon *d = arg;
    dependency_watch_turn(&d->watch, now_ms(d));
    tell_status(d);
}

static int make_loop_parts(struct daemon *d, struct err *e)
{
    if (loop_new(&d->loop, e) != 0)
        return e->code;
    if (signals_init(&d->signals, d->loop, on_signal, d, e) != 0)
        return e->code;
    if (mailbox_init(&d->mailbox, d->loop, e) != 0)
        return e->code;
    d->watch_timer = event_new(d->loop, -1, EV_PERSIST, on_watch, d);
    d->drain = (struct drain){.delay_ms = d->settings.drain_delay_ms,
                              .limit_ms = d->settings.drain_ms,
                              .clock = &d->clock,
                              .log = d->log,
                              .retire = on_retire,
                              .stop = on_stop,
                              .left = left_to_drain,
                              .finished = on_drain_finished,
                              .arg = d};
    drain_init(&d->drain, d->loop);
    return 0;
}

int daemon_new(struct daemon **out, const char *name, const struct daemon_settings *settings,
               struct err *e)
{
    struct daemon *d = xcalloc(1, sizeof *d);
    d->settings = *settings;
    d->notify.fd = -1;
    d->clock = clock_system();
    pthread_mutex_init(&d->fail_lock, NULL);
    d->log = make_log(settings, name);
    d->metrics = metrics_new();
    process_metrics_add(&d->process, d->metrics);
    struct err local = {0};
    int rc = make_loop_parts(d, &local);
    if (rc != 0) {
        daemon_free(d);
        return err_set(e, rc, "%s", local.message);
    }
    version_export(d->metrics);
    servings_add_metrics(&d->servings, d->metrics);
    raise_descriptor_limit(d);
    open_notify(d);
    *out = d;
    return 0;
}

void daemon_free(struct daemon *d)
{
    if (!d)
        return;
    servings_deinit(&d->servings);
    dependency_watch_deinit(&d->watch);
    if (d->watch_timer)
        event_free(d->watch_timer);
    drain_deinit(&d->drain);
    notify_deinit(&d->notify);
    mailbox_deinit(&d->mailbox);
    signals_deinit(&d->signals);
    if (d->loop)
        event_base_free(d->loop);
    metrics_free(d->metrics);
    log_free(d->log);
    pthread_mutex_destroy(&d->fail_lock);
    free(d);
}

/* --- run --- */

static int listen_now(struct daemon *d, struct err *e)
{
    struct http_server_options http = d->settings.http;
    http.listen = d->settings.listen;
    const struct servings_options options = {.fail = daemon_fail,
                                             .daemon = d,
                                             .spec = d->spec,
                                             .loop = d->loop,
                                             .health = {.spec = d->spec,
                                                        .phase = &d->phase,
                                                        .clock = &d->clock,
                                                        .started_ns = d->started_ns,
                                                        .metrics = d->metrics},
                                             .http = &http};
    return servings_listen(&d->servings, &options, e);
}

static int start(struct daemon *d, struct err *e)
{
    const struct daemon_spec *spec = d->spec;
    d->started_ns = clock_monotonic_ns(&d->clock);
    dependency_watch_init(&d->watch, spec->checks, spec->check_count, d->log, d->metrics);
    int rc = listen_now(d, e);
    if (rc == 0 && spec->start)
        rc = spec->start(spec->arg, d, e);
    return rc;
}

static void log_stopped(struct daemon *d)
{
    double uptime = clock_seconds_since(&d->clock, d->started_ns);
    log_event(d->log, d->exit_code == 0 ? LOG_INFO : LOG_ERROR, "stopped",
              LOG_INT("exit_code", d->exit_code), LOG_DBL("uptime_seconds", uptime));
}

int daemon_run(struct daemon *d, const struct daemon_spec *spec)
{
    struct err e = {0};
    d->spec = spec;
    if (start(d, &e) != 0) {
        log_event(d->log, LOG_ERROR, "start_failed", LOG_STR("reason", e.message));
        return 1;
    }
    d->phase = DAEMON_RUNNING;
    log_event(d->log, LOG_INFO, "started", LOG_STR("version", version_number()),
              LOG_STR("revision", version_revision()), LOG_STR("listen", d->settings.listen),
              LOG_INT("port", http_server_port(d->servings.own.server)),
              LOG_INT("loops", (int64_t)spec->side_count + 1), LOG_INT("pid", getpid()));
    notify_ready(&d->notify);
    const struct timeval every = {.tv_sec = WATCH_MS / 1000};
    event_add(d->watch_timer, &every);
    servings_run_sides(&d->servings);
    if (event_base_dispatch(d->loop) < 0)
        d->exit_code = 1;
    servings_stop_sides(&d->servings);
    d->phase = DAEMON_STOPPED;
    log_stopped(d);
    return d->exit_code;
}

struct event_base *daemon_loop(struct daemon *d)
{
    return d->loop;
}

struct log *daemon_log(struct daemon *d)
{
    return d->log;
}

struct metrics *daemon_metrics(struct daemon *d)
{
    return d->metrics;
}

struct http_server *daemon_server(struct daemon *d)
{
    return d->servings.own.server;
}

const struct clock *daemon_clock(const struct daemon *d)
{
    return &d->clock;
}

enum daemon_phase daemon_phase(const struct daemon *d)
{
    return d->phase;
}
