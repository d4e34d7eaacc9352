/* Points in time as operators give them to a command. Pure. */
#ifndef WEIR_CTL_WHEN_H
#define WEIR_CTL_WHEN_H

#include <stdint.h>

#include "common/base/err.h"

#define WHEN_HELP "RFC 3339, milliseconds since 1970, or a time before now such as -15m."

/* RFC 3339 ("2026-11-21T10:00:00Z"), milliseconds since 1970, or a duration before now ("-15m").
 * 0 or ERR_INVALID, naming `flag`. */
WEIR_MUST_CHECK int when_parse(const char *flag, const char *text, int64_t now_ms, int64_t *out,
                               struct err *e);

#endif
