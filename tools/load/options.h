/* The command line of weir-load. */
#ifndef WEIR_LOAD_OPTIONS_H
#define WEIR_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "tools/load/fail_if.h"

enum { LOAD_CONDITIONS_MAX = 16, LOAD_HEADERS_MAX = 16 };

enum load_action { LOAD_RUN, LOAD_PRINT_BODIES, LOAD_HELP, LOAD_VERSION };

/* Strings are borrowed from argv. */
struct load_options {
    enum load_action action;
    const char *base_url;
    int64_t devices, connections;
    double rps;          /* for each device */
    int64_t duration_ms; /* 0 = until stopped */
    int64_t requests;    /* 0 = no limit */
    int64_t timeout_ms;
    int64_t seed;
    bool has_start;
    int64_t start_ms;
    bool json, verbose, allow_remote;
    struct fail_if fail_if[LOAD_CONDITIONS_MAX];
    unsigned conditions;
    const char *header[LOAD_HEADERS_MAX]; /* "Name: value" */
    unsigned headers;
};

/* Flags are `--name value` or `--name=value`; of a flag given twice the last one counts, except
 * for those that say "repeatable". */
WEIR_MUST_CHECK int load_options_parse(struct load_options *o, int argc, char **argv,
                                       struct err *e);

void load_options_help(struct buf *out);

#endif
