/* weirctl doctor: is everything there that Weir needs, and does it work together? */
#include "tools/ctl/doctor.h"

#include <string.h>

#include "common/base/num.h"
#include "common/http/probe.h"
#include "tools/ctl/commands.h"

static const struct flag flags[] = {
    {.name = "ingest-url",
     .value = "URL",
     .env = "INGEST_URL",
     .fallback = "http://127.0.0.1:8001",
     .help = "Where weir-ingest is; none = not asked. The same for the next three."},
    {.name = "dashboard-url",
     .value = "URL",
     .env = "DASHBOARD_URL",
     .fallback = "http://127.0.0.1:8002",
     .help = "Where weir-dashboard is."},
    {.name = "aggregator-url",
     .value = "URL",
     .env = "AGGREGATOR_URL",
     .fallback = "http://127.0.0.1:8003",
     .help = "Where weir-aggregator is."},
    {.name = "alerter-url",
     .value = "URL",
     .env = "ALERTER_URL",
     .fallback = "http://127.0.0.1:8004",
     .help = "Where weir-alerter is."},
    {.name = "max-lag",
     .value = "N",
     .fallback = "10000",
     .help = "A group that is more records behind the log is a warning."},
    {.name = "json", .help = "One JSON object a check."},
    {0},
};

static const struct {
    const char *name, *flag;
} daemons[] = {
    {"weir-ingest", "ingest-url"},
    {"weir-aggregator", "aggregator-url"},
    {"weir-alerter", "alerter-url"},
    {"weir-dashboard", "dashboard-url"},
};

/* --- daemons ---------------------------------------------------------------------------------- */

static bool is_asked(const char *url)
{
    return strcmp(url, "none") != 0;
}

static int parse_url(struct probe_target *t, const char *url, struct err *e)
{
    char whole[PROBE_PATH_MAX];
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    snprintf(whole, sizeof whole, "%.*s/readyz", (int)(len < 400 ? len : 400), url);
    return probe_target_parse(t, whole, "", e);
}

static void check_daemon(struct doctor *d, const char *name, const char *url)
{
    struct probe_target target;
    struct err e = {0};
    if (!is_asked(url))
        return;
    int rc = parse_url(&target, url, &e);
    rc = rc ? rc : probe_ask(&target, &d->clock, PROBE_DEADLINE_MS, &e);
    if (rc == 0)
        doctor_say(d, GRADE_OK, name, NULL, "ready at %s", url);
    else if (rc == ERR_FAILED)
        doctor_say(d, GRADE_FAIL, name, "GET /readyz says what it waits for",
                   "it runs and is not ready: %s", e.message);
    else
        doctor_say(d, GRADE_FAIL, name, "is it running, and is this its address? none = do not ask",
                   "%s", e.message);
}

/* --- the command ------------------------------------------------------------------------------ */

static int check_call(struct doctor *d)
{
    const struct call *c = d->call;
    struct probe_target target;
    struct err e = {0};
    if (!num_parse_i64(span_str(call_flag(c, "max-lag")), 0, INT64_MAX, &d->max_lag))
        return call_fail(c, CTL_USAGE, "--max-lag: \"%s\" is no number", call_flag(c, "max-lag"));
    for (size_t i = 0; i < sizeof daemons / sizeof *daemons; i++) {
        const char *url = call_flag(c, daemons[i].flag);
        if (is_asked(url) && parse_url(&target, url, &e) != 0)
            return call_fail(c, CTL_USAGE, "--%s: %s", daemons[i].flag, e.message);
    }
    return ctl_settings_load(&d->settings, c);
}

static int examine(struct doctor *d)
{
    const struct call *c = d->call;
    d->json = call_has(c, "json");
    doctor_store(d); /* opens what the next one needs, whether the store answers or not */
    doctor_kafka(d);
    for (size_t i = 0; i < sizeof daemons / sizeof *daemons; i++)
        check_daemon(d, daemons[i].name, call_flag(c, daemons[i].flag));
    if (!d->json)
        fprintf(c->out, "%u well, %u to be looked at, %u broken\n", d->count[GRADE_OK],
                d->count[GRADE_WARN], d->count[GRADE_FAIL]);
    int status = call_finish(c);
    if (status != CTL_OK)
        return status;
    return d->count[GRADE_FAIL] ? CTL_FAILED : d->count[GRADE_WARN] ? DOCTOR_WARNS : CTL_OK;
}

static int run(const struct call *c)
{
    struct doctor d = {.call = c, .clock = clock_system()};
    int status = check_call(&d);
    if (status == CTL_OK)
        status = examine(&d);
    reach_close(&d.reach);
    ctl_settings_free(&d.settings);
    return status;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "checks what a Weir needs, one line each, with what to do.",
    .flags = flags,
    .settings = ctl_rows_doctor,
    .run = run,
    .status =
        "0 all is well, 1 something is broken, 2 wrong usage, 3 something is to be looked at.",
    .help = "Changes nothing and takes a few seconds. Checked are\n"
            "  store      it answers; version of the schema; indexes; ledgers add up; its clock\n"
            "             beside this machine's; free disk, where it tells that\n"
            "  kafka      brokers; each topic with its partitions, leaders and copies; how far\n"
            "             aggregator and alerter are behind the log\n"
            "  daemons    GET /readyz of each, at a numeric address or localhost\n"
            "\n"
            "Examples\n"
            "  weirctl doctor\n"
            "  weirctl doctor --alerter-url none --max-lag 100000\n",
};
