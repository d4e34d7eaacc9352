/* The figures of the whole fleet, read from the store now and then, as metrics. */
#include "dashboard/fleet.h"

#include <math.h>

#include "dashboard/answers.h"

void fleet_init(struct fleet *f, const struct repository *r, struct metrics *m,
                struct metric *errors)
{
    *f = (struct fleet){.repository = r, .errors = errors};
    f->heartbeats = metrics_add(m, METRIC_COUNTER, "heartbeat_count_total",
                                "Signs of life: readings stored of all devices.", NULL);
    f->online = metrics_add(m, METRIC_GAUGE, "online_devices",
                            "Devices whose latest status report says that they are online.", NULL);
    f->at_risk = metrics_add(m, METRIC_GAUGE, "at_risk_devices",
                             "Devices with a battery below 20 % or silent for 30 minutes.", NULL);
    f->battery = metrics_add(m, METRIC_GAUGE, "average_battery",
                             "Mean of the devices' latest battery levels, in percent.", NULL);
}

static void run(struct query_job *job)
{
    struct fleet *f = (struct fleet *)job;
    f->result = f->repository->fleet(f->repository->self, f->now_ms - ANSWER_SILENT_MS, &f->figures,
                                     &f->err);
}

static void done(struct query_job *job)
{
    struct fleet *f = (struct fleet *)job;
    const struct repository_fleet *figures = &f->figures;
    f->running = false;
    if (f->result) {
        metric_inc(f->errors, NULL);
        return;
    }
    metric_set(f->online, NULL, (double)figures->online);
    metric_set(f->at_risk, NULL, (double)figures->at_risk);
    metric_set(f->battery, NULL, isnan(figures->average_battery) ? 0 : figures->average_battery);
    if (figures->readings > f->readings_told) { /* a counter never falls */
        metric_add(f->heartbeats, NULL, (double)(figures->readings - f->readings_told));
        f->readings_told = figures->readings;
    }
}

static void drop(struct query_job *job)
{
    ((struct fleet *)job)->running = false;
}

void fleet_refresh(struct fleet *f, struct query_pool *pool, int64_t now_ms)
{
    if (f->running)
        return;
    f->job = (struct query_job){.run = run, .done = done, .drop = drop};
    f->now_ms = now_ms;
    err_clear(&f->err);
    f->running = query_pool_submit(pool, &f->job);
}
