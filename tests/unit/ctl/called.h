/* Runs weirctl's commands as its main does, and keeps what they printed. */
#ifndef WEIR_TESTS_UNIT_CTL_CALLED_H
#define WEIR_TESTS_UNIT_CTL_CALLED_H

#include "tools/ctl/command.h"

struct called {
    int status;
    char *out, *err; /* owned */
};

/* The words behind "weirctl". */
#define CALL(...) called((const char *const[]){"weirctl", __VA_ARGS__ __VA_OPT__(, ) NULL})
struct called called(const char *const *words);
void called_free(struct called *c);

/* Runs the words, and checks status and a part of standard output (status 0) or standard error. */
#define MUST_SAY(expected, part, ...) \
    must_say((expected), (part), (const char *const[]){"weirctl", __VA_ARGS__ __VA_OPT__(, ) NULL})
void must_say(int expected, const char *part, const char *const *words);

#endif
