/* Views recomputed from readings, up to where they must be complete. */
#include "tools/ctl/recount.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/timestamp.h"
#include "common/base/xmalloc.h"

void recount_init(struct recount *r, size_t partitions)
{
    *r = (struct recount){
        .partitions = partitions,
        .next = xcalloc(partitions + 1, sizeof *r->next),
        .stored = xcalloc(partitions + 1, sizeof *r->stored),
        .oldest = xcalloc(partitions + 1, sizeof *r->oldest),
    };
    for (size_t p = 0; p < partitions; p++)
        r->oldest[p] = INT64_MAX;
}

void recount_deinit(struct recount *r)
{
    free(r->next);
    free(r->stored);
    free(r->oldest);
    *r = (struct recount){.partitions = 0};
}

static int64_t next_of(const struct recount *r, int32_t partition)
{
    return partition >= 0 && (size_t)partition < r->partitions ? r->next[partition] : 0;
}

void recount_note(struct recount *r, const struct reading *reading, int32_t partition,
                  int64_t offset)
{
    if (offset >= next_of(r, partition))
        return;
    r->stored[partition]++;
    if (reading->received_at_ms < r->oldest[partition])
        r->oldest[partition] = reading->received_at_ms;
}

/* --- windows ---------------------------------------------------------------------------------- */

void minute_begin(struct minute *m, int64_t start_ms)
{
    for (unsigned i = 0; i < m->count; i++) {
        window_deinit(&m->item[i].have);
        window_deinit(&m->item[i].want);
    }
    m->start_ms = start_ms;
    m->count = 0;
}

void minute_deinit(struct minute *m)
{
    minute_begin(m, 0);
    free(m->item);
    *m = (struct minute){.start_ms = 0};
}

struct minute_window *minute_sensor(struct minute *m, struct span sensor)
{
    for (unsigned i = 0; i < m->count; i++)
        if (span_is(sensor, m->item[i].sensor))
            return &m->item[i];
    if (m->count == m->cap) {
        m->cap = m->cap ? 2 * m->cap : 8;
        m->item = xreallocarray(m->item, m->cap, sizeof *m->item);
    }
    struct minute_window *w = &m->item[m->count++];
    *w = (struct minute_window){.readable = true, .sound = true};
    if (sensor.len > 0)
        memcpy(w->sensor, sensor.p,
               sensor.len < sizeof w->sensor ? sensor.len : sizeof w->sensor - 1);
    window_init(&w->have, m->start_ms);
    window_init(&w->want, m->start_ms);
    return w;
}

void minute_fold(struct minute *m, const struct recount *r, const struct reading *reading,
                 int32_t partition, int64_t offset)
{
    int64_t next = next_of(r, partition);
    for (unsigned i = 0; i < reading->sensors; i++) {
        struct minute_window *w = minute_sensor(m, reading->sensor[i].name);
        if (offset < next || offset <= window_src(&w->have, partition))
            window_gather(&w->want, partition, offset, reading->ts_ms, reading->sensor[i].value);
    }
}

static uint64_t readings_of(const struct window *w)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < w->shares; i++)
        n += w->share[i].stats.count;
    return n;
}

bool window_may_have_expired(const struct minute_window *w)
{
    return w->stored && w->readable && readings_of(&w->have) >= readings_of(&w->want);
}

/* --- what differs ----------------------------------------------------------------------------- */

static bool differ(struct difference *d, const char *field)
{
    d->field = field;
    return true;
}

static bool counts_differ(struct difference *d, const char *field, int64_t stored, int64_t expected)
{
    if (stored == expected)
        return false;
    snprintf(d->stored, sizeof d->stored, "%lld", (long long)stored);
    snprintf(d->expected, sizeof d->expected, "%lld", (long long)expected);
    return differ(d, field);
}

static bool numbers_differ(struct difference *d, const char *field, double stored, double expected)
{
    if (stored == expected)
        return false;
    snprintf(d->stored, sizeof d->stored, "%.17g", stored);
    snprintf(d->expected, sizeof d->expected, "%.17g", expected);
    return differ(d, field);
}

static bool times_differ(struct difference *d, const char *field, int64_t stored, int64_t expected)
{
    if (stored == expected)
        return false;
    char text[TIMESTAMP_TEXT_MAX];
    timestamp_format(stored, text);
    snprintf(d->stored, sizeof d->stored, "%s", text);
    timestamp_format(expected, text);
    snprintf(d->expected, sizeof d->expected, "%s", text);
    return differ(d, field);
}

static bool presence_differs(struct difference *d, const char *field, bool stored, bool expected)
{
    if (stored == expected)
        return false;
    snprintf(d->stored, sizeof d->stored, "%s", stored ? "one" : "nothing");
    snprintf(d->expected, sizeof d->expected, "%s", expected ? "one" : "nothing");
    return differ(d, field);
}

static bool stats_differ(const struct window_stats *have, const struct window_stats *want,
                         struct difference *d)
{
    if (window_stats_equal(have, want))
        return false;
    return counts_differ(d, "count", (int64_t)have->count, (int64_t)want->count) ||
           numbers_differ(d, "min", have->min, want->min) ||
           numbers_differ(d, "max", have->max, want->max) ||
           numbers_differ(d, "first", have->first, want->first) ||
           numbers_differ(d, "last", have->last, want->last) ||
           times_differ(d, "first_ms", have->first_ms, want->first_ms) ||
           times_differ(d, "last_ms", have->last_ms, want->last_ms) ||
           numbers_differ(d, "sum", window_stats_sum(have), window_stats_sum(want)) ||
           numbers_differ(d, "squares", exact_sum_value(&have->squares),
                          exact_sum_value(&want->squares)) ||
           differ(d, "sums"); /* equal when rounded, not exactly */
}

bool window_differs(const struct minute_window *w, struct difference *d)
{
    *d = (struct difference){.stored = "other bits", .expected = "those of its readings"};
    if (presence_differs(d, "document", w->stored, w->want.shares > 0))
        return true;
    if (!w->stored)
        return false;
    if (!w->readable) {
        snprintf(d->stored, sizeof d->stored, "what is no window");
        return differ(d, "document");
    }
    struct window_stats have, want;
    window_total(&w->have, &have);
    window_total(&w->want, &want);
    if (stats_differ(&have, &want, d) || counts_differ(d, "shares", w->have.shares, w->want.shares))
        return true;
    for (unsigned i = 0; i < w->want.shares; i++) {
        const struct window_share *a = &w->have.share[i], *b = &w->want.share[i];
        if (counts_differ(d, "partition", a->partition, b->partition) ||
            stats_differ(&a->stats, &b->stats, d) || counts_differ(d, "src", a->src, b->src))
            return true;
    }
    return false;
}

/* --- last states ------------------------------------------------------------------------------ */

void recount_device(struct device_state *want, const struct device_state *have,
                    const struct recount *r, const struct reading *reading, int32_t partition,
                    int64_t offset)
{
    if (offset < next_of(r, partition) || offset <= device_state_src(have, partition))
        device_state_gather(want, partition, offset, reading);
}

static bool sensors_differ(const struct device_state *have, const struct device_state *want,
                           struct difference *d)
{
    if (counts_differ(d, "sensors", have->sensors, want->sensors))
        return true;
    for (unsigned i = 0; i < have->sensors; i++) {
        const struct device_sensor *a = &have->sensor[i], *b = &want->sensor[i];
        if (strcmp(a->name, b->name) != 0) {
            snprintf(d->stored, sizeof d->stored, "%.47s", a->name);
            snprintf(d->expected, sizeof d->expected, "%.47s", b->name);
            return differ(d, "sensors");
        }
        if (numbers_differ(d, "value of a sensor", a->value, b->value) ||
            times_differ(d, "time of a sensor", a->ts_ms, b->ts_ms))
            return true;
    }
    return false;
}

static bool places_differ(const struct device_state *have, const struct device_state *want,
                          struct difference *d)
{
    if (presence_differs(d, "position", have->has_position, want->has_position) ||
        presence_differs(d, "online", have->has_online, want->has_online))
        return true;
    return (have->has_position && (numbers_differ(d, "lat", have->lat, want->lat) ||
                                   numbers_differ(d, "lon", have->lon, want->lon))) ||
           (have->has_online && counts_differ(d, "online", have->online, want->online));
}

bool device_differs(const struct device_state *have, const struct device_state *want,
                    struct difference *d)
{
    *d = (struct difference){.field = NULL};
    return presence_differs(d, "document", have->shares > 0, want->shares > 0) ||
           counts_differ(d, "readings", (int64_t)device_state_readings(have),
                         (int64_t)device_state_readings(want)) ||
           times_differ(d, "last_ts", have->last_ts_ms, want->last_ts_ms) ||
           times_differ(d, "last_seen", have->last_seen_ms, want->last_seen_ms) ||
           times_differ(d, "first_seen", have->first_seen_ms, want->first_seen_ms) ||
           times_differ(d, "status", have->status_ms, want->status_ms) ||
           places_differ(have, want, d) || sensors_differ(have, want, d);
}
