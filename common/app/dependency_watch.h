/* Tells once in the log when a dependency goes away and when it comes back. */
#ifndef WEIR_APP_DEPENDENCY_WATCH_H
#define WEIR_APP_DEPENDENCY_WATCH_H

#include "common/app/daemon.h"

struct dependency_state {
    enum { DEPENDENCY_UNKNOWN, DEPENDENCY_UP, DEPENDENCY_DOWN } is;
    uint64_t since_ms;
};

struct dependency_watch {
    const struct daemon_check *checks; /* borrowed */
    size_t count;
    struct dependency_state *state; /* owned; one for each check */
    struct log *log;                /* borrowed */
    struct metric *up;              /* borrowed: weir_dependency_up{dependency} */
};

void dependency_watch_init(struct dependency_watch *w, const struct daemon_check *checks,
                           size_t count, struct log *log, struct metrics *metrics);
void dependency_watch_deinit(struct dependency_watch *w);

/* Asks every check; to be called about once a second. */
void dependency_watch_turn(struct dependency_watch *w, uint64_t now_ms);

/* "ready", or "waits for kafka, mongo" as of the last turn. */
void dependency_watch_describe(const struct dependency_watch *w, struct buf *out);

#endif
