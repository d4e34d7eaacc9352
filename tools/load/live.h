/* The live line on stderr: rewritten on a terminal, a line now and then elsewhere, or nothing. */
#ifndef WEIR_LOAD_LIVE_H
#define WEIR_LOAD_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/load/stats.h"

struct live {
    bool terminal;
    uint64_t every_ns; /* 0 = never */
    uint64_t next_ns;  /* after the start */
    bool shown;
};

void live_init(struct live *l, bool verbose);
void live_update(struct live *l, const struct stats *s, uint64_t elapsed_ns, uint64_t waiting);
void live_end(struct live *l); /* leaves the terminal at the start of an empty line */

#endif
