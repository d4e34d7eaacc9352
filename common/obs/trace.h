/* The trace a request belongs to: W3C Trace Context, Recommendation of 23 November 2021. Pure. */
#ifndef WEIR_OBS_TRACE_H
#define WEIR_OBS_TRACE_H

#include <stdbool.h>

#include "common/base/span.h"

enum {
    TRACE_PARENT_LEN = 55, /* "00-" 32 hex digits "-" 16 hex digits "-" 2 hex digits */
    TRACE_ID_LEN = 32,     /* hex digits */
    TRACE_STATE_MAX = 512, /* bytes that are passed on (section 3.3.1.5) */
    TRACE_STATE_MEMBERS_MAX = 32,
};

/* Reads the value of a traceparent header (section 3.2) and writes what is to be passed on: the
 * same ids in version 00. A version above 00 may have more behind the flags, and of its flags only
 * "sampled" is known; flags that version 00 does not know are passed on as 0. False, and out is "":
 * anything else, version ff, a trace id or parent id of zeros. */
bool trace_parent_parse(struct span value, char out[TRACE_PARENT_LEN + 1]);
/* The trace id inside a parsed traceparent. */
struct span trace_parent_id(const char parent[TRACE_PARENT_LEN + 1]);

/* Whether a tracestate (section 3.3, several fields joined by commas) may be passed on as it is:
 * at most TRACE_STATE_MAX bytes and TRACE_STATE_MEMBERS_MAX members, each key once, and at least
 * one. */
bool trace_state_valid(struct span value);

#endif
