/* How often one event may appear in the log, so that a storm of errors stays readable. */
#ifndef WEIR_OBS_LOG_LIMIT_H
#define WEIR_OBS_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LOG_LIMIT_LINES = 10,        /* lines of one event ... */
    LOG_LIMIT_WINDOW_MS = 10000, /* ... in this time */
    LOG_LIMIT_EVENTS = 128,      /* events told apart; further ones are not limited */
};

struct log_limit_slot {
    const char *event; /* borrowed: event names are constants */
    uint64_t window_start_ms;
    uint32_t lines;
    uint64_t suppressed;
};

/* Zero-initialise. */
struct log_limit {
    struct log_limit_slot slot[LOG_LIMIT_EVENTS];
    unsigned used;
};

/* Whether a line of `event` may be written now; *suppressed = how many were left out before. */
bool log_limit_take(struct log_limit *l, const char *event, uint64_t now_ms, uint64_t *suppressed);

#endif
