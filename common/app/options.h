/* Settings as one table: flag > environment > file > default, with --help and its friends. */
#ifndef WEIR_APP_OPTIONS_H
#define WEIR_APP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/err.h"
#include "common/kafka/config.h"

enum option_type {
    OPTION_STRING,
    OPTION_INT,
    OPTION_DOUBLE,
    OPTION_BOOL,
    OPTION_DURATION,
    OPTION_SIZE,
    OPTION_CHOICE
};

/* One setting. The flag is the name in lower case with '-': KAFKA_BOOTSTRAP_SERVERS is
 * --kafka-bootstrap-servers. Values land in the struct that options_load is given. */
struct option_row {
    const char *name;  /* "KAFKA_BOOTSTRAP_SERVERS"; NULL ends the table */
    const char *alias; /* "KAFKA_BOOTSTRAP", or NULL; both set and different is an error */
    enum option_type type;
    size_t field; /* offsetof into the daemon's settings: const char *, int64_t, double, bool,
                     int64_t ms, int64_t bytes, const char * */
    const char *fallback; /* default as text; NULL = none. What has one may not be set empty */
    double min, max;      /* for numbers, durations (ms) and sizes (bytes); both 0 = any */
    const char *choices;  /* "debug|info|warn|error" for OPTION_CHOICE */
    bool secret;          /* masked in --print-config; NAME_FILE reads it from a file */
    const char *group;    /* heading in --help */
    const char *help;     /* one sentence */
    /* Further check of a value that is not empty; fills *e with what is wrong. May be NULL. */
    int (*valid)(const char *text, struct err *e);
};

struct options; /* the loaded settings: owns every string */

enum options_outcome { OPTIONS_RUN, OPTIONS_EXIT_OK, OPTIONS_EXIT_USAGE };

struct options_program {
    const char *name;    /* "weir-ingest" */
    const char *summary; /* one line */
    const struct option_row *rows;
    /* Unknown environment variables that begin with one of these (comma-separated) are errors;
     * NULL = none. WEIR_CONFIG, WEIR_RUN and WEIR_BIN are always allowed. */
    const char *env_prefixes;
    /* Checks across settings; reports each error through options_error. May be NULL. */
    void (*check)(struct options *o, const void *settings);
};

/* Reads flags, environment, --config FILE (also WEIR_CONFIG; NAME=value lines, '#' comments) and
 * defaults into `settings`; serves --help, --version, --print-config, --check-config. Prints every
 * error at once (with "did you mean"). KAFKA_OPT_* (and --kafka-opt name=value) are collected and
 * checked. An environment variable that is empty counts as not set; a flag given twice: the last
 * one wins. Strings in `settings` live as long as *out. *out is always set. */
WEIR_MUST_CHECK enum options_outcome options_load(struct options **out,
                                                  const struct options_program *program,
                                                  void *settings, int argc, char **argv,
                                                  char **environ_, FILE *stdout_, FILE *stderr_);
void options_free(struct options *o);
void options_error(struct options *o, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* What --probe is to ask instead of running, or NULL. */
const char *options_probe(const struct options *o);
/* Sorted by name; they live as long as `o`. */
const struct kafka_property *options_kafka_properties(const struct options *o, size_t *count);

#endif
