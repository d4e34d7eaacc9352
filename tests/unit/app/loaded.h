/* Runs options_load as a program would, and keeps what it printed. */
#ifndef WEIR_TESTS_UNIT_APP_LOADED_H
#define WEIR_TESTS_UNIT_APP_LOADED_H

#include "common/app/options.h"

struct sample {
    const char *listen, *url, *level, *token;
    int64_t count, wait_ms, limit_bytes;
    double share;
    bool create;
};

struct loaded {
    enum options_outcome outcome;
    struct options *options;
    struct sample sample;
    char *out, *err; /* owned */
};

/* The words of a command line or an environment, ended by NULL. */
#define WORDS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

struct loaded load(const char *const *flags, const char *const *environment);
void loaded_free(struct loaded *l);

/* A file with these contents under /tmp; the path is owned by the caller, who also removes it. */
char *temporary_file(const char *contents);
/* "PREFIXpath", to be freed. */
char *joined(const char *prefix, const char *path);

#endif
