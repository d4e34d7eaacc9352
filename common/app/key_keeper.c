/* The keys of a daemon, kept up to date. */
#include "common/app/key_keeper.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"

enum { LOOK_MS = 1000 };

struct key_keeper {
    struct daemon *daemon; /* borrowed */
    struct key_store *store;
    struct event *timer;
    struct metric *keys, *reload_errors; /* borrowed */
};

static void log_reloaded(struct key_keeper *k, int64_t now_ms)
{
    unsigned count[KEY_STATES];
    key_store_count(k->store, now_ms, count);
    log_event(daemon_log(k->daemon), LOG_INFO, "api_keys_reloaded",
              LOG_INT("active", count[KEY_ACTIVE]), LOG_INT("pending", count[KEY_PENDING]),
              LOG_INT("expired", count[KEY_EXPIRED]), LOG_INT("revoked", count[KEY_REVOKED]));
}

static void look(struct key_keeper *k, bool force)
{
    int64_t now_ms = clock_wall_ms(daemon_clock(k->daemon));
    struct err e = {0};
    switch (key_store_reload(k->store, force, now_ms, &e)) {
    case KEY_RELOAD_SAME:
        break;
    case KEY_RELOAD_TAKEN:
        log_reloaded(k, now_ms);
        break;
    case KEY_RELOAD_KEPT:
        metric_inc(k->reload_errors, NULL);
        log_event(daemon_log(k->daemon), LOG_ERROR, "api_keys_kept",
                  LOG_STR("text", "the keys file cannot be used; the keys before it stay valid"),
                  LOG_STR("reason", e.message));
        break;
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    look(arg, false);
}

static void on_scrape(void *arg)
{
    struct key_keeper *k = arg;
    unsigned count[KEY_STATES];
    key_store_count(k->store, clock_wall_ms(daemon_clock(k->daemon)), count);
    for (enum key_state s = 0; s < KEY_STATES; s++)
        metric_set(k->keys, METRIC_LABELS(key_state_name(s)), count[s]);
}

static void add_metrics(struct key_keeper *k, struct metrics *m)
{
    k->keys = metrics_add(m, METRIC_GAUGE, "weir_api_keys", "Keys that are known.", "state");
    k->reload_errors =
        metrics_add(m, METRIC_COUNTER, "weir_api_keys_reload_errors_total",
                    "Times that a changed keys file could not be used, or was missing.", NULL);
    metrics_on_scrape(m, on_scrape, k);
}

int key_keeper_new(struct key_keeper **out, const struct settings_auth *settings, struct daemon *d,
                   struct err *e)
{
    struct key_store *store;
    int rc = key_store_new(&store, settings->api_key, settings->api_keys_file, e);
    if (rc != 0)
        return rc;
    struct key_keeper *k = *out = xcalloc(1, sizeof *k);
    k->daemon = d;
    k->store = store;
    add_metrics(k, daemon_metrics(d));
    return 0;
}

void key_keeper_free(struct key_keeper *k)
{
    if (!k)
        return;
    if (k->timer)
        event_free(k->timer);
    key_store_free(k->store);
    free(k);
}

struct key_store *key_keeper_store(struct key_keeper *k)
{
    return k->store;
}

int key_keeper_start(struct key_keeper *k, const char *open_to_all, struct err *e)
{
    if (!key_store_is_on(k->store)) {
        log_event(daemon_log(k->daemon), LOG_WARN, "authentication_off",
                  LOG_STR("text", open_to_all));
        return 0;
    }
    const struct timeval period = {.tv_sec = LOOK_MS / 1000};
    k->timer = event_new(daemon_loop(k->daemon), -1, EV_PERSIST, on_timer, k);
    if (!k->timer || event_add(k->timer, &period) != 0)
        return err_set(e, ERR_IO, "no timer for the keys file");
    return 0;
}

void key_keeper_reload(struct key_keeper *k)
{
    look(k, true);
}

void key_keeper_describe(struct key_keeper *k, struct buf *json)
{
    if (!key_store_is_on(k->store)) {
        buf_str(json, ",\"authentication\":\"off\"");
        return;
    }
    char problem[ERR_MESSAGE_MAX];
    key_store_problem(k->store, problem);
    buf_str(json, ",\"authentication\":\"on\"");
    if (!problem[0])
        return;
    buf_str(json, ",\"api_keys_error\":");
    buf_json_string(json, span_str(problem));
}
