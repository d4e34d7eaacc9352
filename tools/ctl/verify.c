/* weirctl verify: does the store hold what was accepted, and do its views follow from it? In parts:
 * accounts against the log (verify_ledger.c), one pass over readings and views (verify_scan.c), a
 * second look at what seemed to differ (verify_settle.c), rollups (verify_rollup.c), and accounts
 * against the dead letters (verify_letters.c). */
#include <stdlib.h>
#include <unistd.h>

#include "tools/ctl/commands.h"
#include "tools/ctl/verify_ledger.h"
#include "tools/ctl/verify_letters.h"
#include "tools/ctl/verify_rollup.h"
#include "tools/ctl/verify_scan.h"
#include "tools/ctl/when.h"

enum { VERIFY_DIFFERS = 3, VERIFY_REPAIRED = 4 }; /* exit statuses beside the usual ones */

static const struct flag flags[] = {
    {.name = "from",
     .value = "TIME",
     .help = "Only what happened at that time or later (event time, rounded down to a "
             "window): " WHEN_HELP},
    {.name = "to", .value = "TIME", .help = "Only what happened before; rounded up to a window."},
    {.name = "device", .value = "ID", .help = "Only this device."},
    {.name = "repair",
     .help = "Writes what is expected in place of what differs, one document after the other and "
             "only while nobody else changes it."},
    {.name = "json", .help = "Differences and the summary as JSON, one object a line."},
    {0},
};

static int read_times(const struct call *c, struct verify *v, struct err *e)
{
    const char *from = call_flag(c, "from"), *to = call_flag(c, "to");
    int64_t now_ms = clock_wall_ms(&v->clock);
    int rc = 0;
    v->from_ms = INT64_MIN;
    v->to_ms = INT64_MAX;
    if (from)
        rc = when_parse("from", from, now_ms, &v->from_ms, e);
    if (rc == 0 && to)
        rc = when_parse("to", to, now_ms, &v->to_ms, e);
    if (rc)
        return rc;
    if (from)
        v->from_ms = window_start(v->from_ms, WINDOW_DEFAULT_MS);
    if (to)
        v->to_ms = window_start(v->to_ms + WINDOW_DEFAULT_MS - 1, WINDOW_DEFAULT_MS);
    return v->from_ms < v->to_ms ? 0 : err_set(e, ERR_INVALID, "--from must be before --to");
}

static int check(struct verify *v, struct err *e)
{
    int rc = reach_open(&v->reach, &v->settings, REACH_PATIENT_MS, e);
    if (rc == 0)
        rc = verify_ledgers(v, e);
    if (rc == 0)
        rc = verify_learn_expiry(v, e);
    if (rc == 0)
        rc = verify_scan(v, e);
    if (rc == 0 && verify_has_all_times(v) && v->findings.left == 0)
        rc = verify_rollups(v, e);
    if (rc == 0 && verify_is_whole(v))
        rc = verify_stored(v, e);
    if (rc == 0 && verify_is_whole(v))
        rc = verify_letters(v, e);
    progress_clear(&v->progress);
    return rc;
}

static unsigned long long count_ledgers(const struct verify *v)
{
    unsigned long long ledgers = 0;
    for (size_t i = 0; i < v->recount.partitions; i++)
        ledgers += v->has_ledger[i];
    return ledgers;
}

static void print_json(FILE *out, const struct verify *v, double took_s)
{
    const struct {
        const char *name;
        unsigned long long count;
    } members[] = {
        {"readings", v->readings},
        {"windows", v->windows},
        {"rollups", v->rollups},
        {"devices", v->devices},
        {"ledgers", count_ledgers(v)},
        {"letters", v->letters},
        {"differences", v->findings.left + v->findings.repaired},
        {"repaired", v->findings.repaired},
        {"unchecked", v->findings.unchecked},
        {"expired", v->expired},
        {"second_looks", v->second_looks},
        {"unprocessed", v->unprocessed},
    };
    (void)fputc('{', out);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        fprintf(out, "\"%s\":%llu,", members[i].name, members[i].count);
    fprintf(out, "\"seconds\":%.3f}\n", took_s);
}

static void print_text(FILE *out, const struct verify *v, double took_s)
{
    const unsigned long long left = v->findings.left, repaired = v->findings.repaired;
    fprintf(out,
            "%llu readings, %llu windows, %llu rollups, %llu last states, %llu ledgers, %llu dead "
            "letters in %.1f s: ",
            (unsigned long long)v->readings, (unsigned long long)v->windows,
            (unsigned long long)v->rollups, (unsigned long long)v->devices, count_ledgers(v),
            (unsigned long long)v->letters, took_s);
    if (left + repaired > 0)
        fprintf(out, "%llu different, %llu of them repaired\n", left + repaired, repaired);
    else
        (void)fputs(v->findings.unchecked ? "all equal that can be checked\n" : "all equal\n", out);
    if (v->expired)
        fprintf(out, "%llu views are older than the readings that are kept: not compared\n",
                (unsigned long long)v->expired);
    if (v->unprocessed)
        fprintf(out, "%llu records of the log are not processed yet\n",
                (unsigned long long)v->unprocessed);
}

static void print_summary(const struct call *c, const struct verify *v, uint64_t took_ms)
{
    (call_has(c, "json") ? print_json : print_text)(c->out, v, (double)took_ms / 1000);
}

static int finish(const struct call *c, const struct verify *v, uint64_t took_ms)
{
    print_summary(c, v, took_ms);
    int status = call_finish(c);
    if (status != CTL_OK)
        return status;
    return v->findings.left ? VERIFY_DIFFERS : v->findings.repaired ? VERIFY_REPAIRED : CTL_OK;
}

static void prepare(const struct call *c, struct verify *v)
{
    v->device = call_flag(c, "device");
    v->repair = call_has(c, "repair");
    v->progress = (struct progress){
        .out = c->err, .what = "readings", .bar = c->err == stderr && isatty(STDERR_FILENO) == 1};
    v->findings =
        (struct findings){.out = c->out, .json = call_has(c, "json"), .progress = &v->progress};
}

static int run(const struct call *c)
{
    struct verify v = {.clock = clock_system()};
    struct err e = {0};
    uint64_t begun = clock_monotonic_ms(&v.clock);
    prepare(c, &v);
    int status = ctl_settings_load(&v.settings, c);
    if (status == CTL_OK && read_times(c, &v, &e) != 0)
        status = call_fail(c, CTL_USAGE, "%s", e.message);
    if (status == CTL_OK)
        status = check(&v, &e) == 0 ? finish(c, &v, clock_monotonic_ms(&v.clock) - begun)
                                    : call_error(c, &e);
    reach_close(&v.reach);
    recount_deinit(&v.recount);
    free(v.ledger);
    free(v.has_ledger);
    ctl_settings_free(&v.settings);
    return status;
}

const struct command command_verify = {
    .name = "verify",
    .summary = "compares what is stored with the log and with itself.",
    .flags = flags,
    .settings = ctl_rows_verify,
    .run = run,
    .status = "0 all is equal that can be checked, 1 it could not be checked (nothing is known\n"
              "then), 2 wrong usage, 3 something differs, 4 all that differed is repaired.",
    .help =
        "These are compared, and each difference is a line: what, where, stored, expected.\n"
        "  ledgers   for each partition, next_offset - first = stored + duplicate + dead + gap; "
        "no\n"
        "            account is beyond the end of the log or behind what is committed; and there\n"
        "            are as many readings as the accounts say (readings of purged devices count),\n"
        "            and as many dead letters in the DLQ, each record counted once\n"
        "  windows   every window and every total in it, recomputed from the readings with the\n"
        "            code that the aggregator uses: equal to the last bit\n"
        "  devices   the last state of each device, likewise\n"
        "  rollups   when the windows are right: every hour against the revisions of the windows\n"
        "            that it says it holds, every day against its hours\n"
        "With --device, --from or --to only those readings are looked at; then readings are not\n"
        "counted against the accounts, nor are dead letters, and with a time there are no last\n"
        "states and no rollups.\n"
        "\n"
        "Nothing has to be stopped for it. What is being written at the moment is compared as far\n"
        "as it says it reaches, so it is never taken for wrong, and --repair overwrites nobody: a\n"
        "view that changed meanwhile is looked at again. An aggregator that holds a wrong window "
        "in\n"
        "memory may write it once more; run verify again after it has moved on. Accounts are "
        "never\n"
        "repaired: what happened to a record cannot be made up.\n"
        "\n"
        "Readings that RAW_TTL has removed, and letters that the retention of the DLQ has, cannot "
        "be\n"
        "told from lost ones. How many there may be of them is a line that begins with "
        "'unchecked',\n"
        "and no difference; more than that is one.\n"
        "\n"
        "Views whose readings have expired (RAW_TTL) cannot be recomputed; they are counted, and\n"
        "wrong only if they hold fewer readings than are left.\n"
        "\n"
        "Examples\n"
        "  weirctl verify\n"
        "  weirctl verify --device dev-1 --from -1h\n"
        "  weirctl verify --repair --json\n",
};
