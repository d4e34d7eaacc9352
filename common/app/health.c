/* What a daemon says about itself: /healthz, /readyz, /health, /metrics. */
#include "common/app/health.h"

#include "common/app/version.h"
#include "common/http/handler.h"

static const char *const phase_names[] = {
    [DAEMON_STARTING] = "starting",
    [DAEMON_RUNNING] = "running",
    [DAEMON_DRAINING] = "draining",
    [DAEMON_STOPPED] = "stopped",
};

static bool check(const struct daemon_check *c, char why[HEALTH_WHY_MAX])
{
    why[0] = '\0';
    return c->ready(c->arg, why, HEALTH_WHY_MAX);
}

bool health_ready(const struct health *h)
{
    char why[HEALTH_WHY_MAX];
    bool ready = *h->phase == DAEMON_RUNNING;
    for (size_t i = 0; ready && i < h->spec->check_count; i++)
        ready = check(&h->spec->checks[i], why);
    return ready;
}

static void write_dependencies(const struct health *h, struct buf *out)
{
    buf_str(out, ",\"dependencies\":{");
    for (size_t i = 0; i < h->spec->check_count; i++) {
        const struct daemon_check *c = &h->spec->checks[i];
        char why[HEALTH_WHY_MAX];
        bool ready = check(c, why);
        buf_printf(out, "%s\"%s\":{\"ready\":%s", i > 0 ? "," : "", c->name,
                   ready ? "true" : "false");
        if (!ready) {
            buf_str(out, ",\"reason\":");
            buf_json_string(out, span_str(why));
        }
        buf_char(out, '}');
    }
    buf_char(out, '}');
}

static void write_phase(const struct health *h, struct buf *out)
{
    if (*h->phase != DAEMON_RUNNING)
        buf_printf(out, ",\"reason\":\"%s\"", phase_names[*h->phase]);
}

static void end(const struct health *h, struct buf *out)
{
    if (h->spec->describe)
        h->spec->describe(h->spec->arg, out);
    buf_char(out, '}');
}

int health_write_readyz(const struct health *h, struct buf *out)
{
    bool ready = health_ready(h);
    buf_printf(out, "{\"status\":\"%s\"", ready ? "ready" : "not ready");
    if (!ready) {
        write_phase(h, out);
        write_dependencies(h, out);
    }
    end(h, out);
    return ready ? 200 : 503;
}

int health_write_health(const struct health *h, struct buf *out)
{
    bool ready = health_ready(h);
    uint64_t uptime_s = (clock_monotonic_ns(h->clock) - h->started_ns) / 1000000000u;
    buf_printf(out, "{\"ok\":%s,\"status\":\"%s\"", ready ? "true" : "false",
               ready ? "ok" : "not ready");
    write_phase(h, out);
    buf_printf(out,
               ",\"service\":\"%s\",\"version\":\"%s\",\"revision\":\"%s\",\"uptime_seconds\":%llu",
               h->spec->name, version_number(), version_revision(), (unsigned long long)uptime_s);
    write_dependencies(h, out);
    end(h, out);
    return ready ? 200 : 503;
}

bool health_wants_openmetrics(struct span accept)
{
    static const char type[] = "application/openmetrics-text";
    return accept.len >= sizeof type - 1 && memmem(accept.p, accept.len, type, sizeof type - 1);
}

static void reply(struct http_exchange *ex, int status, const char *content_type, struct span body)
{
    const struct http_answer a = {.status = status,
                                  .content_type = content_type,
                                  .body = body,
                                  .headers = "Cache-Control: no-store\r\n"};
    http_reply(ex, &a);
}

static void get_healthz(struct http_exchange *ex, void *arg)
{
    (void)arg;
    reply(ex, 200, NULL, span_str("{\"status\":\"ok\"}"));
}

static void get_readyz(struct http_exchange *ex, void *arg)
{
    struct health *h = arg;
    buf_clear(&h->body);
    int status = health_write_readyz(h, &h->body);
    reply(ex, status, NULL, buf_view(&h->body));
}

static void get_health(struct http_exchange *ex, void *arg)
{
    struct health *h = arg;
    buf_clear(&h->body);
    int status = health_write_health(h, &h->body);
    reply(ex, status, NULL, buf_view(&h->body));
}

static void get_metrics(struct http_exchange *ex, void *arg)
{
    struct health *h = arg;
    bool open = health_wants_openmetrics(http_head_get(http_exchange_head(ex), "Accept"));
    buf_clear(&h->body);
    metrics_write(h->metrics, open, &h->body);
    reply(ex, 200,
          open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8",
          buf_view(&h->body));
}

void health_routes(struct health *h, struct http_route out[HEALTH_ROUTES])
{
    static const struct {
        const char *path;
        http_handler handler;
    } rows[HEALTH_ROUTES] = {{"/healthz", get_healthz},
                             {"/readyz", get_readyz},
                             {"/health", get_health},
                             {"/metrics", get_metrics}};
    for (int i = 0; i < HEALTH_ROUTES; i++)
        out[i] = (struct http_route){.method = HTTP_GET,
                                     .path = rows[i].path,
                                     .handler = rows[i].handler,
                                     .arg = h,
                                     .vital = true};
}
