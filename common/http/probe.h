/* --probe: one GET with a deadline, for health checks where nothing else can ask. */
#ifndef WEIR_HTTP_PROBE_H
#define WEIR_HTTP_PROBE_H

#include "common/base/clock.h"
#include "common/http/probe_target.h"

enum { PROBE_DEADLINE_MS = 2000 };

/* 0 when the answer is a 2xx within `deadline_ms`; else *e is a sentence with what came instead:
 * ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_SYNTAX (no HTTP), ERR_FAILED (another status). Blocks. */
WEIR_MUST_CHECK int probe_ask(const struct probe_target *t, const struct clock *clock,
                              int64_t deadline_ms, struct err *e);

#endif
