/* The log: one event a line, JSON for machines or a readable line for a terminal. */
#include "common/obs/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/xmalloc.h"
#include "common/obs/log_limit.h"
#include "common/obs/log_line.h"

struct log {
    int fd;
    bool human, colour;
    enum log_level level;
    const char *service; /* borrowed */
    struct clock clock;
    pthread_mutex_t lock; /* guards what is below */
    struct log_limit limit;
    struct buf line;
};

static bool is_human(int fd, enum log_format format)
{
    return format == LOG_FORMAT_HUMAN || (format == LOG_FORMAT_AUTO && isatty(fd));
}

/* https://no-color.org: any non-empty value switches colours off. */
static bool wants_colour(int fd)
{
    const char *no = getenv("NO_COLOR");
    return isatty(fd) && !(no && *no);
}

struct log *log_new(int fd, const char *service, enum log_level level, enum log_format format)
{
    struct log *l = xcalloc(1, sizeof *l);
    l->fd = fd;
    l->service = service;
    l->human = is_human(fd, format);
    l->colour = wants_colour(fd);
    l->clock = clock_system();
    l->level = level;
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void log_free(struct log *l)
{
    if (!l)
        return;
    pthread_mutex_destroy(&l->lock);
    buf_deinit(&l->line);
    free(l);
}

void log_set_clock(struct log *l, struct clock clock)
{
    l->clock = clock;
}

bool log_level_parse(const char *word, enum log_level *level)
{
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
        if (strcmp(word, log_level_name((enum log_level)i)) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_format_parse(const char *word, enum log_format *format)
{
    static const char *const names[] = {
        [LOG_FORMAT_AUTO] = "auto", [LOG_FORMAT_JSON] = "json", [LOG_FORMAT_HUMAN] = "human"};
    for (int i = LOG_FORMAT_AUTO; i <= LOG_FORMAT_HUMAN; i++) {
        if (strcmp(word, names[i]) == 0) {
            *format = (enum log_format)i;
            return true;
        }
    }
    return false;
}

/* A log that cannot be written is no reason to stop; the rest of the line is given up. */
static void write_all(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        p += n;
        len -= (size_t)n;
    }
}

void log_write(struct log *l, enum log_level level, const char *event,
               const struct log_field *fields)
{
    if (!l || level < l->level)
        return;
    struct log_line line = {.level = level, .service = l->service, .event = event};
    line.fields = fields;
    pthread_mutex_lock(&l->lock);
    if (log_limit_take(&l->limit, event, clock_monotonic_ms(&l->clock), &line.suppressed)) {
        line.time_ms = clock_wall_ms(&l->clock);
        buf_clear(&l->line);
        if (l->human)
            log_line_human(&line, l->colour, &l->line);
        else
            log_line_json(&line, &l->line);
        write_all(l->fd, l->line.data, l->line.len);
    }
    pthread_mutex_unlock(&l->lock);
}
