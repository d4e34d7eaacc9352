/* A command as a row of a table: its words, its flags, its help, and what it does. */
#ifndef WEIR_CTL_COMMAND_H
#define WEIR_CTL_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "common/app/options.h"
#include "common/base/err.h"

enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2 };
enum { CALL_FLAGS_MAX = 256, CALL_OPERANDS_MAX = 16 };

struct call;

struct flag {
    const char *name;     /* "file", for --file; NULL ends the table */
    const char *value;    /* what stands for the value in --help; NULL: a switch */
    const char *env;      /* where the value comes from when the flag is not given; or NULL */
    const char *fallback; /* else; or NULL */
    bool required;        /* it must come from somewhere */
    bool repeats;
    const char *help; /* sentences; lines are broken for it */
};

struct command {
    const char *name;                 /* "create" */
    const char *summary;              /* one line */
    const struct command *const *sub; /* ended by NULL; a command with these does nothing itself */
    const struct flag *flags;         /* NULL = none but --help */
    const char *operands;             /* "ID", "ID...", "[ID...]"; NULL = takes none */
    /* Settings that come as flags too, from the environment or a file (settings.h); or NULL. */
    const struct option_row *settings;
    const char *help;   /* paragraphs behind the flags, ended by a newline; or NULL */
    const char *status; /* the line on the exit status, when there are more than the usual three */
    int (*run)(const struct call *c); /* CTL_OK, CTL_FAILED, CTL_USAGE or one of `status` */
};

/* A command line that was understood. Everything is borrowed. */
struct call {
    const struct command *command;
    char path[80]; /* "weirctl key create" */
    FILE *out, *err;
    struct {
        const struct flag *flag;
        const char *value;
    } given[CALL_FLAGS_MAX];
    unsigned givens;
    char *setting[CALL_FLAGS_MAX]; /* flags of settings, as they were typed */
    unsigned settings;
    const char *operand[CALL_OPERANDS_MAX];
    unsigned operands;
};

/* Finds the command of these words and runs it; serves --help and --version. Returns the exit
 * status. */
int command_run(const struct command *root, int argc, char **argv, FILE *out, FILE *err);

/* The value of a flag: the last one given, else of its environment variable, else its default;
 * NULL when there is none. The name must be in the table. */
const char *call_flag(const struct call *c, const char *name);
bool call_has(const struct call *c, const char *name);

/* Writes "weirctl key create: MESSAGE" and returns `status`. */
int call_fail(const struct call *c, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for an error of the library: CTL_FAILED. */
int call_error(const struct call *c, const struct err *e);
/* Pushes the output out: CTL_OK, or CTL_FAILED when it could not be written. */
int call_finish(const struct call *c);

/* --- for command.c and command_help.c --- */

void command_help(const struct call *c);

#endif
