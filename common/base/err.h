/* Error codes and the error message that travels beside them. */
#ifndef WEIR_BASE_ERR_H
#define WEIR_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* Functions that can fail return 0 (or a count) on success and one of these negative codes. */
enum err_code {
    ERR_OK = 0,
    ERR_INVALID = -1,   /* the input breaks a rule; trying again cannot help */
    ERR_SYNTAX = -2,    /* the input is not in the expected language at all (not JSON, not HTTP) */
    ERR_TOO_LARGE = -3, /* over a size or count limit */
    ERR_NOT_FOUND = -4, /* the thing named does not exist */
    ERR_EXISTS = -5,    /* the thing named exists already */
    ERR_CONFLICT = -6,  /* somebody else changed it first: read again, then decide */
    ERR_FULL = -7,      /* a bounded queue or budget is used up; later may work */
    ERR_TIMEOUT = -8,   /* no answer in time: the outcome is unknown */
    ERR_UNAVAILABLE = -9, /* a dependency is away; nothing is wrong with the input */
    ERR_IO = -10,         /* the operating system refused */
    ERR_STOPPED = -11,    /* shutting down */
    ERR_FATAL = -12,      /* this handle is dead: make a new one */
    ERR_FAILED = -13,     /* it did not work, and the input may be why: worth a few tries */
};

enum { ERR_MESSAGE_MAX = 256 };

/* Zero-initialise. The first error wins: later err_set calls on a filled struct change nothing. */
struct err {
    int code;
    char message[ERR_MESSAGE_MAX]; /* UTF-8, cut at a character border, no newline */
};

/* Fills `e` (NULL is allowed) unless it already holds an error; always returns `code`. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Forgets the error, so that the struct can be used again. */
void err_clear(struct err *e);

/* Fixed name of a code, for log lines and tests: "invalid", "unavailable", ... */
const char *err_name(int code);

#define WEIR_MUST_CHECK __attribute__((warn_unused_result))

#endif
