/* How far a long command is: a bar on a terminal, now and then a line anywhere else. */
#ifndef WEIR_CTL_PROGRESS_H
#define WEIR_CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Zero-initialise but for the first four. */
struct progress {
    FILE *out;        /* borrowed; standard error */
    const char *what; /* "readings" */
    uint64_t total;   /* about; 0 = not known */
    bool bar;         /* `out` is a terminal */
    uint64_t next_ms; /* monotonic; when to say something again */
    bool shown;       /* a bar stands on the terminal's line */
};

/* To be called often: says something at most five times a second (a bar), every ten seconds else.
 */
void progress_tick(struct progress *p, uint64_t done, uint64_t now_ms);
/* Takes the bar away, so that lines can be printed. */
void progress_clear(struct progress *p);

#endif
