/* One line of the log as text: JSON for machines, or words and colours for a terminal. */
#include "common/obs/log_line.h"

#include "common/base/timestamp.h"
#include "common/base/utf8.h"

static const struct {
    const char *name, *padded, *colour;
} levels[] = {
    [LOG_DEBUG] = {"debug", "DEBUG", "\x1b[2m"},
    [LOG_INFO] = {"info", "INFO ", "\x1b[32m"},
    [LOG_WARN] = {"warn", "WARN ", "\x1b[33m"},
    [LOG_ERROR] = {"error", "ERROR", "\x1b[31m"},
};

const char *log_level_name(enum log_level level)
{
    return levels[level].name;
}

/* Text from the network may be anything; each byte that is no UTF-8 becomes U+FFFD. */
static void json_text(struct buf *out, struct span s)
{
    if (utf8_valid(s)) {
        buf_json_string(out, s);
        return;
    }
    struct buf clean = {0};
    while (s.len > 0) {
        size_t good = utf8_cut(s, s.len);
        buf_append(&clean, s.p, good);
        if (good < s.len) {
            buf_str(&clean, "\xef\xbf\xbd");
            good++;
        }
        s = span_of(s.p + good, s.len - good);
    }
    buf_json_string(out, buf_view(&clean));
    buf_deinit(&clean);
}

static void json_value(struct buf *out, const struct log_field *f)
{
    switch (f->type) {
    case LOG_FIELD_STR:
        if (f->value.str)
            json_text(out, span_str(f->value.str));
        else
            buf_str(out, "null");
        break;
    case LOG_FIELD_INT:
        buf_json_i64(out, f->value.i64);
        break;
    case LOG_FIELD_DOUBLE:
        buf_json_double(out, f->value.f64);
        break;
    case LOG_FIELD_BOOL:
        buf_str(out, f->value.boolean ? "true" : "false");
        break;
    case LOG_FIELD_END:
        break;
    }
}

static void json_member(struct buf *out, const char *name)
{
    buf_char(out, ',');
    buf_json_string(out, span_str(name));
    buf_char(out, ':');
}

void log_line_json(const struct log_line *line, struct buf *out)
{
    char time[TIMESTAMP_TEXT_MAX];
    timestamp_format(line->time_ms, time);
    buf_printf(out, "{\"time\":\"%s\",\"level\":\"%s\",\"service\":\"%s\",\"event\":", time,
               log_level_name(line->level), line->service);
    buf_json_string(out, span_str(line->event));
    for (const struct log_field *f = line->fields; f->type != LOG_FIELD_END; f++) {
        json_member(out, f->name);
        json_value(out, f);
    }
    if (line->suppressed > 0) {
        json_member(out, "suppressed");
        buf_json_i64(out, (int64_t)line->suppressed);
    }
    buf_str(out, "}\n");
}

/* Words without spaces and quotes read best as they are. */
static bool plain_word(const char *s)
{
    if (!s || !*s)
        return false;
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return true;
}

static void human_field(struct buf *out, const struct log_field *f)
{
    buf_printf(out, " %s=", f->name);
    if (f->type == LOG_FIELD_STR && plain_word(f->value.str))
        buf_str(out, f->value.str);
    else
        json_value(out, f);
}

void log_line_human(const struct log_line *line, bool colour, struct buf *out)
{
    char time[TIMESTAMP_TEXT_MAX];
    timestamp_format(line->time_ms, time);
    const char *on = colour ? levels[line->level].colour : "";
    const char *off = colour ? "\x1b[0m" : "";
    buf_printf(out, "%s %s%s%s %s", time, on, levels[line->level].padded, off, line->event);
    for (const struct log_field *f = line->fields; f->type != LOG_FIELD_END; f++)
        human_field(out, f);
    if (line->suppressed > 0)
        buf_printf(out, " suppressed=%llu", (unsigned long long)line->suppressed);
    buf_char(out, '\n');
}
