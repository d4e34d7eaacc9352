/* Points in time as operators give them to a command. */
#include "tools/ctl/when.h"

#include "common/base/num.h"
#include "common/base/timestamp.h"
#include "common/base/units.h"

int when_parse(const char *flag, const char *text, int64_t now_ms, int64_t *out, struct err *e)
{
    int64_t before;
    if (text[0] == '-' && duration_parse(span_str(text + 1), &before)) {
        *out = now_ms - before;
        return 0;
    }
    if (num_parse_i64(span_str(text), 0, TIMESTAMP_MAX_MS, out) ||
        timestamp_parse(span_str(text), out))
        return 0;
    return err_set(e, ERR_INVALID,
                   "--%s: \"%s\" is no time; allowed are 2026-11-21T10:00:00Z, milliseconds since "
                   "1970, and a time before now such as -15m",
                   flag, text);
}
