/* The log: one event a line, JSON for machines or a readable line for a terminal. */
#ifndef WEIR_OBS_LOG_H
#define WEIR_OBS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format {
    LOG_FORMAT_AUTO,
    LOG_FORMAT_JSON,
    LOG_FORMAT_HUMAN
}; /* auto: human on a terminal */

struct log_field {
    const char *name;
    enum { LOG_FIELD_END, LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_DOUBLE, LOG_FIELD_BOOL } type;
    union {
        const char *str; /* NULL is written as null; invalid UTF-8 is replaced */
        int64_t i64;
        double f64;
        bool boolean;
    } value;
};

#define LOG_STR(n, v) ((struct log_field){.name = (n), .type = LOG_FIELD_STR, .value.str = (v)})
#define LOG_INT(n, v) ((struct log_field){.name = (n), .type = LOG_FIELD_INT, .value.i64 = (v)})
#define LOG_DBL(n, v) ((struct log_field){.name = (n), .type = LOG_FIELD_DOUBLE, .value.f64 = (v)})
#define LOG_BOOL(n, v) \
    ((struct log_field){.name = (n), .type = LOG_FIELD_BOOL, .value.boolean = (v)})

struct log;

/* Writes to `fd` (2 for daemons), whole lines, from any thread. `service` is in every line. */
struct log *log_new(int fd, const char *service, enum log_level level, enum log_format format);
void log_free(struct log *l);
/* Times and rate limits come from this clock instead of the machine's; before the first line. */
void log_set_clock(struct log *l, struct clock clock);
/* "debug", "info", "warn", "error", and "auto", "json", "human". False for any other word. */
bool log_level_parse(const char *word, enum log_level *level);
bool log_format_parse(const char *word, enum log_format *format);

/* log_event(l, LOG_WARN, "delivery_failed", LOG_STR("topic", t), LOG_INT("count", n)). Event names
 * are fixed words. After 10 lines of one event in 10 s the rest is counted, and told as
 * "suppressed": n with the next one let through. `l` may be NULL (nothing is written). */
#define log_event(l, level, event, ...) \
    log_write((l), (level), (event), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})
void log_write(struct log *l, enum log_level level, const char *event,
               const struct log_field *fields);

#endif
