/* A last state in few bytes: names have their length, what was never said is left out, and the gaps
 * of a cadence take two bytes each where they fit. There is always room for all of them, so that
 * the size seldom changes.
 *
 *   flags(1) shares(1 or 5) sensors(1 or 5) last_seen last_ts first_seen skew(32)
 *   | lat lon position_ms(24) | online_ms(8) | status_ms status_received_ms(16) status_id(12)
 *   | share: partition(4) src(8) readings(8) last_ms(8) flags gaps next(3) gaps(64 or 128) ...
 *   | sensor: value(8) ts_ms(8) length(1) name ... */
#include "common/model/device_pack.h"

#include <string.h>

#include "common/base/xmalloc.h"

enum { HEAD = 33, POSITION = 24, ONLINE = 8, STATUS = 28, SHARE = 31, SENSOR = 17 };
enum { HAS_POSITION = 1, HAS_ONLINE = 2, IS_ONLINE = 4, HAS_STATUS = 8 };
enum { STARTED = 1, WIDE = 2 };

static bool has_status(const struct device_state *d)
{
    static const struct reading_id none;
    return d->status_ms || d->status_received_ms || memcmp(&d->status_id, &none, sizeof none) != 0;
}

static bool is_wide(const struct cadence *c)
{
    uint32_t all = 0;
    for (unsigned i = 0; i < CADENCE_SLOTS; i++)
        all |= c->gap_ms[i];
    return all > UINT16_MAX;
}

/* One byte, or one that says that four follow. */
enum { COUNT_FOLLOWS = 255 };

static size_t count_size(uint32_t n)
{
    return n < COUNT_FOLLOWS ? 1 : 1 + sizeof n;
}

static size_t head_size(const struct device_state *d)
{
    size_t size = HEAD + count_size(d->shares) + count_size(d->sensors);
    size += d->has_position ? POSITION : 0;
    size += d->has_online ? ONLINE : 0;
    return size + (has_status(d) ? STATUS : 0);
}

size_t device_pack_size(const struct device_state *d)
{
    size_t size = head_size(d);
    for (unsigned i = 0; i < d->shares; i++)
        size += SHARE + CADENCE_SLOTS *
                            (is_wide(&d->share[i].cadence) ? sizeof(uint32_t) : sizeof(uint16_t));
    for (unsigned i = 0; i < d->sensors; i++)
        size += SENSOR + strlen(d->sensor[i].name);
    return size;
}

/* --- writing ---------------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static uint8_t *put_count(uint8_t *at, uint32_t n)
{
    *at++ = (uint8_t)(n < COUNT_FOLLOWS ? n : COUNT_FOLLOWS);
    return n < COUNT_FOLLOWS ? at : put(at, &n, sizeof n);
}

static uint8_t *put_gaps(uint8_t *at, const struct cadence *c, bool wide)
{
    uint16_t gap[CADENCE_SLOTS];
    if (wide)
        return put(at, c->gap_ms, sizeof c->gap_ms);
    for (unsigned i = 0; i < CADENCE_SLOTS; i++)
        gap[i] = (uint16_t)c->gap_ms[i];
    return put(at, gap, sizeof gap);
}

/* All but the gaps. */
static uint8_t *put_share_head(uint8_t *at, const struct device_share *s, bool wide)
{
    const struct cadence *c = &s->cadence;
    uint8_t flags = (uint8_t)((c->started ? STARTED : 0) | (wide ? WIDE : 0));
    at = put(at, &s->partition, sizeof s->partition);
    at = put(at, &s->src, sizeof s->src);
    at = put(at, &s->readings, sizeof s->readings);
    at = put(at, &c->last_ms, sizeof c->last_ms);
    return put(at, (uint8_t[]){flags, c->gaps, c->next}, 3);
}

static uint8_t *put_share(uint8_t *at, const struct device_share *s)
{
    bool wide = is_wide(&s->cadence);
    return put_gaps(put_share_head(at, s, wide), &s->cadence, wide);
}

static uint8_t *put_sensor(uint8_t *at, const struct device_sensor *s)
{
    uint8_t len = (uint8_t)strlen(s->name);
    at = put(at, &s->value, sizeof s->value);
    at = put(at, &s->ts_ms, sizeof s->ts_ms);
    at = put(at, &len, sizeof len);
    return put(at, s->name, len);
}

static uint8_t *put_head(uint8_t *at, const struct device_state *d)
{
    *at++ = (uint8_t)((d->has_position ? HAS_POSITION : 0) | (d->has_online ? HAS_ONLINE : 0) |
                      (d->online ? IS_ONLINE : 0) | (has_status(d) ? HAS_STATUS : 0));
    at = put_count(put_count(at, d->shares), d->sensors);
    at = put(at, (int64_t[]){d->last_seen_ms, d->last_ts_ms, d->first_seen_ms, d->skew_ms},
             4 * sizeof(int64_t));
    if (d->has_position) {
        at = put(at, (double[]){d->lat, d->lon}, 2 * sizeof(double));
        at = put(at, &d->position_ms, sizeof d->position_ms);
    }
    if (d->has_online)
        at = put(at, &d->online_ms, sizeof d->online_ms);
    if (has_status(d)) {
        at = put(at, (int64_t[]){d->status_ms, d->status_received_ms}, 2 * sizeof(int64_t));
        at = put(at, &d->status_id, sizeof d->status_id);
    }
    return at;
}

void device_pack(const struct device_state *d, uint8_t *out)
{
    out = put_head(out, d);
    for (unsigned i = 0; i < d->shares; i++)
        out = put_share(out, &d->share[i]);
    for (unsigned i = 0; i < d->sensors; i++)
        out = put_sensor(out, &d->sensor[i]);
}

/* --- reading ---------------------------------------------------------------------------------- */

static const uint8_t *get(const uint8_t *at, void *bytes, size_t len)
{
    memcpy(bytes, at, len);
    return at + len;
}

static const uint8_t *get_count(const uint8_t *at, unsigned *n)
{
    *n = *at++;
    return *n < COUNT_FOLLOWS ? at : get(at, n, sizeof *n);
}

static const uint8_t *get_gaps(const uint8_t *at, struct cadence *c, bool wide)
{
    uint16_t gap[CADENCE_SLOTS];
    if (wide)
        return get(at, c->gap_ms, sizeof c->gap_ms);
    at = get(at, gap, sizeof gap);
    for (unsigned i = 0; i < CADENCE_SLOTS; i++)
        c->gap_ms[i] = gap[i];
    return at;
}

static const uint8_t *get_share_head(const uint8_t *at, struct device_share *s, bool *wide)
{
    struct cadence *c = &s->cadence;
    uint8_t form[3];
    at = get(at, &s->partition, sizeof s->partition);
    at = get(at, &s->src, sizeof s->src);
    at = get(at, &s->readings, sizeof s->readings);
    at = get(at, &c->last_ms, sizeof c->last_ms);
    at = get(at, form, sizeof form);
    c->started = form[0] & STARTED;
    c->gaps = form[1];
    c->next = form[2];
    *wide = form[0] & WIDE;
    return at;
}

static const uint8_t *get_share(const uint8_t *at, struct device_share *s)
{
    bool wide;
    at = get_share_head(at, s, &wide);
    return get_gaps(at, &s->cadence, wide);
}

static const uint8_t *get_sensor(const uint8_t *at, struct device_sensor *s)
{
    uint8_t len;
    at = get(at, &s->value, sizeof s->value);
    at = get(at, &s->ts_ms, sizeof s->ts_ms);
    at = get(at, &len, sizeof len);
    at = get(at, s->name, len);
    s->name[len] = '\0';
    return at;
}

static const uint8_t *get_head(const uint8_t *at, struct device_state *d)
{
    int64_t times[4];
    uint8_t flags = *at++;
    at = get_count(get_count(at, &d->shares), &d->sensors);
    at = get(at, times, sizeof times);
    d->last_seen_ms = times[0], d->last_ts_ms = times[1];
    d->first_seen_ms = times[2], d->skew_ms = times[3];
    d->has_position = flags & HAS_POSITION;
    d->has_online = flags & HAS_ONLINE;
    d->online = flags & IS_ONLINE;
    d->lat = d->lon = 0;
    d->position_ms = d->online_ms = d->status_ms = d->status_received_ms = 0;
    d->status_id = (struct reading_id){.byte = {0}};
    if (d->has_position) {
        at = get(at, &d->lat, sizeof d->lat);
        at = get(at, &d->lon, sizeof d->lon);
        at = get(at, &d->position_ms, sizeof d->position_ms);
    }
    if (d->has_online)
        at = get(at, &d->online_ms, sizeof d->online_ms);
    if (flags & HAS_STATUS) {
        at = get(at, &d->status_ms, sizeof d->status_ms);
        at = get(at, &d->status_received_ms, sizeof d->status_received_ms);
        at = get(at, &d->status_id, sizeof d->status_id);
    }
    return at;
}

void device_unpack(struct device_state *d, const uint8_t *bytes)
{
    bytes = get_head(bytes, d);
    if (d->shares > d->shares_cap) {
        d->share = xreallocarray(d->share, d->shares, sizeof *d->share);
        d->shares_cap = d->shares;
    }
    if (d->sensors > d->sensors_cap) {
        d->sensor = xreallocarray(d->sensor, d->sensors, sizeof *d->sensor);
        d->sensors_cap = d->sensors;
    }
    for (unsigned i = 0; i < d->shares; i++)
        bytes = get_share(bytes, &d->share[i]);
    for (unsigned i = 0; i < d->sensors; i++)
        bytes = get_sensor(bytes, &d->sensor[i]);
}

/* --- folding where it lies -----------------------------------------------------------------------
 *
 * Most readings change some numbers and nothing of the form: those are written over, and gaps and
 * names stay where they are. What is to be written is found before anything is written. */

enum { IN_PLACE_MAX = 16 }; /* sensors that are looked through one by one */

static uint8_t *find_sensor(uint8_t *at, unsigned count, struct span name)
{
    for (unsigned i = 0; i < count; i++) {
        size_t len = at[SENSOR - 1];
        if (len == name.len && memcmp(at + SENSOR, name.p, len) == 0)
            return at;
        at += SENSOR + len;
    }
    return NULL;
}

static bool find_sensors(uint8_t *at, unsigned count, const struct reading *r,
                         uint8_t *place[IN_PLACE_MAX])
{
    bool all = count <= IN_PLACE_MAX && r->sensors <= count;
    for (unsigned i = 0; all && i < r->sensors; i++) {
        place[i] = find_sensor(at, count, r->sensor[i].name);
        all = place[i] != NULL;
    }
    return all;
}

static void fold_sensor(uint8_t *at, int64_t ts_ms, double newer)
{
    double value;
    int64_t value_ms;
    get(get(at, &value, sizeof value), &value_ms, sizeof value_ms);
    device_sensor_take(&value, &value_ms, ts_ms, newer);
    put(put(at, &value, sizeof value), &value_ms, sizeof value_ms);
}

/* One narrow share, opened. */
struct opened {
    struct device_state d; /* the head alone */
    struct device_share s; /* without gaps, but for the one that a reading may leave */
    uint8_t *share, *gaps, *sensors;
};

static bool open_share(uint8_t *bytes, struct opened *o)
{
    bool wide;
    o->share = bytes + (get_head(bytes, &o->d) - bytes);
    if (o->d.shares != 1)
        return false;
    o->gaps = o->share + (get_share_head(o->share, &o->s, &wide) - o->share);
    o->sensors = o->gaps + CADENCE_SLOTS * sizeof(uint16_t);
    return !wide;
}

enum pack_fold device_pack_fold(uint8_t *bytes, int32_t partition, int64_t offset,
                                const struct reading *r)
{
    struct opened o;
    uint8_t *place[IN_PLACE_MAX];
    if (!open_share(bytes, &o) || o.s.partition != partition)
        return PACK_UNFIT;
    uint8_t slot = o.s.cadence.next;
    if (!device_share_fold(&o.s, offset, r->ts_ms))
        return PACK_REPLAY;
    bool gained = o.s.cadence.next != slot;
    uint32_t gap_ms = gained ? o.s.cadence.gap_ms[slot] : 0;
    uint16_t gap = (uint16_t)gap_ms;
    if (gap != gap_ms || !find_sensors(o.sensors, o.d.sensors, r, place))
        return PACK_UNFIT;
    device_state_take_head(&o.d, r);
    if (head_size(&o.d) != (size_t)(o.share - bytes))
        return PACK_UNFIT;
    put_head(bytes, &o.d);
    put_share_head(o.share, &o.s, false);
    if (gained)
        put(o.gaps + slot * sizeof gap, &gap, sizeof gap);
    for (unsigned i = 0; i < r->sensors; i++)
        fold_sensor(place[i], r->ts_ms, r->sensor[i].value);
    return PACK_FOLDED;
}
