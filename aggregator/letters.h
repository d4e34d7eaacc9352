/* The dead-letter port: what can never be stored goes here, and stays said once it is acknowledged.
 */
#ifndef WEIR_AGGREGATOR_LETTERS_H
#define WEIR_AGGREGATOR_LETTERS_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/model/dead_letter.h"

struct letters {
    void *self; /* borrowed */
    /* 0 when every letter is acknowledged; ERR_UNAVAILABLE when any outcome is unknown: send all of
     * them again (readers tell repeats by the origin). Blocks for a bounded time. */
    int (*send)(void *self, const struct dead_letter *items, size_t count, struct err *e);
};

#endif
