/* weir-load: sends readings to weir-ingest at a fixed rate and reports what came back. */
#include <signal.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "tools/load/print.h"
#include "tools/load/run.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int run(const struct load_options *o)
{
    static struct stats stats; /* large: not on the stack */
    struct clock clock = clock_system();
    struct report report = {.options = o, .stats = &stats, .start_ms = o->start_ms};
    struct err e = {0};
    if (!o->has_start) {
        report.start_ms = clock_wall_ms(&clock);
    }
    if (o->action == LOAD_PRINT_BODIES) {
        return print_bodies(o, report.start_ms) ? EXIT_OK : EXIT_FAILED;
    }
    if (run_plan(o, report.start_ms, &stats, &e)) {
        fprintf(stderr, "weir-load: %s\n", e.message);
        return e.code == ERR_INVALID ? EXIT_USAGE : EXIT_FAILED;
    }
    return print_report(&report) ? EXIT_OK : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct load_options o;
    struct err e = {0};
    signal(SIGPIPE, SIG_IGN);
    if (load_options_parse(&o, argc, argv, &e)) {
        fprintf(stderr, "weir-load: %s\nTry 'weir-load --help'.\n", e.message);
        return EXIT_USAGE;
    }
    switch (o.action) {
    case LOAD_HELP:
        return print_help() ? EXIT_OK : EXIT_FAILED;
    case LOAD_VERSION:
        return print_version() ? EXIT_OK : EXIT_FAILED;
    default:
        return run(&o);
    }
}
