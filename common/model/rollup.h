/* Rollups: hours folded from the windows of their minutes, days from their hours. Pure values. */
#ifndef WEIR_MODEL_ROLLUP_H
#define WEIR_MODEL_ROLLUP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/model/window.h"

/* An hour has 60 sources, a day 24. Days are those of UTC. */
enum { ROLLUP_SOURCES_MAX = 60 };

struct rollup_level {
    int64_t length_ms;
    int64_t source_ms; /* length of what it is folded from; a divisor of length_ms */
};

extern const struct rollup_level rollup_hour, rollup_day;

/* A window, or a rollup of the level below, as a rollup sees it. */
struct rollup_source {
    int64_t start_ms;
    int64_t rev;   /* of the stored document, so at least 1; grows with every change of it */
    uint64_t late; /* as in struct window */
    bool final;
    struct window_stats stats;
};

/* Of a rollup: the sources that were final when they were folded in, folded together. As long as
 * none of them changes, which late readings alone do, they need not be read again. */
struct rollup_settled {
    uint64_t places; /* a bit for each source, by its place in the period */
    uint64_t late;
    struct window_stats stats;
};

/* One sensor of one device in one hour or day. Its id is window_id(), as that of a window. Since
 * window_stats does not depend on the order of folding, neither does anything here. */
struct rollup {
    const struct rollup_level *level; /* borrowed: one of the two above */
    int64_t start_ms;                 /* aligned to the length, epoch based */
    int64_t rev;                      /* of the stored document; 0 = not stored yet */
    int64_t src[ROLLUP_SOURCES_MAX];  /* revision of each source that is folded in; 0 = none */
    uint64_t late;
    bool final; /* the period is over and so are all its sources: only late readings change it */
    struct window_stats stats;
    struct rollup_settled settled; /* a part of all this */
};

unsigned rollup_sources(const struct rollup_level *level); /* 60, or 24 */
/* Start of the i-th source of the period that starts at start_ms. */
int64_t rollup_source_start(const struct rollup_level *level, int64_t start_ms, unsigned i);

/* The bit of the source that starts then; 0 when it is of another period or not aligned. */
uint64_t rollup_place(const struct rollup *r, int64_t source_start_ms);
/* The bits of all sources that are folded in; of all that start before t_ms. */
uint64_t rollup_places(const struct rollup *r);
uint64_t rollup_places_before(const struct rollup *r, int64_t t_ms);

/* The period that holds the time t_ms. */
void rollup_init(struct rollup *r, const struct rollup_level *level, int64_t t_ms);

/* Begins `r` with what is settled in `stored`: the other sources are to be folded in. */
void rollup_resume(struct rollup *r, const struct rollup *stored);

/* False, and nothing changes, when the source is of another period, is folded in already, was never
 * stored (rev < 1) or is empty. */
bool rollup_fold(struct rollup *r, const struct rollup_source *source);

/* To be called when all sources are folded in: sets `final`. A source is complete grace_ms after
 * its end by the clock `now_ms`. */
void rollup_close(struct rollup *r, int64_t now_ms, int64_t grace_ms);

void rollup_source_of_window(const struct window *w, struct rollup_source *out);
void rollup_source_of_rollup(const struct rollup *r, struct rollup_source *out);

/* Whether it is exactly this revision of the source that is folded in. */
bool rollup_holds(const struct rollup *r, int64_t source_start_ms, int64_t rev);

enum rollup_verdict {
    ROLLUP_SAME,  /* nothing to write */
    ROLLUP_NEWER, /* `fresh` replaces `stored` */
    /* `fresh` lacks a source that `stored` holds, or has an older state of it: sources that have
     * expired or were read before somebody else's write. What is stored knows more, it stays. */
    ROLLUP_SOURCES_GONE,
};

/* What to do with a rollup folded anew beside the one that is stored (rev 0 = there is none). */
enum rollup_verdict rollup_compare(const struct rollup *stored, const struct rollup *fresh);

#endif
