/* An event loop that one thread has to itself. */
#ifndef WEIR_APP_LOOP_H
#define WEIR_APP_LOOP_H

#include <event2/event.h>

#include "common/base/err.h"

/* Without locks: only the thread that runs it may touch it, and before that the one that made it.
 * event_base_free is the caller's. */
WEIR_MUST_CHECK int loop_new(struct event_base **out, struct err *e);

#endif
