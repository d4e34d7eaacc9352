/* weirctl purge: one device, removed from the store. */
#include "tools/ctl/purge.h"

#include <time.h>

#include "common/base/clock.h"
#include "common/base/units.h"
#include "common/model/reading.h"
#include "tools/ctl/audit.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/dlq.h"

enum { FINAL_MS = 30000, PURGE_UNKNOWN = 3 /* exit status beside the usual ones */ };

static const struct flag flags[] = {
    {.name = "device", .value = "ID", .required = true, .help = "The device, by its whole id."},
    {.name = "dry-run", .help = "Says what would be removed, and removes nothing."},
    {.name = "yes", .help = "Removes it. This cannot be undone."},
    {.name = "silence",
     .value = "DURATION",
     .fallback = "5m",
     .help = "The device must not have been heard of for so long; see below."},
    {.name = "json", .help = "What was removed as one JSON object."},
    {0},
};

struct purging {
    const struct call *call;
    struct ctl_settings settings;
    struct reach reach;
    struct purge purge;
    struct clock clock;
    int64_t silence_ms;
};

/* --- telling ---------------------------------------------------------------------------------- */

static bool count_letter(void *arg, const struct dlq_letter *letter)
{
    (void)letter;
    ++*(uint64_t *)arg;
    return true;
}

/* -1 when Kafka cannot be asked. */
static long long letters_of(const struct call *c)
{
    struct dlq d;
    struct err e = {0};
    uint64_t letters = 0;
    const struct dlq_filter f = {
        .device = call_flag(c, "device"), .from_ms = INT64_MIN, .to_ms = INT64_MAX};
    int rc = dlq_open(&d, c) == CTL_OK ? dlq_each(&d, &f, count_letter, &letters, &e) : -1;
    dlq_close(&d);
    return rc ? -1 : (long long)letters;
}

static void tell_letters(const struct purging *p)
{
    long long letters = letters_of(p->call);
    if (letters < 0)
        fprintf(p->call->out, "Kafka cannot be asked for dead letters\n");
    else if (letters > 0)
        fprintf(p->call->out, "%lld dead letters stay in %s: Kafka removes no single records\n",
                letters, p->settings.kafka.dlq_topic);
}

static void tell_json(const struct purging *p, bool dry, bool known)
{
    FILE *out = p->call->out;
    fprintf(out, "{\"known\":%s,\"dry_run\":%s", known ? "true" : "false", dry ? "true" : "false");
    for (size_t i = 0; i < PURGE_PLACES; i++)
        fprintf(out, ",\"%s\":%lld", p->purge.place[i].collection,
                (long long)p->purge.place[i].documents);
    fprintf(out, ",\"dead_letters_left\":%lld}\n", letters_of(p->call));
}

static int tell(const struct purging *p, bool dry)
{
    if (call_has(p->call, "json")) {
        tell_json(p, dry, true);
        return call_finish(p->call);
    }
    for (size_t i = 0; i < PURGE_PLACES; i++)
        fprintf(p->call->out, "%-20s%lld\n", p->purge.place[i].collection,
                (long long)p->purge.place[i].documents);
    tell_letters(p);
    return call_finish(p->call);
}

/* Nothing was removed, and whoever mistyped the name must not believe otherwise. */
static int tell_unknown(const struct purging *p, bool dry)
{
    if (call_has(p->call, "json"))
        tell_json(p, dry, false);
    else
        tell_letters(p);
    int status = call_finish(p->call);
    return status == CTL_OK
               ? call_fail(p->call, PURGE_UNKNOWN, "unknown device \"%s\": nothing is stored of it",
                           p->purge.device)
               : status;
}

/* --- doing it --------------------------------------------------------------------------------- */

static int check_last_seen(struct purging *p, struct err *e)
{
    int64_t last_seen_ms, now_ms = clock_wall_ms(&p->clock);
    int rc = purge_last_seen(&p->purge, &last_seen_ms, e);
    if (rc || last_seen_ms == 0 || last_seen_ms <= now_ms - p->silence_ms)
        return rc;
    char ago[UNITS_TEXT_MAX] = "0s";
    if (last_seen_ms < now_ms)
        duration_format((now_ms - last_seen_ms) / 1000 * 1000, ago);
    return err_set(
        e, ERR_CONFLICT,
        "the device was heard of %s ago, and what the daemons hold of it in memory would "
        "come back: revoke its key, then wait (--silence)",
        ago);
}

/* An aggregator writes a window once more when it becomes final; it would bring it back. */
static int wait_until_final(struct purging *p, struct err *e)
{
    const struct timespec pause = {.tv_nsec = 200000000};
    uint64_t end = clock_monotonic_ms(&p->clock) + FINAL_MS;
    int64_t open = 0;
    for (;;) {
        int rc = purge_open_windows(&p->purge, &open, e);
        if (rc || open == 0)
            return rc;
        if (clock_monotonic_ms(&p->clock) >= end)
            return err_set(e, ERR_CONFLICT,
                           "%lld windows of the device are not final: is the aggregator well? "
                           "While it is stopped, --silence 0 purges all the same",
                           (long long)open);
        nanosleep(&pause, NULL);
    }
}

static int check_silence(struct purging *p, struct err *e)
{
    if (p->silence_ms == 0)
        return 0;
    int rc = check_last_seen(p, e);
    return rc ? rc : wait_until_final(p, e);
}

static int remove_all(struct purging *p, struct err *e)
{
    struct audit audit;
    struct err late = {0};
    bson_t details = BSON_INITIALIZER, result = BSON_INITIALIZER;
    for (size_t i = 0; i < PURGE_PLACES; i++)
        p->purge.place[i].documents = 0; /* so far what is there, from here on what is removed */
    BSON_APPEND_UTF8(&details, "device", p->purge.digest);
    int rc = audit_begin(&audit, &p->reach, "purge", &details, clock_wall_ms(&p->clock), e);
    bool begun = rc == 0;
    do {
        if (rc == 0)
            rc = purge_begin(&p->purge, clock_wall_ms(&p->clock), e);
        if (rc == 0)
            rc = purge_remove(&p->purge, e);
        if (rc == 0)
            rc = purge_end(&p->purge, clock_wall_ms(&p->clock), e);
    } while (rc == 0 && p->purge.resumed); /* readings may have come since that one began */
    for (size_t i = 0; i < PURGE_PLACES; i++)
        BSON_APPEND_INT64(&result, p->purge.place[i].collection, p->purge.place[i].documents);
    BSON_APPEND_UTF8(&result, "outcome", rc ? e->message : "done");
    int told = begun ? audit_end(&audit, &result, clock_wall_ms(&p->clock), rc ? &late : e) : 0;
    bson_destroy(&details);
    bson_destroy(&result);
    return rc ? rc : told;
}

static int purge(struct purging *p)
{
    struct err e = {0};
    bool dry = call_has(p->call, "dry-run"), known = false;
    int rc = reach_open(&p->reach, &p->settings, REACH_PATIENT_MS, &e);
    if (rc == 0)
        rc = purge_known(&p->purge, &known, &e);
    if (rc == 0 && !known)
        return tell_unknown(p, dry);
    if (rc == 0 && !dry)
        rc = check_silence(p, &e);
    if (rc == 0 && !dry)
        rc = remove_all(p, &e);
    return rc ? call_error(p->call, &e) : tell(p, dry);
}

static int check_call(struct purging *p)
{
    const struct call *c = p->call;
    const char *device = call_flag(c, "device");
    if (reading_device_id_check(span_str(device)) != PROBLEM_NONE)
        return call_fail(c, CTL_USAGE, "--device: \"%.140s\" can be no device", device);
    if (!duration_parse(span_str(call_flag(c, "silence")), &p->silence_ms))
        return call_fail(c, CTL_USAGE, "--silence: \"%s\" is no duration such as 5m",
                         call_flag(c, "silence"));
    if (call_has(c, "dry-run") == call_has(c, "yes"))
        return call_fail(c, CTL_USAGE,
                         "this cannot be undone: --dry-run shows what would go, --yes does it");
    return CTL_OK;
}

static int run(const struct call *c)
{
    struct purging p = {.call = c, .clock = clock_system()};
    int status = check_call(&p);
    if (status == CTL_OK)
        status = ctl_settings_load(&p.settings, c);
    if (status == CTL_OK) {
        purge_init(&p.purge, &p.reach, &p.settings.mongo, call_flag(c, "device"));
        status = purge(&p);
        purge_deinit(&p.purge);
        reach_close(&p.reach);
    }
    ctl_settings_free(&p.settings);
    return status;
}

const struct command command_purge = {
    .name = "purge",
    .summary = "removes one device and everything that is stored of it.",
    .flags = flags,
    .settings = ctl_rows_purge,
    .run = run,
    .status = "0 done, 1 it failed, 2 wrong usage, 3 the device is unknown: nothing is stored of\n"
              "it, so nothing was removed.",
    .help =
        "Readings, windows, hours, days, the last state, alerts and the alerter's state, each "
        "with\n"
        "how many documents went. What stays: its records in the topics of Kafka, until their\n"
        "retention removes them, dead letters too; so do not replay those. In 'purges' there is a\n"
        "record of how many readings of each partition went, by the SHA-256 of the device's id:\n"
        "the ledgers go on saying that they were stored, and 'weirctl verify' adds them up. A "
        "purge\n"
        "that was ended half-way is finished by doing it again; until then verify says so.\n"
        "\n"
        "The daemons hold what they need of active devices in memory and would write it again, so\n"
        "the device must have been silent for a while, and its windows final; up to 30 s are "
        "waited\n"
        "for that. With --silence 0 nothing is looked at. If it speaks again later, it is a new\n"
        "device; what a daemon held of its last state may come back with its first reading:\n"
        "'weirctl verify --repair --device ID' puts that right.\n"
        "\n"
        "Examples\n"
        "  weirctl purge --device dev-1 --dry-run\n"
        "  weirctl purge --device dev-1 --yes\n",
};
