/* One line of the log as text: JSON for machines, or words and colours for a terminal. */
#ifndef WEIR_OBS_LOG_LINE_H
#define WEIR_OBS_LOG_LINE_H

#include "common/base/buf.h"
#include "common/obs/log.h"

struct log_line {
    int64_t time_ms; /* since 1970 UTC */
    enum log_level level;
    const char *service, *event;
    const struct log_field *fields; /* ended by LOG_FIELD_END */
    uint64_t suppressed;            /* lines of this event left out before this one */
};

const char *log_level_name(enum log_level level);

/* Both end with a newline and contain no other; whatever the strings hold, it stays one line. */
void log_line_json(const struct log_line *line, struct buf *out);
void log_line_human(const struct log_line *line, bool colour, struct buf *out);

#endif
