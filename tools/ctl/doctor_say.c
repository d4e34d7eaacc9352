/* A line of weirctl doctor, for people or for programs. */
#include <stdarg.h>

#include "common/base/buf.h"
#include "tools/ctl/doctor.h"

static void put_json(struct buf *line, const char *grade, const char *check, const char *said,
                     const char *todo)
{
    buf_printf(line, "{\"grade\":\"%s\",\"check\":", grade);
    buf_json_string(line, span_str(check));
    buf_str(line, ",\"found\":");
    buf_json_string(line, span_str(said));
    buf_str(line, ",\"todo\":");
    if (todo)
        buf_json_string(line, span_str(todo));
    else
        buf_str(line, "null");
    buf_str(line, "}\n");
}

void doctor_say(struct doctor *d, enum health_grade grade, const char *check, const char *todo,
                const char *fmt, ...)
{
    static const char *const names[] = {"ok", "warning", "failed"};
    char said[512];
    struct buf line = {0};
    va_list args;
    va_start(args, fmt);
    vsnprintf(said, sizeof said, fmt, args);
    va_end(args);
    d->count[grade]++;
    if (d->json)
        put_json(&line, names[grade], check, said, todo);
    else
        buf_printf(&line, "%-8s %-24s %s%s%s\n", names[grade], check, said, todo ? "; " : "",
                   todo ? todo : "");
    (void)fwrite(line.data, 1, line.len, d->call->out);
    (void)fflush(d->call->out);
    buf_deinit(&line);
}
