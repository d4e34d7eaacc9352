/* The answers of the older routes: a question, the repository, and the JSON that comes of it. */
#include "dashboard/answers.h"

#include "common/base/utf8.h"
#include "common/http/request.h"
#include "dashboard/views.h"

/* --- questions -------------------------------------------------------------------------------- */

void question_set_device(struct question *q, struct span raw)
{
    char decoded[3 * READING_DEVICE_ID_MAX];
    q->device_id_len = 0;
    if (raw.len > sizeof decoded)
        return;
    long len = http_percent_decode(raw, false, decoded);
    if (len <= 0 || len > READING_DEVICE_ID_MAX || !utf8_valid(span_of(decoded, (size_t)len)))
        return;
    memcpy(q->device_id, decoded, (size_t)len);
    q->device_id_len = (size_t)len;
}

static struct span device_of(const struct question *q)
{
    return span_of(q->device_id, q->device_id_len);
}

static void ask_limit(struct question *out, struct query *q)
{
    out->limit = query_int(q, "limit", ANSWER_LIMIT_DEFAULT, 1, ANSWER_LIMIT_MAX);
}

static void ask_page(struct question *out, struct query *q)
{
    out->page = query_int(q, "page", 1, 1, 1000000000);
    out->page_size = query_int(q, "page_size", ANSWER_PAGE_DEFAULT, 1, ANSWER_PAGE_MAX);
    out->from_ms = query_time(q, "start_date", INT64_MIN);
    out->to_ms = query_time(q, "end_date", INT64_MAX);
}

/* --- rows into a list ------------------------------------------------------------------------- */

struct list {
    struct buf *out;
    void (*view)(struct buf *out, const bson_t *doc);
    int64_t rows, online;
};

static void add_row(void *arg, const bson_t *doc)
{
    struct list *l = arg;
    if (l->rows++)
        buf_char(l->out, ',');
    l->view(l->out, doc);
    l->online += view_is_online(doc);
}

static int latest(const struct repository *r, const struct question *q, enum repository_list which,
                  struct list *l, struct err *e)
{
    const struct repository_latest latest = {
        .list = which, .device_id = device_of(q), .limit = q->limit, .now_ms = q->now_ms};
    return r->latest(r->self, &latest, add_row, l, e);
}

static int finish(int rc, struct buf *out, const char *end)
{
    buf_str(out, end);
    return rc ? rc : 200;
}

static int not_found(struct buf *out)
{
    buf_clear(out);
    buf_str(out, "{\"detail\":\"Device not found\"}");
    return 404;
}

/* --- /telemetry, /aggregated, /alerts --------------------------------------------------------- */

static int data_of(const struct repository *r, const struct question *q, enum repository_list which,
                   void (*view)(struct buf *, const bson_t *), struct buf *out, struct err *e)
{
    struct list l = {.out = out, .view = view};
    buf_str(out, "{\"data\":[");
    return finish(latest(r, q, which, &l, e), out, "]}");
}

static int telemetry(const struct repository *r, const struct question *q, struct buf *out,
                     struct err *e)
{
    return data_of(r, q, REPOSITORY_READINGS, view_reading, out, e);
}

static int aggregated(const struct repository *r, const struct question *q, struct buf *out,
                      struct err *e)
{
    return data_of(r, q, REPOSITORY_WINDOWS, view_window, out, e);
}

static int alerts(const struct repository *r, const struct question *q, struct buf *out,
                  struct err *e)
{
    return data_of(r, q, REPOSITORY_ALERTS, view_alert, out, e);
}

static int recent_alerts(const struct repository *r, const struct question *q, struct buf *out,
                         struct err *e)
{
    return data_of(r, q, REPOSITORY_ALERTS_CREATED, view_alert, out, e);
}

/* --- /devices, /stats ------------------------------------------------------------------------- */

static int devices(const struct repository *r, const struct question *q, struct buf *out,
                   struct err *e)
{
    (void)q;
    struct list l = {.out = out, .view = view_device_id};
    buf_str(out, "{\"devices\":[");
    return finish(r->devices(r->self, add_row, &l, e), out, "]}");
}

static int data_of_device(const struct repository *r, const struct question *q,
                          enum repository_list which, void (*view)(struct buf *, const bson_t *),
                          struct buf *out, struct err *e)
{
    struct list l = {.out = out, .view = view};
    buf_str(out, "{\"device_id\":");
    buf_json_string(out, device_of(q));
    buf_str(out, ",\"data\":[");
    int rc = q->device_id_len ? latest(r, q, which, &l, e) : 0;
    return finish(rc, out, "]}");
}

static int device_telemetry(const struct repository *r, const struct question *q, struct buf *out,
                            struct err *e)
{
    return data_of_device(r, q, REPOSITORY_READINGS, view_reading, out, e);
}

static int device_aggregates(const struct repository *r, const struct question *q, struct buf *out,
                             struct err *e)
{
    return data_of_device(r, q, REPOSITORY_WINDOWS, view_window, out, e);
}

static int stats(const struct repository *r, const struct question *q, struct buf *out,
                 struct err *e)
{
    (void)q;
    struct repository_totals t = {0};
    int rc = r->totals(r->self, &t, e);
    buf_printf(out, "{\"telemetry_records\":%lld,\"aggregated_records\":%lld,\"alerts\":%lld}",
               (long long)t.readings, (long long)t.windows, (long long)t.alerts);
    return rc ? rc : 200;
}

/* --- /status ---------------------------------------------------------------------------------- */

static int status(const struct repository *r, const struct question *q, struct buf *out,
                  struct err *e)
{
    struct list l = {.out = out, .view = view_status};
    if (q->device_id_len == 0)
        return not_found(out);
    int rc = r->states(r->self, device_of(q), add_row, &l, e);
    if (rc)
        return rc;
    return l.rows ? 200 : not_found(out);
}

/* The counts stand before the list, but are known after it: the list is written aside. */
static int summary(const struct repository *r, const struct question *q, struct buf *out,
                   struct err *e)
{
    (void)q;
    struct buf rows = {0};
    struct list l = {.out = &rows, .view = view_summary};
    int rc = r->states(r->self, span_of(NULL, 0), add_row, &l, e);
    buf_printf(out, "{\"total_devices\":%lld,\"online_devices\":%lld,\"offline_devices\":%lld,",
               (long long)l.rows, (long long)l.online, (long long)(l.rows - l.online));
    buf_str(out, "\"devices\":[");
    buf_span(out, buf_view(&rows));
    buf_deinit(&rows);
    return finish(rc, out, "]}");
}

static int at_risk(const struct repository *r, const struct question *q, struct buf *out,
                   struct err *e)
{
    struct list l = {.out = out, .view = view_risk};
    buf_str(out, "{\"risk_devices\":[");
    return finish(r->at_risk(r->self, q->now_ms - ANSWER_SILENT_MS, add_row, &l, e), out, "]}");
}

static void ignore_view(struct buf *out, const bson_t *doc)
{
    (void)out, (void)doc;
}

static int is_known(const struct repository *r, const struct question *q, bool *known,
                    struct err *e)
{
    struct buf unused = {0};
    struct list l = {.out = &unused, .view = ignore_view};
    int rc = r->states(r->self, device_of(q), add_row, &l, e);
    buf_deinit(&unused);
    *known = l.rows > 0;
    return rc;
}

static int past_the_end(const struct question *q, int64_t pages, struct buf *out)
{
    buf_printf(out, "{\"detail\":\"Page %lld is past the last page, %lld\"}", (long long)q->page,
               (long long)pages);
    return 400;
}

static int write_history(const struct repository *r, const struct repository_history *h,
                         const struct question *q, int64_t total, struct buf *out, struct err *e)
{
    struct list l = {.out = out, .view = view_past_status};
    buf_str(out, "{\"device_id\":");
    buf_json_string(out, device_of(q));
    buf_str(out, ",\"statuses\":[");
    int rc = total ? r->history(r->self, h, add_row, &l, e) : 0;
    buf_printf(out,
               "],\"total_records\":%lld,\"page\":%lld,\"page_size\":%lld,\"total_pages\":%lld}",
               (long long)total, (long long)q->page, (long long)q->page_size,
               (long long)((total + q->page_size - 1) / q->page_size));
    return rc ? rc : 200;
}

static int history(const struct repository *r, const struct question *q, struct buf *out,
                   struct err *e)
{
    const struct repository_history h = {.device_id = device_of(q),
                                         .from_ms = q->from_ms,
                                         .to_ms = q->to_ms,
                                         .skip = (q->page - 1) * q->page_size,
                                         .limit = q->page_size};
    int64_t total = 0;
    bool known = q->device_id_len > 0;
    int rc = known ? r->history_count(r->self, &h, &total, e) : 0;
    if (rc == 0 && total == 0 && known)
        rc = is_known(r, q, &known, e);
    if (rc)
        return rc;
    if (!known)
        return not_found(out);
    if (q->page > 1 && h.skip >= total)
        return past_the_end(q, (total + q->page_size - 1) / q->page_size, out);
    return write_history(r, &h, q, total, out, e);
}

const struct answer_route answer_routes[] = {
    {"/telemetry", ask_limit, telemetry},
    {"/aggregated", ask_limit, aggregated},
    {"/alerts", ask_limit, alerts},
    {"/alerts/recent", ask_limit, recent_alerts},
    {"/devices", NULL, devices},
    {"/devices/{id}/telemetry", ask_limit, device_telemetry},
    {"/devices/{id}/aggregates", ask_limit, device_aggregates},
    {"/stats", NULL, stats},
    {"/status/summary", NULL, summary},
    {"/status/at-risk", NULL, at_risk},
    {"/status/{id}", NULL, status},
    {"/status/{id}/history", ask_page, history},
    {0},
};
