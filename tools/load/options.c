/* The command line of weir-load: one table for parsing and for --help. */
#include "tools/load/options.h"

#include <stdio.h>
#include <string.h>

#include "common/base/num.h"
#include "common/base/timestamp.h"
#include "common/base/units.h"
#include "tools/load/target.h"

enum {
    DEVICES_MAX = 1000000,
    CONNECTIONS_MAX = 20000,
    TIMEOUT_MAX_MS = 600000,
};
static const int64_t duration_max_ms = INT64_C(366) * 24 * 3600 * 1000;
static const double total_rate_max = 1e6;

/* Sets one option from its text; `name` is for the message. */
typedef int (*setter)(struct load_options *o, const char *text, struct err *e);

static int set_int(int64_t *to, const char *name, const char *text, int64_t min, int64_t max,
                   struct err *e)
{
    if (!num_parse_i64(span_str(text), min, max, to)) {
        return err_set(e, ERR_INVALID, "--%s '%s': must be a whole number from %lld to %lld", name,
                       text, (long long)min, (long long)max);
    }
    return 0;
}

static int set_duration(int64_t *to, const char *name, const char *text, int64_t max, struct err *e)
{
    if (!duration_parse(span_str(text), to) || *to < 1 || *to > max) {
        char most[UNITS_TEXT_MAX];
        duration_format(max, most);
        return err_set(e, ERR_INVALID,
                       "--%s '%s': must be a duration such as 500ms, 10s or 5m, at most %s", name,
                       text, most);
    }
    return 0;
}

static int set_base_url(struct load_options *o, const char *text, struct err *e)
{
    struct target checked;
    o->base_url = text;
    return target_parse(&checked, text, e);
}

static int set_devices(struct load_options *o, const char *text, struct err *e)
{
    return set_int(&o->devices, "devices", text, 1, DEVICES_MAX, e);
}

static int set_rps(struct load_options *o, const char *text, struct err *e)
{
    if (!num_parse_json(span_str(text), &o->rps) || !(o->rps > 0) || o->rps > total_rate_max) {
        return err_set(e, ERR_INVALID, "--rps '%s': must be a number above 0, at most %.0f", text,
                       total_rate_max);
    }
    return 0;
}

static int set_duration_option(struct load_options *o, const char *text, struct err *e)
{
    return set_duration(&o->duration_ms, "duration", text, duration_max_ms, e);
}

static int set_requests(struct load_options *o, const char *text, struct err *e)
{
    return set_int(&o->requests, "requests", text, 1, INT64_C(1) << 53, e);
}

static int set_connections(struct load_options *o, const char *text, struct err *e)
{
    return set_int(&o->connections, "connections", text, 1, CONNECTIONS_MAX, e);
}

static int set_timeout(struct load_options *o, const char *text, struct err *e)
{
    return set_duration(&o->timeout_ms, "timeout", text, TIMEOUT_MAX_MS, e);
}

static int set_seed(struct load_options *o, const char *text, struct err *e)
{
    return set_int(&o->seed, "seed", text, 0, INT64_MAX, e);
}

static int set_start(struct load_options *o, const char *text, struct err *e)
{
    o->has_start = timestamp_parse(span_str(text), &o->start_ms);
    if (!o->has_start) {
        return err_set(e, ERR_INVALID,
                       "--start '%s': must be RFC 3339, such as 2026-11-21T10:00:00Z", text);
    }
    return 0;
}

static int add_condition(struct load_options *o, const char *text, struct err *e)
{
    if (o->conditions == LOAD_CONDITIONS_MAX) {
        return err_set(e, ERR_INVALID, "--fail-if: at most %d conditions", LOAD_CONDITIONS_MAX);
    }
    struct err why = {0};
    if (fail_if_parse(&o->fail_if[o->conditions], span_str(text), &why)) {
        return err_set(e, ERR_INVALID, "--fail-if %s", why.message);
    }
    o->conditions++;
    return 0;
}

/* A field that frames the request would make it another one. */
static int add_header(struct load_options *o, const char *text, struct err *e)
{
    static const char *const ours[] = {"Host", "Content-Length", "Transfer-Encoding", "Connection"};
    size_t name_len = strcspn(text, ":");
    bool valid = name_len > 0 && text[name_len] == ':' && !strpbrk(text, "\r\n") &&
                 strcspn(text, " \t") > name_len;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        valid = valid && !span_ieq(span_of(text, name_len), span_str(ours[i]));
    }
    if (!valid) {
        return err_set(e, ERR_INVALID,
                       "--header '%s': must be 'Name: value', and no field that frames the request",
                       text);
    }
    if (o->headers == LOAD_HEADERS_MAX) {
        return err_set(e, ERR_INVALID, "--header: at most %d fields", LOAD_HEADERS_MAX);
    }
    o->header[o->headers++] = text;
    return 0;
}

static int set_json(struct load_options *o, const char *text, struct err *e)
{
    (void)text, (void)e;
    o->json = true;
    return 0;
}

static int set_verbose(struct load_options *o, const char *text, struct err *e)
{
    (void)text, (void)e;
    o->verbose = true;
    return 0;
}

static int set_allow_remote(struct load_options *o, const char *text, struct err *e)
{
    (void)text, (void)e;
    o->allow_remote = true;
    return 0;
}

static int set_print_bodies(struct load_options *o, const char *text, struct err *e)
{
    (void)text, (void)e;
    o->action = LOAD_PRINT_BODIES;
    return 0;
}

static int set_help(struct load_options *o, const char *text, struct err *e)
{
    (void)text, (void)e;
    o->action = LOAD_HELP;
    return 0;
}

static int set_version(struct load_options *o, const char *text, struct err *e)
{
    (void)text, (void)e;
    o->action = LOAD_VERSION;
    return 0;
}

struct row {
    const char *name;
    const char *value;    /* what stands for the value in --help; NULL = none */
    const char *fallback; /* default as text, or NULL */
    setter set;
    const char *help; /* lines are broken by hand */
};

static const struct row rows[] = {
    {"base-url", "URL", "http://localhost:8001", set_base_url,
     "where weir-ingest listens; readings go to URL/ingest"},
    {"devices", "N", "10", set_devices, "how many devices there are: dev-1 to dev-N"},
    {"rps", "NUMBER", "1.0", set_rps, "readings a second for each device"},
    {"duration", "TIME", NULL, set_duration_option,
     "length of the plan, such as 10s or 5m [default: until Ctrl-C]"},
    {"requests", "N", NULL, set_requests, "end the plan after N requests"},
    {"connections", "N", "64", set_connections,
     "at most N connections, each with one request at a time"},
    {"timeout", "TIME", "10s", set_timeout, "give a request up after this time"},
    {"seed", "N", "1", set_seed, "which readings: the same seed gives the same ones"},
    {"start", "TIME", NULL, set_start, "time stamp of the first reading, RFC 3339 [default: now]"},
    {"header", "FIELD", NULL, add_header,
     "send this field too, such as 'X-API-Key: K' (repeatable)"},
    {"fail-if", "CONDITION", NULL, add_condition,
     "exit with 1 when the condition holds at the end (repeatable)"},
    {"json", NULL, NULL, set_json, "print the summary as one JSON object"},
    {"verbose", NULL, NULL, set_verbose, "report every 10 s when stderr is not a terminal"},
    {"allow-remote", NULL, NULL, set_allow_remote, "allow a URL that is not this machine"},
    {"print-bodies", NULL, NULL, set_print_bodies,
     "print the bodies of the plan, one a line, and send nothing"},
    {"help", NULL, NULL, set_help, "show this text"},
    {"version", NULL, NULL, set_version, "show the version"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static const struct row *find_row(struct span name)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (span_is(name, rows[i].name)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Handles argv[*i] and, when its value stands apart, moves *i on to it. */
static int parse_one(struct load_options *o, int argc, char **argv, int *i, struct err *e)
{
    const char *arg = argv[*i];
    if (strncmp(arg, "--", 2) != 0 || arg[2] == '\0') {
        return err_set(e, ERR_INVALID, "unexpected argument '%s'", arg);
    }
    const char *equals = strchr(arg, '=');
    struct span name = span_of(arg + 2, equals ? (size_t)(equals - arg - 2) : strlen(arg + 2));
    const struct row *row = find_row(name);
    if (!row) {
        return err_set(e, ERR_INVALID, "unknown option --%.*s", (int)name.len, name.p);
    }
    if (!row->value) {
        return equals ? err_set(e, ERR_INVALID, "--%s takes no value", row->name)
                      : row->set(o, NULL, e);
    }
    if (!equals && *i + 1 == argc) {
        return err_set(e, ERR_INVALID, "--%s needs a value: %s", row->name, row->value);
    }
    return row->set(o, equals ? equals + 1 : argv[++*i], e);
}

static int check_together(const struct load_options *o, struct err *e)
{
    if ((double)o->devices * o->rps > total_rate_max) {
        return err_set(e, ERR_INVALID, "--devices times --rps must be at most %.0f a second",
                       total_rate_max);
    }
    if (o->action == LOAD_PRINT_BODIES && o->requests == 0 && o->duration_ms == 0) {
        return err_set(e, ERR_INVALID, "--print-bodies needs --requests or --duration");
    }
    return 0;
}

int load_options_parse(struct load_options *o, int argc, char **argv, struct err *e)
{
    *o = (struct load_options){.action = LOAD_RUN};
    int failed = 0;
    for (size_t i = 0; i < ROWS && !failed; i++) {
        failed = rows[i].fallback ? rows[i].set(o, rows[i].fallback, e) : 0;
    }
    for (int i = 1; i < argc && !failed; i++) {
        failed = parse_one(o, argc, argv, &i, e);
        if (o->action == LOAD_HELP || o->action == LOAD_VERSION) {
            return failed;
        }
    }
    return failed ? failed : check_together(o, e);
}

static void help_row(struct buf *out, const struct row *row)
{
    char left[32];
    snprintf(left, sizeof left, "--%s%s%s", row->name, row->value ? " " : "",
             row->value ? row->value : "");
    buf_printf(out, "  %-22s %s", left, row->help);
    if (row->fallback) {
        buf_printf(out, " [default: %s]", row->fallback);
    }
    buf_char(out, '\n');
}

void load_options_help(struct buf *out)
{
    buf_str(out,
            "weir-load sends readings to weir-ingest at a fixed rate and reports what came back.\n"
            "\n"
            "Usage: weir-load [options]\n"
            "\n"
            "  weir-load --devices 10 --rps 1.0 --base-url http://localhost:8001\n"
            "  weir-load --devices 500 --rps 2 --duration 30s --fail-if 'p99>50ms' "
            "--fail-if 'errors>0'\n"
            "\n"
            "Options:\n");
    for (size_t i = 0; i < ROWS; i++) {
        help_row(out, &rows[i]);
    }
    buf_str(out,
            "\n"
            "The plan is fixed: request i is due i / (devices * rps) seconds after the start, "
            "whatever\nthe server does. When all connections are busy, requests wait, and their "
            "latency counts\nfrom the time they were due. Requests are sent once: no retries. "
            "\"lateness\" is how late\nweir-load itself noticed that a request was due; when it is "
            "large, distrust the figures.\n"
            "\n"
            "Bodies: the same --seed, --start, --devices and --rps give the same bodies, byte for "
            "byte.\nWithout --start the first time stamp is the present, and values follow the "
            "time of day.\n"
            "\n"
            "Conditions: METRIC OPERATOR VALUE, with one of < <= > >= ==. Metrics: ");
    buf_str(out, fail_if_metrics());
    buf_str(
        out,
        ".\nTimes need a unit (us, ms, s); rate is accepted readings a second; errors are "
        "requests\nwithout an answer; refused are answers other than 2xx.\n"
        "\n"
        "JSON summary: sent, answered, accepted, refused, status (count by code), errors "
        "(count by\nclass: connect, timeout, reset, protocol, unsent, and total), elapsed_s, "
        "rate_per_s,\nlatency_ms and lateness_ms (mean, p50, p90, p99, p99_9, max; null "
        "without samples), failed\n(the conditions that hold), and the plan: base_url, devices, "
        "rps, connections, seed, start.\n"
        "\n"
        "Ctrl-C ends the plan, waits for open requests and prints the summary; a second one "
        "exits\nat once. Exit status: 0 done, 1 a condition holds or the run was impossible, 2 "
        "bad options.\n");
}
