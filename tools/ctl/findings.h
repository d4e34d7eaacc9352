/* What a check found to differ: one line each, for people or as JSON. */
#ifndef WEIR_CTL_FINDINGS_H
#define WEIR_CTL_FINDINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/ctl/progress.h"

enum finding_fate {
    FINDING_LEFT,     /* as it was found */
    FINDING_REPAIRED, /* the store holds what is expected now */
};

struct finding {
    const char *what;     /* "window", "device", "ledger", "raw": a closed set */
    const char *where;    /* which one: "dev-1 temperature_c 2026-11-21T10:00:00.000Z" */
    const char *field;    /* what of it: "count" */
    const char *stored;   /* text; "nothing" when there is none */
    const char *expected; /* likewise */
    enum finding_fate fate;
};

/* Something of which a part can neither be shown nor refuted any more. */
struct unchecked {
    const char *where; /* "telemetry.raw/3" */
    const char *field; /* "stored": a closed set */
    uint64_t of;       /* what is said of it; ... */
    uint64_t count;    /* ... so many of them cannot be checked */
    const char *why;
};

struct findings {
    FILE *out;                 /* borrowed */
    bool json;                 /* one object a line */
    struct progress *progress; /* borrowed; gets out of the way of the lines */
    uint64_t left, repaired;
    uint64_t unchecked; /* lines of findings_unchecked: no differences */
};

void findings_add(struct findings *f, const struct finding *finding);
void findings_unchecked(struct findings *f, const struct unchecked *u);

#endif
