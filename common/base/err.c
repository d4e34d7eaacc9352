/* Error codes with their names, and messages that stay valid UTF-8 on one line. */
#include "common/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/span.h"
#include "common/base/utf8.h"

enum { FORMATTED_MAX = 1024 };

/* Copies `text` into `out`: what is not UTF-8 becomes '?', control characters become spaces. */
static void copy_clean(struct span text, char out[ERR_MESSAGE_MAX])
{
    size_t used = 0;
    while (text.len > 0) {
        size_t len = utf8_char(text.p, text.p + text.len);
        size_t step = len > 0 ? len : 1;
        if (used + step > ERR_MESSAGE_MAX - 1) {
            break;
        }
        memcpy(out + used, text.p, step);
        if (len == 0) {
            out[used] = '?';
        } else if ((unsigned char)out[used] < 0x20 || out[used] == 0x7f) {
            out[used] = ' ';
        }
        used += step;
        text = span_of(text.p + step, text.len - step);
    }
    out[used] = '\0';
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
    if (!e || e->code != ERR_OK) {
        return code;
    }
    char formatted[FORMATTED_MAX];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(formatted, sizeof formatted, fmt, args);
    va_end(args);
    if (len < 0) {
        formatted[0] = '\0';
    }
    e->code = code;
    copy_clean(span_str(formatted), e->message);
    return code;
}

void err_clear(struct err *e)
{
    e->code = ERR_OK;
    e->message[0] = '\0';
}

const char *err_name(int code)
{
    static const char *const names[] = {
        "ok",   "invalid", "syntax",      "too_large", "not_found", "exists", "conflict",
        "full", "timeout", "unavailable", "io",        "stopped",   "fatal",  "failed",
    };
    int last = (int)(sizeof names / sizeof names[0]) - 1;
    return code <= 0 && code >= -last ? names[-code] : "unknown";
}
